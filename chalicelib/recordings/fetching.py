"""Attempts to fetch a recording from its provider into S3, and records how each attempt ends."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from tempfile import TemporaryFile
from typing import BinaryIO
from urllib.parse import urlsplit
from uuid import UUID

from chalicelib.errors import Misconfigured, RingledgerError, Unavailable
from chalicelib.ledger.recording_facts import File
from chalicelib.platform import downloads, objects
from chalicelib.platform.downloads import DownloadFailed, DownloadRefused, Rules
from chalicelib.platform.postgres import Connection
from chalicelib.providers.telphin_client import ProviderRefused
from chalicelib.recordings import fetch_queue, recording_sources, state_changes, storages, uploaded_files
from chalicelib.recordings.audio import pages, recognition
from chalicelib.recordings.audio.content import NotARecording
from chalicelib.recordings.fetch_queue import Claim
from chalicelib.recordings.media_types import MEDIA_TYPES
from chalicelib.recordings.state_changes import Stored
from chalicelib.settings import Settings

#: Seconds from one attempt to the next; the last one also counts for all further attempts. A provider usually stores
#: the file within seconds, and within a day when it has trouble.
DELAYS = (15, 60, 300, 900, 3_600, 4 * 3_600, 12 * 3_600, 24 * 3_600)
# An attempt may last this many seconds longer than its download; then another process may claim the file.
MARGIN_SECONDS = 45

_SAFE = re.compile(r"[\w.-]{1,100}", re.ASCII)


@dataclass(frozen=True)
class AttemptOutcome:
    """The end of an attempt.

    `state` is that of the recording now, or `skipped`. Messages are due about the calls in `changed`. `delay` is the
    number of seconds until the next attempt, 0 when there is none.
    """

    state: str
    reason: str = ""
    changed: tuple[UUID, ...] = ()
    delay: int = 0


def attempt(writer: Connection, file: File, settings: Settings) -> AttemptOutcome:
    """Fetch `file` if an attempt is due, and bring its calls up to date. Raises Unavailable when PostgreSQL is away.

    Every other error becomes the outcome's reason.
    """
    claim = fetch_queue.claim(writer, file, settings.recording_seconds + MARGIN_SECONDS)
    if claim is None:
        return AttemptOutcome("skipped")
    if claim.attempt > settings.recording_attempts:
        # The last attempt left no reason: it may have ended the whole process.
        return _give_up(writer, file, f"after {settings.recording_attempts} attempts: the last one was broken off")
    try:
        stored = _fetch(writer, file, claim, settings)
    except DownloadRefused as error:
        return _give_up(writer, file, error.message)
    except (DownloadFailed, ProviderRefused, NotARecording, Unavailable, Misconfigured) as error:
        reason = _reason(error)
        if claim.attempt >= settings.recording_attempts:
            return _give_up(writer, file, f"after {claim.attempt} attempts: {reason}")
        delay = DELAYS[min(claim.attempt, len(DELAYS)) - 1]
        fetch_queue.postpone(writer, file, reason, delay)
        return AttemptOutcome("pending", reason, delay=delay)
    return _finish(writer, file, stored, settings)


def _reason(error: RingledgerError) -> str:
    """Return the error's message, and a few words about the page that came with it."""
    content = error.content if isinstance(error, DownloadFailed) else b""
    return f"{error.message}: {pages.describe(content)}" if content else error.message


def _finish(writer: Connection, file: File, stored: Stored, settings: Settings) -> AttemptOutcome:
    changed = state_changes.set_ready(writer, file, stored)
    if recording_sources.is_uploaded(settings, file):
        uploaded_files.remove(writer, settings.bucket, file)
    if not changed and not state_changes.is_shown(writer, file, stored):
        # The recording was erased while it was fetched.
        objects.delete(*storages.place(settings, stored.storage, stored.path))
        return AttemptOutcome("deleted")
    return AttemptOutcome("ready", changed=tuple(changed))


def _give_up(writer: Connection, file: File, reason: str) -> AttemptOutcome:
    return AttemptOutcome("failed", reason, tuple(state_changes.set_failed(writer, file, reason)))


def _fetch(writer: Connection, file: File, claim: Claim, settings: Settings) -> Stored:
    """Download the file to disk, check it, and store it in S3 only when all of it has come."""
    is_uploaded = recording_sources.is_uploaded(settings, file)
    with TemporaryFile() as downloaded:
        if is_uploaded:
            name = file.recording
            size = uploaded_files.fetch(writer, settings.bucket, file, downloaded, settings.recording_limit)
        else:
            name, size = _download(file, downloaded, settings)
        extension = recognition.extension(downloaded, name)
        # The names of files that a PBX uploads have their extension.
        stem = name.removesuffix(f".{extension}") if is_uploaded else file.recording
        path = _path(file._replace(recording=stem), claim, extension)
        storage = storages.configured(settings)[0]
        place = storages.place(settings, storage.code, path)
        objects.put(place.bucket, place.key, downloaded, MEDIA_TYPES[extension])
    return Stored(storage.code, path, size, claim.since + timedelta(days=settings.recording_days))


def _download(file: File, into: BinaryIO, settings: Settings) -> tuple[str, int]:
    """Download the file from its provider, and return the path in its address and its size in bytes."""
    source = recording_sources.address(settings, file)
    rules = Rules(
        settings.recording_hosts, settings.recording_limit, settings.recording_seconds, settings.recording_loopback
    )
    headers = {"Authorization": f"Bearer {source.token}"} if source.token else {}
    size = downloads.fetch(source.url, into, rules, headers)
    return urlsplit(source.url).path, size


def _path(file: File, claim: Claim, extension: str) -> str:
    """Return the path of the file in its storage. It is equal at each attempt, so that none leaves a second object."""
    folders = (_safe(file.provider), _safe(file.client), f"{claim.since:%Y/%m/%d}")
    return f"{'/'.join(folders)}/{_safe(file.recording)}.{extension}"


def _safe(word: str) -> str:
    """Return `word`, or its hash when it cannot be a part of a path."""
    fits = _SAFE.fullmatch(word) and word.strip(".")
    return word if fits else hashlib.sha256(word.encode(errors="replace")).hexdigest()[:32]
