"""Suspects: messages that came back several times without a recorded reason, so that one may kill the consumer.

An attempt is noted and committed before it begins. If the consumer dies, the note remains, and the next consumer knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.platform.postgres import Connection

#: A queue keeps a message for fourteen days.
KEPT = timedelta(days=15)

_NOTE = """
INSERT INTO ledger.suspects AS known (message_id, attempts)
SELECT id, 1 FROM unnest(%s::text[]) AS suspect (id) ORDER BY id
ON CONFLICT (message_id) DO UPDATE SET attempts = known.attempts + 1, tried_at = excluded.tried_at
RETURNING message_id, attempts
"""
_KNOWN = "SELECT message_id FROM ledger.suspects WHERE message_id = ANY (%s::text[])"
_CLEAR = "DELETE FROM ledger.suspects WHERE message_id = ANY (%s::text[])"
_DROP = "DELETE FROM ledger.suspects WHERE tried_at < %s RETURNING 1"


def known(writer: Connection, ids: Sequence[str]) -> set[str]:
    """Return those of `ids` with which an attempt began and did not end."""
    return {identity for (identity,) in writer.execute(_KNOWN, [list(ids)])}


def note(writer: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Note that an attempt begins with these messages, and return how many attempts each has had, this one included."""
    return dict(writer.execute(_NOTE, [list(ids)]))


def clear(writer: Connection, ids: Sequence[str]) -> None:
    """Forget the attempts of messages whose attempt ended."""
    writer.execute(_CLEAR, [list(ids)])


def drop(writer: Connection, now: datetime) -> int:
    """Drop the notes on messages that no queue has any more, and return how many. `now` is naive UTC."""
    return len(writer.execute(_DROP, [now - KEPT]))
