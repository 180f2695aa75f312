"""Enters the calls of a source into the ledger of deliveries, and compares them with what the CRM has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.platform.postgres import Connection
from chalicelib.replication.crm_calls import Record

#: A process that reads for a target locks this row of ledger.replication_cursors.
READER = "reader"
#: The correction of a call that was removed after it was delivered.
GONE = "the call is gone"

# The row exists since the run began.
_LOCK = "SELECT FROM ledger.replication_cursors WHERE target = %s AND origin = %s FOR UPDATE"

# Two references under one key are one call to the CRM, and the first one counts. A call whose key has changed is found
# by its reference, which is unique only among our own calls. The CRM keeps the first version of a call: a row keeps the
# version that was sent, `present` has the one that is true now, and `correction` says how they differ.
_ENTER = """
WITH given AS MATERIALIZED (
    SELECT DISTINCT ON (initiated, source, destination) *
    FROM unnest(%(initiated)s::timestamp[], %(source)s::text[], %(destination)s::text[], %(duration)s::integer[],
        %(url)s::text[], %(reference)s::text[])
        WITH ORDINALITY AS given (initiated, source, destination, duration, url, reference, place)
    ORDER BY initiated, source, destination, place
),
met AS MATERIALIZED (
    SELECT given.*, known.id, known.state, known.claimed_until > now() AS claimed,
        -- The CRM may have it, or has it under the id that it named.
        known.doubtful OR known.phonecall_id <> '' AS doubtful,
        known.reference = given.reference AS same, known.correction AS known_correction,
        concat_ws(', ',
            CASE WHEN known.duration <> given.duration
                THEN format('duration %%s, was %%s', given.duration, known.duration) END,
            CASE WHEN known.url <> '' AND given.url = '' THEN 'no recording'
                WHEN known.url = '' AND given.url <> '' THEN 'a recording' END
        ) AS correction,
        jsonb_build_object('initiated', given.initiated, 'source', given.source, 'destination', given.destination,
            'duration', given.duration, 'url', given.url) AS present
    FROM given LEFT JOIN ledger.replication AS known
        ON known.target = %(target)s AND known.initiated = given.initiated
        AND known.source = given.source AND known.destination = given.destination
),
-- A constant array: PostgreSQL hashes it, even if the table has no statistics yet.
elder AS MATERIALIZED (
    SELECT row.id AS old_id, row.reference, row.state AS old_state, row.initiated, row.source, row.destination,
        row.correction AS old_correction,
        coalesce(claimed_until > now(), false) OR doubtful OR phonecall_id <> '' AS uncertain
    FROM ledger.replication AS row
    WHERE reference = ANY (%(reference)s) AND reference <> '' AND target = %(target)s AND origin = %(origin)s
        AND %(unique)s AND state <> 'withdrawn'
),
-- What the CRM has under a former key.
stale AS MATERIALIZED (
    SELECT DISTINCT ON (old_id) met.*, old_id, old_correction
    FROM met JOIN elder USING (reference)
    WHERE old_state IN ('delivered', 'maybe_delivered')
        AND (elder.initiated, elder.source, elder.destination) <> (met.initiated, met.source, met.destination)
    ORDER BY old_id, met.place
),
-- What the CRM does not have takes the new key.
moved AS MATERIALIZED (
    SELECT DISTINCT ON (reference) met.*, old_id, uncertain
    FROM met JOIN elder USING (reference)
    WHERE met.id IS NULL AND old_state IN ('pending', 'rejected')
    ORDER BY reference, old_id
),
corrected AS (
    UPDATE ledger.replication AS row
    SET correction = change.correction, present = CASE WHEN change.correction <> '' THEN change.present END,
        state = CASE WHEN again THEN 'pending' ELSE row.state END,
        tried_by = CASE WHEN again THEN NULL ELSE row.tried_by END
    FROM (
        SELECT id, correction, present, known_correction, %(resend)s AND state <> 'pending' AS again FROM met
        WHERE same AND (state IN ('delivered', 'maybe_delivered') OR state = 'pending' AND (doubtful OR claimed))
        UNION ALL
        SELECT old_id, format('now %%s from %%s to %%s', initiated, source, destination), present, old_correction, false
        FROM stale
    ) AS change
    WHERE row.id = change.id AND (again OR known_correction <> change.correction)
    RETURNING row.correction <> '' AND row.correction <> known_correction AS is_new
),
renewed AS (
    UPDATE ledger.replication AS row
    SET initiated = change.initiated, source = change.source, destination = change.destination,
        duration = change.duration, url = change.url, state = 'pending', correction = '', present = NULL,
        tried_by = CASE WHEN change.again THEN NULL ELSE row.tried_by END
    FROM (
        SELECT id, initiated, source, destination, duration, url, %(resend)s OR state <> 'pending' AS again FROM met
        WHERE same AND NOT doubtful AND NOT coalesce(claimed, false)
            AND (state = 'withdrawn' OR state = 'pending' AND correction <> '' OR state = 'rejected' AND %(resend)s)
        UNION ALL
        SELECT old_id, initiated, source, destination, duration, url, true FROM moved WHERE NOT uncertain
    ) AS change
    WHERE row.id = change.id
    RETURNING 1
),
changed AS (
    UPDATE ledger.replication AS row SET duration = met.duration, url = met.url
    FROM met WHERE row.id = met.id AND same AND NOT met.doubtful AND met.state = 'rejected' AND NOT %(resend)s
        AND met.correction <> ''
),
added AS (
    INSERT INTO ledger.replication (target, origin, initiated, source, destination, duration, url, reference)
    SELECT %(target)s, %(origin)s, initiated, source, destination, duration, url, reference
    FROM met WHERE id IS NULL AND place NOT IN (SELECT place FROM moved)
        AND (%(resend)s OR place NOT IN (SELECT place FROM stale))
    ORDER BY initiated, source, destination
    ON CONFLICT (target, initiated, source, destination) DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM corrected WHERE is_new)
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
SET correction = CASE WHEN row.state IN ('delivered', 'maybe_delivered') THEN %(gone)s ELSE row.correction END,
    present = CASE WHEN row.state IN ('delivered', 'maybe_delivered') THEN NULL ELSE row.present END,
    state = CASE WHEN row.state IN ('pending', 'rejected') THEN 'withdrawn' ELSE row.state END,
    reason = CASE WHEN row.state IN ('pending', 'rejected') THEN %(gone)s ELSE row.reason END
