"""Runs: what each is to read, how far it has come, who works on it, and the cursor that it leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chalicelib.errors import RingledgerError
from chalicelib.platform.postgres import Connection, Row
from chalicelib.replication.crm_calls import Page
from chalicelib.replication.deliveries import LEASE_SECONDS, READER

_COUNTS = (
    "read", "left_out", "existing", "corrected", "sent", "delivered", "rejected", "retried", "uncertain", "undelivered",
)  # fmt: skip
_COLUMNS = (
    f"id, target, origin, kind, resend, since, until, position, read_whole, outcome, seconds, {', '.join(_COUNTS)}"
)

_CURSORS = """
INSERT INTO ledger.replication_cursors (target, origin) SELECT %s, unnest(%s)
ON CONFLICT (target, origin) DO NOTHING
"""

_BEGIN = f"""
INSERT INTO ledger.replication_runs (target, origin, kind, resend, since, until, read_whole, holder, alive_until)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, now() + %s * interval '1 second')
RETURNING {_COLUMNS}
"""  # noqa: S608 - a constant of this module

_TAKE_UP = f"""
UPDATE ledger.replication_runs SET holder = %s, alive_until = now() + %s * interval '1 second'
WHERE id = (
    SELECT id FROM ledger.replication_runs
    WHERE target = %s AND ended_at IS NULL AND alive_until <= now() AND (%s IS NULL OR id = %s) AND origin <> ALL (%s)
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING {_COLUMNS}
"""  # noqa: S608 - as above

_ADVANCE = """
UPDATE ledger.replication_runs
SET position = %s, read = read + %s, left_out = left_out + %s, existing = existing + %s, corrected = corrected + %s,
    alive_until = now() + %s * interval '1 second'
WHERE id = %s AND holder = %s RETURNING 1
"""

_READ_WHOLE = """
UPDATE ledger.replication_runs SET read_whole = true, corrected = corrected + %s
WHERE id = %s AND holder = %s RETURNING 1
"""

_ALIVE = """
UPDATE ledger.replication_runs SET alive_until = now() + %s * interval '1 second', seconds = seconds + %s
WHERE id = %s AND holder = %s RETURNING 1
"""

_LEAVE = """
UPDATE ledger.replication_runs
SET alive_until = now(), seconds = seconds + %s, outcome = %s, ended_at = CASE WHEN %s THEN now() END
WHERE id = %s AND holder = %s
"""

# Calls that a run has not read lie before its window; so a cursor that is older than that stays where it is.
_MOVE_CURSOR = """
UPDATE ledger.replication_cursors AS cursor
SET acknowledged = least(greatest(cursor.acknowledged, %(until)s), (
    SELECT min(initiated) FROM ledger.replication
    WHERE target = %(target)s AND origin = %(origin)s AND state = 'pending'
))
WHERE target = %(target)s AND origin = %(origin)s
    AND (cursor.acknowledged IS NULL OR cursor.acknowledged >= %(since)s)
"""

_CURSOR = "SELECT acknowledged FROM ledger.replication_cursors WHERE target = %s AND origin = %s"

_SUMMARY = f"SELECT {_COLUMNS} FROM ledger.replication_runs WHERE id = %s"  # noqa: S608 - as above


class RunTaken(RingledgerError):
    """Another process has taken this run up, since nothing was heard from this one; it leaves the run to that."""

    code = "run-taken"


class RunRequest(NamedTuple):
    """What a run is to do: read `origin` from `since` up to `until`, both naive UTC, or nothing when that is empty."""

    target: str
    origin: str
    kind: str
    since: datetime
    until: datetime
    resend: bool = False


@dataclass(frozen=True)
class Run:
    """A run as it stands, with its counts; times are naive UTC, `seconds` are those that it was worked on."""

    id: int
    order: RunRequest
    position: str
    read_whole: bool
    outcome: str
    seconds: float
    counts: dict[str, int]


def begin(writer: Connection, order: RunRequest, holder: UUID) -> Run:
    """Write down a new run."""
    writer.execute(_CURSORS, [order.target, sorted({order.origin, READER} - {""})])
    facts = (order.target, order.origin, order.kind, order.resend, order.since, order.until, not order.origin)
    return _run(writer.execute(_BEGIN, [*facts, str(holder), LEASE_SECONDS])[0])


def take_up(
    writer: Connection, target: str, holder: UUID, number: int | None = None, besides: Sequence[str] = ()
) -> Run | None:
    """A run that was cut off or put aside, number `number` or the oldest, for this holder from now on.

    None of the sources `besides`.
    """
    rows = writer.execute(_TAKE_UP, [str(holder), LEASE_SECONDS, target, number, number, list(besides)])
    return _run(rows[0]) if rows else None


def advance(writer: Connection, run: Run, holder: UUID, page: Page, known: Sequence[int]) -> None:
    """Write down, in the transaction that took `page`, that it is through; `known` are its existing and corrected.

    Raises RunTaken.
    """
    facts = [page.position, page.read, page.left_out, *known, LEASE_SECONDS]
    _must(writer.execute(_ADVANCE, [*facts, run.id, str(holder)]))


def finish_reading(writer: Connection, run: Run, holder: UUID, corrected: int) -> None:
    """Write down that nothing is left to read. Raises RunTaken."""
    _must(writer.execute(_READ_WHOLE, [corrected, run.id, str(holder)]))


def keep_alive(writer: Connection, run: Run, holder: UUID, seconds: float) -> None:
    """Say that the run is still worked on, and for how long since it was said last. Raises RunTaken."""
    _must(writer.execute(_ALIVE, [LEASE_SECONDS, seconds, run.id, str(holder)]))


def leave(writer: Connection, run: Run, holder: UUID, seconds: float, outcome: str) -> None:
    """End the run with this outcome; without one it is put aside for whoever takes it up."""
    writer.execute(_LEAVE, [seconds, outcome, bool(outcome), run.id, str(holder)])


def move_cursor(writer: Connection, order: RunRequest) -> None:
    """Move the cursor of what was read up to the first call that the CRM has not answered for."""
    given = {"target": order.target, "origin": order.origin, "since": order.since, "until": order.until}
    writer.execute(_MOVE_CURSOR, given)


def cursor(writer: Connection, target: str, origin: str) -> datetime | None:
    """Until when the CRM has answered for everything, naive UTC; None before the first whole reading."""
    rows = writer.execute(_CURSOR, [target, origin])
    return rows[0][0] if rows else None


def summary(writer: Connection, number: int) -> Run:
    """The run as it stands now."""
    return _run(writer.execute(_SUMMARY, [number])[0])


def _run(row: Row) -> Run:
    number, target, origin, kind, resend, since, until, position, read_whole, outcome, seconds, *counts = row
    order = RunRequest(target, origin, kind, since, until, resend)
    return Run(number, order, position, read_whole, outcome, seconds, dict(zip(_COUNTS, counts, strict=True)))


def _must(rows: list[Row]) -> None:
    if not rows:
        raise RunTaken
