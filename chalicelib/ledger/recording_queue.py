"""Files that are still to be fetched: the queue that carries them, and whose turn it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.errors import InvalidRequest
from chalicelib.ledger.recordings import File
from chalicelib.platform import queues
from chalicelib.platform.postgres import Connection

VERSION = 1
AT_ONCE = 1_000

# The next attempt is put off while this one lasts, so that a second message of the same file finds nothing to do.
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
    """A file that is ours to fetch now: the number of this attempt, and since when it is wanted, naive UTC."""

    attempt: int
    since: datetime


def send(queue_url: str, files: Sequence[File], delay: int = 0) -> None:
    """Queue `files`, to arrive after `delay` seconds (900 at most). Raises Unavailable."""
    messages = [json.dumps({"version": VERSION, **file._asdict()}) for file in dict.fromkeys(files)]
    queues.send_all(queue_url, messages, delay)


def read(text: str) -> File:
    """The file that a message names. Raises InvalidRequest when it names none."""
    try:
        said = json.loads(text)
        return File(*(_storable(str(said[name])) for name in File._fields))
    except (ValueError, TypeError, LookupError):
        raise InvalidRequest("The message names no recording") from None


def _storable(text: str) -> str:
    """The same text, if PostgreSQL has such a one. Raises ValueError for NUL and lone surrogates."""
    if b"\0" in text.encode():
        raise ValueError("NUL is no character of PostgreSQL's")
    return text


def claim(writer: Connection, file: File, seconds: float) -> Claim | None:
    """Take the file's turn for `seconds`, or None when it is fetched, given up, not due, or somebody else's by now."""
    rows = writer.execute(_CLAIM, [seconds, *file])
    return Claim(max(row[0] for row in rows), min(row[1] for row in rows)) if rows else None


def postpone(writer: Connection, file: File, reason: str, seconds: float) -> None:
    """Let the file come again after `seconds`; `reason` says why it did not come now."""
    writer.execute(_POSTPONE, [reason, seconds, *file])


def overdue(writer: Connection, seconds: float) -> list[File]:
    """Files whose turn was `seconds` ago or earlier: their messages were lost, or they wait longer than SQS can."""
    return [File(*row) for row in writer.execute(_OVERDUE, [seconds, AT_ONCE])]