FROM ledger.records AS record
WHERE record.gone_at IS NOT NULL AND row.reference = record.inviteid::text
    AND row.target = %(target)s AND row.origin = %(origin)s
    AND (row.state IN ('delivered', 'maybe_delivered') AND row.correction <> %(gone)s
        OR row.state = 'pending' AND row.claimed_by IS NULL AND NOT row.doubtful AND row.phonecall_id = ''
        OR row.state = 'rejected')
RETURNING 1
"""

# The number of a call may become known to the CRM at any time. Nothing else that a CRM refuses changes by itself.
_OFFER_AGAIN = """
UPDATE ledger.replication SET state = 'pending', tried_by = NULL
WHERE target = %s AND origin = %s AND state IN ('rejected', 'maybe_delivered') AND correction <> %s
    AND refused && ARRAY['destination', 'source'] AND initiated >= %s AND coalesce(offer_after <= now(), true)
RETURNING 1
"""


class Entered(NamedTuple):
    """The number of new calls in a page, and of sent calls that have changed since."""

    added: int
    corrected: int


def enter(writer: Connection, target: str, origin: str, records: Sequence[Record], *, resend: bool) -> Entered:
    """Enter a page of the source `origin` into the ledger of `target`. The caller opens the transaction.

    Known calls stay. A call that has changed after the CRM received it is marked as different; others take the change.
    With `resend`, every call becomes pending.
    """
    if not records:
        return Entered(0, 0)
    lock(writer, target)
    columns = dict(zip(Record._fields, map(list, zip(*records, strict=True)), strict=True))
    # Several rows of a CDR table may belong to one call and share its id.
    facts = {"target": target, "origin": origin, "resend": resend, "unique": origin == "calls"}
    return Entered(*writer.execute(_ENTER, {**columns, **facts})[0])


def lock(writer: Connection, target: str) -> None:
    """Wait for other processes that enter calls of this CRM: they would deadlock on each other's rows."""
    writer.execute(_LOCK, [target, READER])


def withdraw(writer: Connection, target: str, origin: str) -> int:
    """Mark calls that were removed: delivered ones as different, others as withdrawn. Return their number.

    A call that has another id now is not removed.
    """
    writer.execute(_FOLLOW, [target, origin])
    return len(writer.execute(_GONE, {"gone": GONE, "target": target, "origin": origin}))


def offer_again(writer: Connection, target: str, origin: str, since: datetime) -> int:
    """Make calls since `since` pending whose numbers the CRM refused, unless it was asked lately. Return the count."""
    return len(writer.execute(_OFFER_AGAIN, [target, origin, GONE, since]))
