"""One attempt to bring a recording from its provider into S3, and what follows from how it ended."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from tempfile import TemporaryFile
from urllib.parse import urlsplit
from uuid import UUID

from chalicelib import storages
from chalicelib.errors import Misconfigured, Unavailable
from chalicelib.ledger import recording_queue, recordings
from chalicelib.ledger.recording_queue import Claim
from chalicelib.ledger.recordings import File, Stored
from chalicelib.platform import downloads, objects
from chalicelib.platform.downloads import DownloadFailed, DownloadRefused, Rules
from chalicelib.platform.postgres import Connection
from chalicelib.platform.telphin import ProviderRefused
from chalicelib.recordings import sources
from chalicelib.recordings.audio import recognition
from chalicelib.recordings.audio.content import NotARecording
from chalicelib.recordings.media_types import MEDIA_TYPES
from chalicelib.settings import Settings

#: Seconds from one attempt to the next; the last counts for all that follow. A provider cuts and stores the file
#: within seconds as a rule, and within a day when it has trouble.
DELAYS = (15, 60, 300, 900, 3_600, 4 * 3_600, 12 * 3_600, 24 * 3_600)
# So much longer than a download may take, an attempt may be on; then it is somebody else's turn.
MARGIN_SECONDS = 45

_SAFE = re.compile(r"[\w.-]{1,100}", re.ASCII)


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: `changed` calls are to be told about, `delay` is until the next attempt, if any."""

    state: str
    reason: str = ""
    changed: tuple[UUID, ...] = ()
    delay: int = 0


def attempt(writer: Connection, file: File, settings: Settings) -> Outcome:
    """Fetch `file` if its turn has come, and bring its calls up to date. Raises Unavailable when the database is away.

    Whatever else goes wrong is the outcome's reason.
    """
    claim = recording_queue.claim(writer, file, settings.recording_seconds + MARGIN_SECONDS)
    if claim is None:
        return Outcome("skipped")
    if claim.attempt > settings.recording_attempts:
        # Whatever ended it left no reason: it may have taken the whole process along.
        return _given_up(writer, file, f"after {settings.recording_attempts} attempts: the last one was broken off")
    try:
        stored = _brought(file, claim, settings)
    except DownloadRefused as fault:
        return _given_up(writer, file, fault.message)
    except (DownloadFailed, ProviderRefused, NotARecording, Unavailable, Misconfigured) as fault:
        if claim.attempt >= settings.recording_attempts:
            return _given_up(writer, file, f"after {claim.attempt} attempts: {fault.message}")
        delay = DELAYS[min(claim.attempt, len(DELAYS)) - 1]
        recording_queue.postpone(writer, file, fault.message, delay)
        return Outcome("pending", fault.message, delay=delay)
    return _ready(writer, file, stored, settings)


def _ready(writer: Connection, file: File, stored: Stored, settings: Settings) -> Outcome:
    changed = recordings.settle_ready(writer, file, stored)
    if not changed and not recordings.is_shown(writer, file, stored):
        # Its calls were to be forgotten while it came.
        objects.delete(*storages.place(settings, stored.storage, stored.path))
        return Outcome("deleted")
    return Outcome("ready", changed=tuple(changed))


def _given_up(writer: Connection, file: File, reason: str) -> Outcome:
    return Outcome("failed", reason, tuple(recordings.settle_failed(writer, file, reason)))


def _brought(file: File, claim: Claim, settings: Settings) -> Stored:
    source = sources.address(settings, file)
    rules = Rules(
        settings.recording_hosts, settings.recording_limit, settings.recording_seconds, settings.recording_loopback
    )
    headers = {"Authorization": f"Bearer {source.token}"} if source.token else {}
    # On disk, not in memory: nothing of it reaches S3 before all of it has come.
    with TemporaryFile() as held:
        size = downloads.fetch(source.url, held, rules, headers)
        extension = recognition.extension(held, urlsplit(source.url).path)
        path = _path(file, claim, extension)
        storage = storages.known(settings)[0]
        place = storages.place(settings, storage.code, path)
        objects.put(place.bucket, place.key, held, MEDIA_TYPES[extension])
    return Stored(storage.code, path, size, claim.since + timedelta(days=settings.recording_days))


def _path(file: File, claim: Claim, extension: str) -> str:
    """The same at each attempt, so that one that was broken off leaves nothing behind."""
    folders = (_safe(file.provider), _safe(file.client), f"{claim.since:%Y/%m/%d}")
    return f"{'/'.join(folders)}/{_safe(file.recording)}.{extension}"


def _safe(word: str) -> str:
    fit = _SAFE.fullmatch(word) and word.strip(".")
    return word if fit else hashlib.sha256(word.encode(errors="replace")).hexdigest()[:32]
