"""Uploads the files of recordings when their calls have ended, each by a form that Ringledger gives for it."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ringledger_asterisk.cel_settings import RecordingsSettings
from ringledger_asterisk.delivery import LONGEST_PAUSE, Pauses, is_final
from ringledger_asterisk.set_aside import SetAside
from ringledger_asterisk.spool import Spool
from ringledger_asterisk.web import WebFault, post, send

SECONDS = 60.0
BLOCK_BYTES = 65_536
#: The list is looked through again after this time, in seconds.
IDLE_SECONDS = 2.0
#: A file that is not there after this time since its call's end is given up, in seconds.
MISSING_SECONDS = 3_600.0
#: A recording whose end never came counts as ended after this time, in seconds.
LONGEST_CALL_SECONDS = 4 * 3_600.0
#: Uploaded files are remembered for this time, so that later events about them change nothing, in seconds.
REMEMBERED_SECONDS = 30 * 86_400.0
ATTEMPTS = 20
#: The reason of S3 for a file above the form's limit. Its other refusals can pass, with a new form.
TOO_LARGE = "EntityTooLarge"
_DUE = """
SELECT name, path, coalesce(ended, begun), attempts FROM recordings
WHERE done IS NULL AND due <= :now AND (ended <= :settled OR begun <= :longest) ORDER BY due, name LIMIT 1
"""
_HEADERS = {"Content-Type": "application/json"}

logger = logging.getLogger(__name__)


class Unusable(Exception):
    """A recording can never be uploaded. The message is the reason."""


class FileFault(Exception):
    """A file is not there yet, or still changes."""


class DueRecording(NamedTuple):
    """A recording whose call has ended at `ended`, in seconds since 1970."""

    name: str
    path: str
    ended: float
    attempts: int


class StorageForm(NamedTuple):
    """A form by which the storage takes one file of up to `limit` bytes."""

    url: str
    fields: dict[str, str]
    limit: int


class RecordingUploads:
    """The recordings that the spool has noted, and their way to Ringledger's storage."""

    def __init__(self, address: str, settings: RecordingsSettings, spool: Spool, set_aside: SetAside) -> None:
        """Upload to the storage of Ringledger, whose webhook has this `address`."""
        self._address, self._settings = f"{address}/recordings", settings
        self._spool, self._set_aside = spool, set_aside

    async def run(self, pauses: Pauses) -> None:
        """Upload until cancelled; after faults of the other side, wait for `pauses`."""
        while True:
            try:
                pause = await asyncio.to_thread(self.step)
                pauses.reset()
            except WebFault as fault:
                pause = pauses.after(fault)
                logger.warning("a recording waits: %s; next attempt in %.1f seconds", fault, pause)
            except (OSError, sqlite3.Error) as fault:
                pause = LONGEST_PAUSE
                logger.warning("the disk does not work: %s; next attempt in %g seconds", fault, pause)
            await asyncio.sleep(pause)

    def step(self) -> float:
        """Upload one recording if one is due, and return the seconds to wait for the next. Raise WebFault."""
        now = time.time()
        settled, longest = now - self._settings.settled_seconds, now - LONGEST_CALL_SECONDS
        due = self._spool.recordings(_DUE, now=now, settled=settled, longest=longest)
        if not due:
            self._spool.recordings("DELETE FROM recordings WHERE done < :past", past=now - REMEMBERED_SECONDS)
            return IDLE_SECONDS
        recording = DueRecording(*due[0])
        try:
            self._upload(recording, self._file(recording, now))
            logger.info("the recording %s is uploaded", recording.name)
        except FileFault:
            self._postpone(recording, now + self._settings.settled_seconds)
            return 0.0
        except Unusable as fault:
            self._set_aside.add(recording.path, f"a recording cannot be uploaded: {fault}")
        self._spool.recordings("UPDATE recordings SET done = :now WHERE name = :name", now=now, name=recording.name)
        return 0.0

    def _postpone(self, recording: DueRecording, due: float) -> None:
        self._spool.recordings("UPDATE recordings SET due = :due WHERE name = :name", due=due, name=recording.name)

    def _file(self, recording: DueRecording, now: float) -> Path:
        """Return the whole file of a recording. Raise FileFault while it is not there, and Unusable."""
        folder = self._settings.folder.resolve()
        path = (folder / recording.path).resolve()
        # A name comes from the dial plan, where callers may have a part in it.
        if folder not in path.parents:
            raise Unusable(f"it is not in the folder {folder}")
        found = path if path.is_file() else _converted(path)
        if found is None and now - recording.ended > MISSING_SECONDS:
            raise Unusable("there is no such file")
        if found is None or now - found.stat().st_mtime < self._settings.settled_seconds:
            raise FileFault
        return found

    def _upload(self, recording: DueRecording, file: Path) -> None:
        """Upload a file. Raise Unusable, and WebFault if another attempt may succeed."""
        size = file.stat().st_size
        try:
            form = self._form(recording.name)
        except WebFault as fault:
            raise (Unusable(str(fault)) if is_final(fault) else fault) from None
        if size > form.limit:
            raise Unusable(f"it has {size} bytes; {form.limit} are allowed")
        try:
            _send_form(form, file, size)
        except WebFault as fault:
            self._failed(recording, fault)
            raise

    def _form(self, name: str) -> StorageForm:
        answer = post("Ringledger", self._address, _HEADERS, json.dumps({"name": name}).encode(), SECONDS)
        try:
            return StorageForm(str(answer["url"]), dict(answer["fields"]), int(answer["limit"]))
        except (KeyError, TypeError, ValueError):
            raise WebFault("Ringledger answers without a form") from None

    def _failed(self, recording: DueRecording, fault: WebFault) -> None:
        """Put a recording behind the others. Raise Unusable after the last attempt."""
        if TOO_LARGE in str(fault) or (fault.status and recording.attempts + 1 >= ATTEMPTS):
            raise Unusable(str(fault)) from None
        self._spool.recordings(
            "UPDATE recordings SET attempts = attempts + 1, due = :due WHERE name = :name",
            due=time.time() + LONGEST_PAUSE,
            name=recording.name,
        )


def _converted(path: Path) -> Path | None:
    """Return the newest file of this name with another extension: MixMonitor's command may have converted it."""
    others = [other for other in path.parent.glob(f"{_escaped(path.stem)}.*") if other.is_file()]
    return max(others, key=lambda other: other.stat().st_mtime, default=None)


def _escaped(name: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)


def _send_form(form: StorageForm, file: Path, size: int) -> None:
    """Post the fields of a form and then the file, as multipart/form-data (RFC 7578). Raise WebFault."""
    border = uuid.uuid4().hex
    parts = [
        f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.fields.items()
    ]
    parts.append(f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="recording"\r\n\r\n')
    head, tail = "".join(parts).encode(), f"\r\n--{border}--\r\n".encode()
    headers = {
        "Content-Type": f"multipart/form-data; boundary={border}",
        "Content-Length": str(len(head) + size + len(tail)),
    }
    send("The storage of recordings", form.url, headers, _body(head, file, size, tail), SECONDS)


def _body(head: bytes, file: Path, size: int, tail: bytes) -> Iterator[bytes]:
    yield head
    with file.open("rb") as content:
        while size > 0:
            block = content.read(min(size, BLOCK_BYTES))
            if not block:
                raise OSError(f"{file} became shorter")
            size -= len(block)
            yield block
    yield tail
