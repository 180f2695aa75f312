"""The ledger of deliveries to a CRM: calls enter as pending, are claimed and sent, and are settled by the answer.

Rules of this file:
  - a row is sent only under a claim. A claim names its holder, and expires if the holder dies;
  - claims are taken with SKIP LOCKED, so that two runs never wait for the same row or send it;
  - claims use the clock of the database, which is the same for every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chalicelib.nimbox.client import Verdict
from chalicelib.platform.postgres import Connection
from chalicelib.replication.crm_calls import Record

#: The duration of a claim that is not renewed, in seconds.
LEASE_SECONDS = 60
#: A process that reads for a target locks this row of ledger.replication_cursors.
READER = "reader"

# The row exists since the run began.
_LOCK = "SELECT FROM ledger.replication_cursors WHERE target = %s AND origin = %s FOR UPDATE"

# Two references under one key are one call to the CRM, and the first one counts. A call whose key has changed is found
# by its reference, which is unique only among our own calls.
_ENTER = """
WITH given AS MATERIALIZED (
    SELECT DISTINCT ON (initiated, source, destination) *
    FROM unnest(%(initiated)s::timestamp[], %(source)s::text[], %(destination)s::text[], %(duration)s::integer[],
        %(url)s::text[], %(reference)s::text[])
        WITH ORDINALITY AS given (initiated, source, destination, duration, url, reference, place)
    ORDER BY initiated, source, destination, place
),
met AS MATERIALIZED (
    SELECT given.*, known.id, known.state, known.claimed_until > now() AS claimed, known.doubtful,
        known.reference = given.reference AS same, known.correction AS known_correction,
        concat_ws(', ',
            CASE WHEN known.duration <> given.duration
                THEN format('duration %%s, was %%s', given.duration, known.duration) END,
            CASE WHEN known.url <> '' AND given.url = '' THEN 'no recording'
                WHEN known.url = '' AND given.url <> '' THEN 'a recording' END
        ) AS correction
    FROM given LEFT JOIN ledger.replication AS known
        ON known.target = %(target)s AND known.initiated = given.initiated
        AND known.source = given.source AND known.destination = given.destination
),
elder AS MATERIALIZED (
    -- A constant array: PostgreSQL hashes it, even if the table has no statistics yet.
    SELECT DISTINCT ON (reference) id AS old_id, reference, state AS old_state,
        coalesce(claimed_until > now(), false) OR doubtful AS uncertain
    FROM ledger.replication
    WHERE reference = ANY (%(reference)s) AND reference <> '' AND target = %(target)s AND origin = %(origin)s
        AND %(unique)s
    ORDER BY reference, id
),
moved AS MATERIALIZED (
    SELECT DISTINCT ON (old_id) met.*, old_id, old_state, uncertain
    FROM met JOIN elder USING (reference) WHERE met.id IS NULL
    ORDER BY old_id, met.place
),
corrected AS (
    UPDATE ledger.replication AS row SET correction = change.correction
    FROM (
        SELECT id, correction FROM met WHERE same AND state = 'delivered' AND correction <> known_correction
        UNION ALL
        SELECT old_id, format('now %%s from %%s to %%s', initiated, source, destination)
        FROM moved WHERE old_state = 'delivered'
    ) AS change
    WHERE row.id = change.id AND NOT %(resend)s AND row.correction <> change.correction
    RETURNING row.correction
),
renewed AS (
    UPDATE ledger.replication AS row
    SET initiated = change.initiated, source = change.source, destination = change.destination,
        duration = change.duration, url = change.url,
        state = CASE WHEN %(resend)s OR change.moves THEN 'pending' ELSE row.state END,
        correction = CASE WHEN %(resend)s THEN '' ELSE row.correction END,
        tried_by = CASE WHEN %(resend)s OR change.moves THEN NULL ELSE row.tried_by END
    FROM (
        SELECT id, initiated, source, destination, duration, url, false AS moves FROM met
        WHERE same AND NOT coalesce(claimed, false)
            AND (%(resend)s AND state <> 'pending' OR state <> 'delivered' AND correction <> '')
        UNION ALL
        SELECT old_id, initiated, source, destination, duration, url, true FROM moved
        WHERE %(resend)s OR old_state <> 'delivered' AND NOT uncertain
    ) AS change
    WHERE row.id = change.id
    RETURNING 1
),
added AS (
    INSERT INTO ledger.replication (target, origin, initiated, source, destination, duration, url, reference)
    SELECT %(target)s, %(origin)s, initiated, source, destination, duration, url, reference
    FROM met WHERE id IS NULL AND place NOT IN (SELECT place FROM moved)
    ORDER BY initiated, source, destination
    ON CONFLICT (target, initiated, source, destination) DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM corrected WHERE correction <> '')
