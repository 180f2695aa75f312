"""Corrections in PostgreSQL: the hold on some days of a CRM, and the rows whose calls were deleted there.

Rules of this file:
  - under a hold, no run claims a call of the day or of its neighbours;
  - a call is pending before the CRM is asked to delete it, so that whatever breaks off later, a run offers it again;
  - only a confirmed deletion removes what the ledger knows about the CRM's former version.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from chalicelib.errors import RingledgerError
from chalicelib.nimbox.client import DeletionVerdict
from chalicelib.platform.postgres import Connection
from chalicelib.replication.deliveries import IS_VERSION, SENT_AT
from chalicelib.replication.entering import GONE

#: Characters of a CRM's refusal that are kept.
REASON_LIMIT = 1_000
#: A hold that is not ended lasts as long, in seconds: a deletion whose answer was lost may still be at work.
HOLD_SECONDS = 900

# It waits for every statement that is claiming rows now. Later ones see the hold.
_LOCK = "LOCK TABLE ledger.replication IN SHARE ROW EXCLUSIVE MODE"

_OTHER_HOLD = """
SELECT max(held_until) AT TIME ZONE 'UTC' FROM ledger.replication_corrections
WHERE target = %s AND held_until > now()
"""

_HOLD = """
WITH former AS (
    UPDATE ledger.replication_corrections SET ended_at = now(), outcome = 'repeated'
    WHERE target = %(target)s AND day = %(day)s AND ended_at IS NULL
)
INSERT INTO ledger.replication_corrections (target, day, since, until, holder, held_until)
VALUES (%(target)s, %(day)s, %(since)s, %(until)s, %(holder)s, now() + %(seconds)s * interval '1 second')
RETURNING id
"""

# The index begins with `initiated`. An adopted call may have been sent under a time that is some hours away.
_ROWS = """
    SELECT id, {sent_at} >= %(begin)s AND {sent_at} < %(end)s AS is_due,
        correction = %(gone)s OR present IS NOT NULL AND NOT {is_version} AS is_stale
    FROM ledger.replication AS row
    WHERE target = %(target)s AND state IN ('pending', 'delivered', 'maybe_delivered')
        AND initiated >= %(since)s - interval '2 days' AND initiated < %(until)s + interval '2 days'
        AND {sent_at} >= %(since)s AND {sent_at} < %(until)s
""".replace("{is_version}", IS_VERSION).replace("{sent_at}", SENT_AT)

_COUNT = f"""
SELECT count(*) FILTER (WHERE is_due AND has_it), count(*) FILTER (WHERE is_due AND has_it AND is_different),
    count(*) FILTER (WHERE is_due AND is_stale), count(*) FILTER (WHERE NOT is_due AND NOT is_stale)
FROM ({_ROWS}) AS chosen JOIN (
    SELECT id, state <> 'pending' OR phonecall_id <> '' AS has_it, correction <> '' AS is_different
    FROM ledger.replication
) AS facts USING (id)
"""  # noqa: S608 - constants of this module

_IN_FLIGHT = f"""
SELECT count(*) FROM ({_ROWS}) AS chosen JOIN ledger.replication AS row USING (id) WHERE claimed_until > now()
"""  # noqa: S608 - as above

_RENEW = """
UPDATE ledger.replication_corrections SET held_until = now() + %s * interval '1 second', known = %s
WHERE id = %s AND holder = %s AND held_until > now() RETURNING 1
"""

# A call with another key now is created under it, before its former version is deleted.
_ADD_MOVED = f"""
INSERT INTO ledger.replication AS known (target, origin, initiated, source, destination, duration, url, reference)
SELECT DISTINCT ON (present ->> 'initiated', present ->> 'source', present ->> 'destination')
    target, origin, (present ->> 'initiated')::timestamp, present ->> 'source', present ->> 'destination',
    (present ->> 'duration')::integer, present ->> 'url', reference
FROM ledger.replication JOIN ({_ROWS}) AS chosen USING (id) WHERE is_due AND is_stale AND present IS NOT NULL
ORDER BY present ->> 'initiated', present ->> 'source', present ->> 'destination', id
ON CONFLICT (target, initiated, source, destination) DO UPDATE
SET state = 'pending', tried_by = NULL, reason = '', duration = excluded.duration, url = excluded.url,
    reference = excluded.reference
WHERE known.state = 'withdrawn'
"""  # noqa: S608 - as above

# A process whose claim has expired can settle nothing any more.
_MAKE_PENDING = f"""
UPDATE ledger.replication AS row
SET state = 'pending', tried_by = NULL, doubtful = doubtful OR claimed_by IS NOT NULL, claimed_by = NULL,
    claimed_until = NULL
FROM ({_ROWS}) AS chosen WHERE row.id = chosen.id AND NOT is_stale
"""  # noqa: S608 - as above

_END = """
UPDATE ledger.replication_corrections
SET outcome = %s, deleted = %s, reason = %s, held_until = now(), ended_at = now()
WHERE id = %s AND holder = %s AND held_until > now() RETURNING 1
"""

# The CRM has none of these calls, so that each is as it is now, or is not sent again.
_FORGET_FORMER = f"""
UPDATE ledger.replication AS row
SET state = CASE WHEN is_stale THEN 'withdrawn' ELSE row.state END,
    reason = CASE WHEN is_stale THEN 'deleted at the CRM by a correction' ELSE reason END,
    duration = CASE WHEN is_stale OR present IS NULL THEN duration ELSE (present ->> 'duration')::integer END,
    url = CASE WHEN is_stale OR present IS NULL THEN url ELSE present ->> 'url' END,
    correction = '', present = NULL, contact_id = '', phonecall_id = '', doubtful = false
