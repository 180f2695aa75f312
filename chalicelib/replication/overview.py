"""What an operator sees of the replication: how far each CRM is, its latest runs, and the rows that need a look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.platform.postgres import Connection
from chalicelib.replication.deliveries import READER

#: What can be listed.
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


class Target(NamedTuple):
    """The rows of a CRM, by state."""

    target: str
    pending: int
    delivered: int
    rejected: int
    corrected: int


class Cursor(NamedTuple):
    """Until when a CRM has answered for all that a source had; naive UTC, None before the first whole reading."""

    target: str
    source: str
    acknowledged: datetime | None


class Told(NamedTuple):
    """A run as it is listed."""

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


class Listed(NamedTuple):
    """A row of the ledger that an operator may want to know of; `initiated` is naive UTC."""

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


def targets(owner: Connection) -> list[Target]:
    """Every CRM that was ever told of a call."""
    return [Target(*row) for row in owner.execute(_TARGETS)]


def cursors(owner: Connection) -> list[Cursor]:
    """The cursor of each source."""
    return [Cursor(*row) for row in owner.execute(_CURSORS, [READER])]


def latest(owner: Connection, limit: int) -> Sequence[Told]:
    """The latest runs, the newest first."""
    return [Told(*row) for row in owner.execute(_RUNS, [limit])]


def listing(owner: Connection, state: str, limit: int) -> list[Listed]:
    """The rows of one of STATES, the latest calls first."""
    return [Listed(*row) for row in owner.execute(_ROWS, {"state": state, "limit": limit})]
