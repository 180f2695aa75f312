"""The queue `recordings`: one message for each file that is to be fetched, and the turn of each attempt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib import texts
from chalicelib.errors import InvalidRequest
from chalicelib.ledger.recording_facts import File
from chalicelib.platform import queues
from chalicelib.platform.postgres import Connection
from chalicelib.settings import Settings

#: The version of the message's format.
VERSION = 1
OVERDUE_LIMIT = 1_000
#: A message that is on its way is not sent again before this many seconds.
OVERDUE_SECONDS = 600

# The next attempt is put off while this one lasts, so that a second message for the file has nothing to do.
_CLAIM = """
UPDATE ledger.recordings SET attempts = attempts + 1, due_at = now() + %s * interval '1 second'
WHERE provider = %s AND client = %s AND recording = %s AND recording <> '' AND state = 'pending'
    AND due_at <= now() + interval '1 second'
RETURNING attempts, created_at AT TIME ZONE 'UTC'
"""
_POSTPONE = """
UPDATE ledger.recordings SET reason = %s, due_at = now() + %s * interval '1 second', changed_at = now()
WHERE provider = %s AND client = %s AND recording = %s AND state = 'pending'
"""
_OVERDUE = """
SELECT DISTINCT provider, client, recording FROM ledger.recordings
WHERE state = 'pending' AND due_at < now() - %s * interval '1 second'
ORDER BY provider, client, recording LIMIT %s
"""


class Claim(NamedTuple):
    """The right to fetch a file now: the number of the attempt, from 1, and when the call was stored, naive UTC."""

    attempt: int
    since: datetime


def send(queue_url: str, files: Sequence[File], delay: int = 0) -> None:
    """Queue `files`, to arrive after `delay` seconds (900 at most). Raises Unavailable."""
    messages = [json.dumps({"version": VERSION, **file._asdict()}) for file in dict.fromkeys(files)]
    queues.send_all(queue_url, messages, delay)


def send_overdue(writer: Connection, settings: Settings) -> int:
    """Queue the files whose message was lost or had to wait longer than SQS can hold it; return their number.

    Raises Unavailable.
    """
    if not settings.recordings_queue_url:
        return 0
    files = [File(*row) for row in writer.execute(_OVERDUE, [OVERDUE_SECONDS, OVERDUE_LIMIT])]
    send(settings.recordings_queue_url, files)
    return len(files)


def read(message: str) -> File:
    """Return the file that a message names. Raises InvalidRequest when it names none."""
    try:
        fields = json.loads(message)
        return File(*(_checked(str(fields[name])) for name in File._fields))
    except (ValueError, TypeError, LookupError):
        raise InvalidRequest("The message names no recording") from None


def _checked(text: str) -> str:
    if texts.storable(text) != text:
        raise ValueError("PostgreSQL cannot store this text")
    return text


def claim(writer: Connection, file: File, seconds: float) -> Claim | None:
    """Claim the file for `seconds`. Return None when it is not pending, not due, or claimed by another process."""
    rows = writer.execute(_CLAIM, [seconds, *file])
    return Claim(max(row[0] for row in rows), min(row[1] for row in rows)) if rows else None


def postpone(writer: Connection, file: File, reason: str, seconds: float) -> None:
    """Schedule the next attempt in `seconds`; `reason` is why this one failed."""
    writer.execute(_POSTPONE, [reason, seconds, *file])
