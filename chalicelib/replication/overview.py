"""Reports for the operator: the progress of each CRM, its latest runs, and the calls that need attention."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.platform.postgres import Connection
from chalicelib.replication.deliveries import READER

#: The states that `replication list` shows.
STATES = ("rejected", "pending", "corrected")

_TARGETS = """
SELECT target, count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'delivered'),
    count(*) FILTER (WHERE state = 'rejected'), count(*) FILTER (WHERE correction <> '')
FROM ledger.replication GROUP BY target ORDER BY target
"""

_CURSORS = """
SELECT target, origin, acknowledged FROM ledger.replication_cursors WHERE origin <> %s ORDER BY target, origin
"""

_RUNS = """
SELECT id, target, origin, kind, started_at, read, existing, sent, delivered, rejected, retried, uncertain, seconds,
    CASE WHEN outcome <> '' THEN outcome WHEN alive_until > now() THEN 'running' ELSE 'to be continued' END
FROM ledger.replication_runs ORDER BY id DESC LIMIT %s
"""

_ROWS = """
SELECT id, target, initiated, source, destination, duration, state, attempts,
    CASE WHEN %(state)s = 'corrected' THEN correction ELSE reason END, reference
FROM ledger.replication
WHERE (%(state)s = 'corrected' AND correction <> '' OR state = %(state)s)
ORDER BY initiated DESC LIMIT %(limit)s
"""


class TargetCounts(NamedTuple):
    """The number of calls of one CRM in each state."""

    target: str
    pending: int
    delivered: int
    rejected: int
    corrected: int


class Cursor(NamedTuple):
    """The time up to which a CRM has answered for every call of a source: naive UTC, None before the first full run."""

    target: str
    source: str
    acknowledged: datetime | None


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


def listing(owner: Connection, state: str, limit: int) -> list[CallLine]:
    """Return the calls in one of STATES, the latest calls first."""
    return [CallLine(*row) for row in owner.execute(_ROWS, {"state": state, "limit": limit})]