FROM ({_ROWS}) AS chosen WHERE row.id = chosen.id AND is_due
"""  # noqa: S608 - as above

_UNFINISHED = """
SELECT target, day, held_until AT TIME ZONE 'UTC', held_until > now() FROM ledger.replication_corrections
WHERE ended_at IS NULL ORDER BY target, day
"""

_LATEST = """
SELECT target, day, CASE
    WHEN outcome = 'deleted' THEN 'corrected' WHEN outcome <> '' THEN outcome
    WHEN held_until > now() THEN 'at-work' ELSE 'broke-off'
END, known, deleted, started_at AT TIME ZONE 'UTC', ended_at AT TIME ZONE 'UTC', reason
FROM ledger.replication_corrections ORDER BY id DESC LIMIT %s
"""


class DaysHeld(RingledgerError):
    """Another correction holds days of this CRM."""

    code = "days-held"
    status = 409


class CorrectedDay(NamedTuple):
    """A day of a CRM. It lasts from `begin` to `end`, and with its neighbours from `since` to `until`, in naive UTC."""

    target: str
    day: date
    since: datetime
    begin: datetime
    end: datetime
    until: datetime


class Hold(NamedTuple):
    """A correction that this process works on."""

    id: int
    holder: UUID
    day: CorrectedDay


class DayCounts(NamedTuple):
    """The calls of a day that the CRM has by the ledger: all, those that differ, and those that are to disappear.

    `around` are the calls of the days before and after, which are offered again, too.
    """

    known: int
    differing: int
    stale: int
    around: int


class UnfinishedCorrection(NamedTuple):
    """A correction that broke off, or is at work. Its days are held until then, naive UTC, if `is_held`."""

    target: str
    day: date
    held_until: datetime
    is_held: bool


class CorrectionLine(NamedTuple):
    """A correction in a list: `corrected`, `refused`, `repeated` by a later one, `at-work` or `broke-off`. UTC.

    `known` are the calls of the day that the CRM had by the ledger, `deleted` those that it says it has deleted.
    """

    target: str
    day: date
    state: str
    known: int | None
    deleted: int | None
    started_at: datetime
    ended_at: datetime | None
    reason: str


def corrected_day(target: str, day: date, zone: ZoneInfo) -> CorrectedDay:
    """Return the borders of a day and of its neighbours in this time zone."""
    midnights = [
        datetime.combine(day + timedelta(days=number), time(), zone).astimezone(UTC).replace(tzinfo=None)
        for number in (-1, 0, 1, 2)
    ]
    return CorrectedDay(target, day, *midnights)


def count(writer: Connection, day: CorrectedDay) -> DayCounts:
    """Return what the ledger knows about a day."""
    return DayCounts(*writer.execute(_COUNT, _facts(day))[0])


def hold(writer: Connection, day: CorrectedDay, holder: UUID) -> Hold:
    """Keep the calls of a day and its neighbours from being sent. Raise DaysHeld if there is another hold."""
    with writer.transaction():
        writer.execute(_LOCK)
        ((until,),) = writer.execute(_OTHER_HOLD, [day.target])
        if until:
            raise DaysHeld(
                f"Another correction holds days of {day.target} until {until:%H:%M:%S} UTC: it is at work, or it broke"
                " off and its deletion may still be at work at the CRM. Repeat the command after that time"
            )
        values = {**_facts(day), "holder": str(holder), "seconds": HOLD_SECONDS}
        return Hold(writer.execute(_HOLD, values)[0][0], holder, day)


def in_flight(writer: Connection, day: CorrectedDay) -> int:
    """Return how many calls of a day and its neighbours a process is sending now, or held when it died."""
    return int(writer.execute(_IN_FLIGHT, _facts(day))[0][0])


def make_pending(writer: Connection, held: Hold) -> DayCounts | None:
    """Make the calls of the day and its neighbours pending, and renew the hold. Return None if it has expired."""
    with writer.transaction():
        counts = count(writer, held.day)
        values = [HOLD_SECONDS, counts.known, held.id, str(held.holder)]
        if not writer.execute(_RENEW, values):
            return None
        writer.execute(_ADD_MOVED, _facts(held.day))
        writer.execute(_MAKE_PENDING, _facts(held.day))
    return counts


def end(writer: Connection, held: Hold, verdict: DeletionVerdict) -> bool:
    """End the hold with the CRM's verdict, `deleted` or `refused`. Return False if it has expired before."""
    with writer.transaction():
        if not writer.execute(
            _END, [verdict.state, verdict.deleted, verdict.reason[:REASON_LIMIT], held.id, str(held.holder)]
        ):
            # Other runs may have delivered calls before the deletion.
            writer.execute(_MAKE_PENDING, _facts(held.day))
            return False
        if verdict.state == "deleted":
            writer.execute(_FORGET_FORMER, _facts(held.day))
    return True


def unfinished(owner: Connection) -> list[UnfinishedCorrection]:
    """Return the corrections that are at work or broke off."""
    return [UnfinishedCorrection(*row) for row in owner.execute(_UNFINISHED)]


def latest(owner: Connection, limit: int) -> list[CorrectionLine]:
    """Return the latest corrections, the newest first."""
    return [CorrectionLine(*row) for row in owner.execute(_LATEST, [limit])]


def _facts(day: CorrectedDay) -> dict[str, object]:
    return {**day._asdict(), "gone": GONE}
