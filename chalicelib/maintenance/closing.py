"""Closes calls whose end never came, by an event of our own: visible in their rows, and corrected by a late hang-up."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.calls.events import CallKey
from chalicelib.ledger import store
from chalicelib.platform.postgres import Connection

CALLS_AT_ONCE = 200

_OVERDUE = """
SELECT provider, client, id, last_accepted_at FROM ledger.calls
WHERE open AND NOT frozen AND last_accepted_at < %s
ORDER BY last_accepted_at LIMIT %s
"""


def close_overdue(writer: Connection, now: datetime, age_seconds: int) -> int:
    """Close every call that nothing was heard of for `age_seconds` before `now`, naive UTC; answers how many.

    Each is closed as of the moment at which it became overdue, so that it matters not when this runs.
    """
    age = timedelta(seconds=age_seconds)
    closed = 0
    while rows := writer.execute(_OVERDUE, [now - age, CALLS_AT_ONCE]):
        store.close(writer, {CallKey(*key): last + age for *key, last in rows}, now)
        closed += len(rows)
    return closed
