"""Reports for the operator: the progress of each CRM, its latest runs, and the calls that need attention."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.platform.postgres import Connection
from chalicelib.replication.entering import READER

#: The states that `replication list` shows. `differs` are calls of which the CRM has another version.
STATES = ("rejected", "maybe_delivered", "pending", "differs", "delivered", "withdrawn")

_TARGETS = """
SELECT target, count(*) FILTER (WHERE state = 'pending'),
    count(*) FILTER (WHERE state = 'pending' AND claimed_until > now()),
    count(*) FILTER (WHERE state = 'delivered'), count(*) FILTER (WHERE state = 'rejected'),
    count(*) FILTER (WHERE state = 'maybe_delivered'), count(*) FILTER (WHERE correction <> '' AND state <> 'withdrawn')
FROM ledger.replication GROUP BY target ORDER BY target
"""

_CURSORS = """
SELECT target, origin, acknowledged, away_since AT TIME ZONE 'UTC', away_reason
FROM ledger.replication_cursors WHERE origin <> %s ORDER BY target, origin
"""

_RUNS = """
SELECT id, target, origin, kind, started_at, read, existing, sent, delivered, rejected, maybe_delivered,
    undelivered + waiting, retried, uncertain, seconds,
    CASE WHEN outcome <> '' THEN outcome WHEN alive_until > now() THEN 'running' ELSE 'to be continued' END
FROM ledger.replication_runs ORDER BY id DESC LIMIT %s
"""

# Calls that failed come before those that were never tried.
_ROWS = """
SELECT id, target, initiated, source, destination, duration, state, attempts,
    CASE WHEN %(state)s = 'differs' THEN correction ELSE reason END, reference
FROM ledger.replication
WHERE (%(state)s = 'differs' AND correction <> '' AND state <> 'withdrawn' OR state = %(state)s)
    AND (%(target)s = '' OR target = %(target)s)
    AND initiated >= coalesce(%(since)s::timestamp, '-infinity')
    AND initiated < coalesce(%(until)s::timestamp, 'infinity')
ORDER BY reason = '' AND correction = '', initiated DESC, id DESC LIMIT %(limit)s
"""


class CallFilter(NamedTuple):
    """The calls to list: in one of STATES, of one CRM or all, between two times in naive UTC where they are given."""

    state: str = STATES[0]
    target: str = ""
    since: datetime | None = None
    until: datetime | None = None


class TargetCounts(NamedTuple):
    """The number of calls of one CRM in each state. `held` are pending calls that some process holds now."""

    target: str
    pending: int
    held: int
    delivered: int
    rejected: int
    maybe_delivered: int
    differs: int


class Cursor(NamedTuple):
    """The time up to which a CRM has answered for every call of a source: naive UTC, None before the first full run.

    `away_reason` says why the source cannot be read, since `away_since`; it is empty if the last attempt succeeded.
    """

    target: str
    source: str
    acknowledged: datetime | None
    away_since: datetime | None
    away_reason: str


class RunLine(NamedTuple):
    """One run in the report. `started_at` is UTC."""

    id: int
    target: str
    source: str
    kind: str
    started_at: datetime
    read: int
    existing: int
    sent: int
    delivered: int
    rejected: int
    maybe_delivered: int
    undelivered: int
    retried: int
    uncertain: int
    seconds: float
    outcome: str


class CallLine(NamedTuple):
    """One call in the list. `initiated` is naive UTC, `duration` is in seconds."""

    id: int
    target: str
    initiated: datetime
    source: str
    destination: str
    duration: int
    state: str
    attempts: int
    reason: str
    reference: str


def targets(owner: Connection) -> list[TargetCounts]:
    """Return the counts of every CRM that calls were meant for."""
    return [TargetCounts(*row) for row in owner.execute(_TARGETS)]


def cursors(owner: Connection) -> list[Cursor]:
    """Return the cursor of each source."""
    return [Cursor(*row) for row in owner.execute(_CURSORS, [READER])]


def latest(owner: Connection, limit: int) -> Sequence[RunLine]:
    """Return the latest runs, the newest first."""
    return [RunLine(*row) for row in owner.execute(_RUNS, [limit])]


def listing(owner: Connection, chosen: CallFilter, limit: int) -> list[CallLine]:
    """Return the chosen calls: those with a reason first, then the latest."""
    return [CallLine(*row) for row in owner.execute(_ROWS, {**chosen._asdict(), "limit": limit})]
