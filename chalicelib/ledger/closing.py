"""Closes calls whose end never came, by an event of Ringledger's own: visible in their rows, and corrected later.

A call closes when its rules say that it may (`close_at`), else when its last event reaches the closing age.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.calls.events import CallKey
from chalicelib.ledger import faults, store
from chalicelib.ledger.faults import Fault
from chalicelib.platform.postgres import Connection

CALLS_AT_ONCE = 200

_DUE = """
SELECT provider, client, id, at FROM (
    SELECT provider, client, id, close_at AS at FROM ledger.calls
    WHERE open AND NOT frozen AND close_at IS NOT NULL AND close_at <= %(now)s
    UNION ALL
    SELECT provider, client, id, last_accepted_at + %(age)s FROM ledger.calls
    WHERE open AND NOT frozen AND close_at IS NULL AND last_accepted_at < %(now)s - %(age)s
) AS due
WHERE (provider, client, id) > (%(provider)s, %(client)s, %(id)s)
ORDER BY provider, client, id LIMIT %(limit)s
"""


class Closing(NamedTuple):
    """How many calls were closed, and those that failed and are set aside."""

    closed: int
    faults: list[Fault]


def close_due(writer: Connection, now: datetime, age_seconds: int) -> Closing:
    """Close every call that is due at `now`, naive UTC; the closing age is `age_seconds`.

    Each is closed as of the moment at which it became due, so that the rows do not depend on when this runs.
    Raises Unavailable and DatabaseError.
    """
    closed, failed = 0, list[Fault]()
    page = {"now": now, "age": timedelta(seconds=age_seconds), "limit": CALLS_AT_ONCE}
    last = CallKey("", "", "")
    while rows := writer.execute(_DUE, {**page, **last._asdict()}):
        due = {CallKey(*key): at for *key, at in rows}
        broken = _close(writer, due, now)
        closed += len(due) - len(broken)
        failed += broken
        last = CallKey(*rows[-1][:3])
    return Closing(closed, failed)


def _close(writer: Connection, due: Mapping[CallKey, datetime], now: datetime) -> list[Fault]:
    def work(calls: Sequence[CallKey]) -> None:
        store.close(writer, {call: due[call] for call in calls}, now)

    return faults.isolated(writer, list(due), work)[1]