"""

_CLAIM = """
UPDATE ledger.replication AS row
SET claimed_by = %(holder)s, claimed_until = now() + %(lease)s * interval '1 second', attempts = attempts + 1,
    -- The previous holder died, so it is unknown if the CRM received the call.
    doubtful = doubtful OR claimed_by IS NOT NULL
FROM (
    SELECT id FROM ledger.replication
    WHERE target = %(target)s AND state = 'pending' AND tried_by IS DISTINCT FROM %(run)s
        AND (claimed_until IS NULL OR claimed_until < now())
    ORDER BY attempts, initiated LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS chosen
WHERE row.id = chosen.id
RETURNING row.id, initiated, source, destination, duration, url, doubtful
"""

_RENEW = """
UPDATE ledger.replication SET claimed_until = now() + %s * interval '1 second' WHERE id = ANY (%s) AND claimed_by = %s
"""

_RELEASE = """
UPDATE ledger.replication SET claimed_by = NULL, claimed_until = NULL, attempts = attempts - 1
WHERE id = ANY (%s) AND claimed_by = %s
"""

# One statement with the run's counts, so that a repetition changes neither.
_SETTLE = """
WITH given AS (
    SELECT * FROM unnest(%(id)s::bigint[], %(state)s::text[], %(reason)s::text[], %(contact_id)s::text[],
        %(phonecall_id)s::text[], %(repeats)s::integer[], %(lost)s::boolean[], %(again)s::boolean[])
        AS given (id, state, reason, contact_id, phonecall_id, repeats, lost, again)
),
settled AS (
    UPDATE ledger.replication AS row
    SET state = given.state, reason = given.reason, contact_id = given.contact_id, phonecall_id = given.phonecall_id,
        doubtful = given.state = 'pending' AND (row.doubtful OR given.lost), claimed_by = NULL, claimed_until = NULL,
        tried_by = CASE given.state WHEN 'pending' THEN %(run)s END,
        answered_at = CASE given.state WHEN 'pending' THEN row.answered_at ELSE now() END
    FROM given WHERE row.id = given.id AND row.claimed_by = %(holder)s
    RETURNING given.*
)
UPDATE ledger.replication_runs AS run
SET sent = run.sent + counted.sent, delivered = run.delivered + counted.delivered,
    rejected = run.rejected + counted.rejected, undelivered = run.undelivered + counted.undelivered,
    retried = run.retried + counted.retried, uncertain = run.uncertain + counted.uncertain
FROM (
    SELECT count(*) AS sent, count(*) FILTER (WHERE state = 'delivered') AS delivered,
        count(*) FILTER (WHERE state = 'rejected') AS rejected,
        count(*) FILTER (WHERE state = 'pending') AS undelivered,
        coalesce(sum(repeats), 0) AS retried, count(*) FILTER (WHERE again) AS uncertain
    FROM settled
) AS counted
WHERE run.id = %(run)s
"""

_PENDING = "SELECT count(*) FROM ledger.replication WHERE target = %s AND state = 'pending'"

_RETRY = """
UPDATE ledger.replication SET state = 'pending', tried_by = NULL
WHERE target = %s AND state = 'rejected' AND (%s OR id = ANY (%s::bigint[]))
RETURNING 1
"""

# A new release may compute other ids: the tombstone of the former id names its successor.
_FOLLOW = """
WITH RECURSIVE lineage (id, inviteid, step) AS (
    SELECT row.id, record.successor, 1
    FROM ledger.records AS record JOIN ledger.replication AS row ON row.reference = record.inviteid::text
    WHERE record.successor IS NOT NULL AND row.target = %s AND row.origin = %s
    UNION ALL
    SELECT lineage.id, record.successor, step + 1
    FROM lineage JOIN ledger.records AS record USING (inviteid)
    WHERE record.successor IS NOT NULL AND step < 20
),
present AS (SELECT DISTINCT ON (id) id, inviteid FROM lineage ORDER BY id, step DESC)
UPDATE ledger.replication AS row SET reference = present.inviteid::text
FROM present
WHERE row.id = present.id AND row.claimed_by IS NULL AND EXISTS (
    SELECT FROM calls.success AS call
    WHERE call.inviteid = present.inviteid AND coalesce(call.dial_dt, call.invitedt) = row.initiated
    UNION ALL
    SELECT FROM calls.cancelled AS call
    WHERE call.inviteid = present.inviteid AND coalesce(call.dial_dt, call.invitedt) = row.initiated
    UNION ALL
    SELECT FROM calls.failed AS call WHERE call.inviteid = present.inviteid AND call.invitedt = row.initiated
)
"""

# Only references of our own calls are uuids, and the planner may compare others first, so both sides are texts.
_GONE = """
UPDATE ledger.replication AS row
SET correction = CASE row.state WHEN 'delivered' THEN 'the call is gone' ELSE row.correction END,
    state = CASE row.state WHEN 'pending' THEN 'rejected' ELSE row.state END,
    reason = CASE row.state WHEN 'pending' THEN 'the call is gone' ELSE row.reason END
FROM ledger.records AS record
WHERE record.gone_at IS NOT NULL AND row.reference = record.inviteid::text AND row.target = %s AND row.origin = %s
    AND (row.state = 'delivered' AND row.correction <> 'the call is gone'
        OR row.state = 'pending' AND row.claimed_by IS NULL AND NOT row.doubtful)
RETURNING 1
"""


class Claimant(NamedTuple):
    """The owner of claims: the id of the process, the number of its run, and the CRM."""

    id: UUID
    run: int
    target: str


class ClaimedCall(NamedTuple):
    """A call to send under a claim. The CRM may already have a doubtful one."""

    id: int
    initiated: datetime
    source: str
    destination: str
    duration: int
    url: str
    doubtful: bool


class Entered(NamedTuple):
    """The number of new calls in a page, and of delivered calls that have changed since."""

    added: int
    corrected: int


def enter(writer: Connection, target: str, origin: str, records: Sequence[Record], *, resend: bool) -> Entered:
    """Enter a page of the source `origin` into the ledger of `target`. The caller opens the transaction.

    Known calls stay. A delivered call that has changed is marked as corrected; others take the change. With `resend`,
    every call becomes pending.
    """
    if not records:
        return Entered(0, 0)
    # Two concurrent readers would deadlock on each other's rows.
    writer.execute(_LOCK, [target, READER])
    columns = dict(zip(Record._fields, map(list, zip(*records, strict=True)), strict=True))
    # Several rows of a CDR table may belong to one call and share its id.
    facts = {"target": target, "origin": origin, "resend": resend, "unique": origin == "calls"}
    return Entered(*writer.execute(_ENTER, {**columns, **facts})[0])


def claim(writer: Connection, claimant: Claimant, limit: int, lease: float = LEASE_SECONDS) -> list[ClaimedCall]:
    """Claim up to `limit` pending calls that this run has not tried, those with the fewest attempts first."""
    values = {
        "holder": str(claimant.id),
        "target": claimant.target,
        "run": claimant.run,
        "limit": limit,
        "lease": lease,
    }
    return [ClaimedCall(*row) for row in writer.execute(_CLAIM, values)]


def renew(writer: Connection, claimant: Claimant, ids: Sequence[int], lease: float = LEASE_SECONDS) -> None:
    """Extend these claims to `lease` seconds from now."""
    writer.execute(_RENEW, [lease, list(ids), str(claimant.id)])


def release(writer: Connection, claimant: Claimant, ids: Sequence[int]) -> None:
    """Give up claims of calls that were not sent."""
    writer.execute(_RELEASE, [list(ids), str(claimant.id)])


def settle(writer: Connection, claimant: Claimant, verdicts: Sequence[tuple[ClaimedCall, Verdict]]) -> None:
    """Store the CRM's verdicts and count them in the run. Calls whose claim has expired are left alone."""
    fields = ("state", "reason", "contact_id", "phonecall_id", "repeats", "lost")
    values: dict[str, object] = {name: [getattr(verdict, name) for _, verdict in verdicts] for name in fields}
    values["id"] = [row.id for row, _ in verdicts]
    values["again"] = [row.doubtful or verdict.resent for row, verdict in verdicts]
    writer.execute(_SETTLE, {**values, "holder": str(claimant.id), "run": claimant.run})


def pending(writer: Connection, target: str) -> int:
    """Return the number of calls that the CRM has not answered for."""
    return int(writer.execute(_PENDING, [target])[0][0])


def retry(writer: Connection, target: str, ids: Sequence[int]) -> int:
    """Make rejected calls pending again: those with these ids, or all if there are no ids. Return their number."""
    return len(writer.execute(_RETRY, [target, not ids, list(ids)]))


def withdraw(writer: Connection, target: str, origin: str) -> int:
    """Mark calls that were removed: delivered ones as corrected, pending ones as rejected. Return their number.

    A call that has another id now is not removed.
    """
    writer.execute(_FOLLOW, [target, origin])
    return len(writer.execute(_GONE, [target, origin]))
