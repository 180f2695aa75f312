"""Replication runs in PostgreSQL: their window, their progress, the process that holds them, and the cursors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chalicelib.errors import RingledgerError
from chalicelib.platform.postgres import Connection, Row
from chalicelib.replication.crm_calls import Page
from chalicelib.replication.deliveries import LEASE_SECONDS
from chalicelib.replication.entering import READER

REASON_LIMIT = 300

_COUNTS = (
    "read", "left_out", "existing", "corrected", "sent", "delivered", "rejected", "retried", "uncertain", "undelivered",
    "maybe_delivered", "offered_again", "waiting",
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

_TAKE_OVER = f"""
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
UPDATE ledger.replication_runs SET read_whole = true, corrected = corrected + %s, offered_again = offered_again + %s
WHERE id = %s AND holder = %s RETURNING 1
"""

_AWAY = """
UPDATE ledger.replication_cursors
SET away_reason = %(reason)s, away_since = CASE WHEN %(reason)s <> '' THEN coalesce(away_since, now()) END
WHERE target = %(target)s AND origin = %(origin)s AND (away_reason, %(reason)s) <> ('', '')
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

# The calls before a run's window were not read by it, so a cursor before the window stays where it is.
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
    """Another process has taken over this run, because this one did not renew it in time."""

    code = "run-taken"


class RunRequest(NamedTuple):
    """The work of a run: read the source `origin` from `since` to `until`, naive UTC. Read nothing if it is empty."""

    target: str
    origin: str
    kind: str
    since: datetime
    until: datetime
    resend: bool = False


@dataclass(frozen=True)
class Run:
    """A run and its counts. `seconds` is the time spent on it. The outcome of an unfinished run is empty."""

    id: int
    request: RunRequest
    position: str
    all_read: bool
    outcome: str
    seconds: float
    counts: dict[str, int]


def begin(writer: Connection, request: RunRequest, holder: UUID) -> Run:
    """Store a new run that `holder` works on."""
    writer.execute(_CURSORS, [request.target, sorted({request.origin, READER} - {""})])
    target, origin, kind, since, until, resend = request
    values = [target, origin, kind, resend, since, until, not origin, str(holder), LEASE_SECONDS]
    return _run(writer.execute(_BEGIN, values)[0])


def take_over(
    writer: Connection, target: str, holder: UUID, number: int | None = None, excluded_sources: Sequence[str] = ()
) -> Run | None:
    """Return an interrupted run, which `holder` holds from now on: the run `number`, or the oldest one.

    Runs of `excluded_sources` are left alone. Return None if there is no such run.
    """
    rows = writer.execute(_TAKE_OVER, [str(holder), LEASE_SECONDS, target, number, number, list(excluded_sources)])
    return _run(rows[0]) if rows else None


def advance(writer: Connection, run: Run, holder: UUID, page: Page, known: Sequence[int]) -> None:
    """Store that `page` is read, in the transaction that entered it. `known` counts its existing and corrected calls.

    Raise RunTaken.
    """
    values = [page.position, page.read, page.left_out, *known, LEASE_SECONDS]
    _require_hold(writer.execute(_ADVANCE, [*values, run.id, str(holder)]))


def finish_reading(writer: Connection, run: Run, holder: UUID, corrected: int, offered_again: int) -> None:
    """Store that every page is read, with further counts. Raise RunTaken."""
    _require_hold(writer.execute(_READ_WHOLE, [corrected, offered_again, run.id, str(holder)]))
    writer.execute(_AWAY, {"reason": "", "target": run.request.target, "origin": run.request.origin})


def mark_away(writer: Connection, request: RunRequest, reason: str) -> None:
    """Store why the source of a run cannot be read. The first failure in a row keeps its time."""
    writer.execute(_AWAY, {"reason": reason[:REASON_LIMIT], "target": request.target, "origin": request.origin})


def leave_waiting(writer: Connection, run: Run, holder: UUID, count: int) -> None:
    """Store how many calls another process holds at the end of the run."""
    writer.execute(
        "UPDATE ledger.replication_runs SET waiting = %s WHERE id = %s AND holder = %s", [count, run.id, str(holder)]
    )


def keep_alive(writer: Connection, run: Run, holder: UUID, seconds: float) -> None:
    """Renew the hold on the run, and add the seconds spent since the last renewal. Raise RunTaken."""
    _require_hold(writer.execute(_ALIVE, [LEASE_SECONDS, seconds, run.id, str(holder)]))


def leave(writer: Connection, run: Run, holder: UUID, seconds: float, outcome: str) -> None:
    """End the run with this outcome. With an empty outcome it is put aside, and any process may take it over."""
    writer.execute(_LEAVE, [seconds, outcome, bool(outcome), run.id, str(holder)])


def move_cursor(writer: Connection, request: RunRequest) -> None:
    """Move the cursor of the source up to the first call that the CRM has not answered for."""
    writer.execute(_MOVE_CURSOR, request._asdict())


def cursor(writer: Connection, target: str, origin: str) -> datetime | None:
    """Return the time up to which the CRM has answered for every call: naive UTC, None before the first full run."""
    rows = writer.execute(_CURSOR, [target, origin])
    return rows[0][0] if rows else None


def summary(writer: Connection, number: int) -> Run:
    """Return the current state of a run."""
    return _run(writer.execute(_SUMMARY, [number])[0])


def _run(row: Row) -> Run:
    number, target, origin, kind, resend, since, until, position, all_read, outcome, seconds, *counts = row
    request = RunRequest(target, origin, kind, since, until, resend)
    return Run(number, request, position, all_read, outcome, seconds, dict(zip(_COUNTS, counts, strict=True)))


def _require_hold(rows: list[Row]) -> None:
    if not rows:
        raise RunTaken
