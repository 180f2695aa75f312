"""The ledger of deliveries to a CRM: calls enter as pending, are claimed and sent, and are settled by the answer.

Rules of this file:
  - a row is sent only under a claim. A claim names its holder, and expires if the holder dies;
  - claims are taken with SKIP LOCKED, so that two runs never wait for the same row or send it;
  - nothing is claimed of the days that a correction holds (`correction_rows.py`);
  - claims use the clock of the database, which is the same for every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chalicelib.errors import RingledgerError
from chalicelib.nimbox.client import Verdict
from chalicelib.platform.postgres import Connection

#: The duration of a claim that is not renewed, in seconds.
LEASE_SECONDS = 60
#: After the second refusal in a row a call is offered again after this time, which doubles with each further one.
BACKOFF, LONGEST_BACKOFF = "20 hours", "30 days"

#: The time under which the CRM knows a call: that of another program if it was adopted.
SENT_AT = "coalesce((row.sent_as ->> 'initiated')::timestamp, row.initiated)"

# `present` is another version of the call that the row's key names, not a call under another key.
IS_VERSION = """(
    present IS NOT NULL AND (present ->> 'initiated')::timestamp = initiated AND present ->> 'source' = source
    AND present ->> 'destination' = destination
)"""

_CLAIM = """
UPDATE ledger.replication AS row
SET claimed_by = %(holder)s, claimed_until = now() + %(lease)s * interval '1 second', attempts = attempts + 1,
    -- The previous holder died, so it is unknown if the CRM received the call.
    doubtful = doubtful OR claimed_by IS NOT NULL
FROM (
    SELECT id FROM ledger.replication AS row
    WHERE target = %(target)s AND state = 'pending' AND tried_by IS DISTINCT FROM %(run)s
        AND (claimed_until IS NULL OR claimed_until < now()) AND NOT EXISTS (
            SELECT FROM ledger.replication_corrections AS held
            WHERE held.target = %(target)s AND held_until > now()
                AND {sent_at} >= since AND {sent_at} < until
        )
    ORDER BY attempts, initiated LIMIT %(limit)s FOR UPDATE OF row SKIP LOCKED
) AS chosen
WHERE row.id = chosen.id
RETURNING row.id, coalesce((sent_as ->> 'initiated')::timestamp, initiated), coalesce(sent_as ->> 'source', source),
    coalesce(sent_as ->> 'destination', destination),
    CASE WHEN {is_version} THEN (present ->> 'duration')::integer ELSE duration END,
    CASE WHEN {is_version} THEN present ->> 'url' ELSE url END, doubtful
""".replace("{is_version}", IS_VERSION).replace("{sent_at}", SENT_AT)

_RENEW = """
UPDATE ledger.replication SET claimed_until = now() + %s * interval '1 second' WHERE id = ANY (%s) AND claimed_by = %s
"""

_RELEASE = """
UPDATE ledger.replication SET claimed_by = NULL, claimed_until = NULL, attempts = attempts - 1
WHERE id = ANY (%s) AND claimed_by = %s
"""

# One statement with the run's counts, so that a repetition changes neither. A CRM that names the phone call it named
# before has kept its first version; under another id it has created the call anew, as it is now.
_SETTLE = """
WITH given AS (
    SELECT * FROM unnest(%(id)s::bigint[], %(state)s::text[], %(reason)s::text[], %(contact_id)s::text[],
        %(phonecall_id)s::text[], %(repeats)s::integer[], %(lost)s::boolean[], %(again)s::boolean[],
        %(refused)s::text[])
        AS given (id, state, reason, contact_id, phonecall_id, repeats, lost, again, refused)
),
judged AS (
    SELECT given.id, given.contact_id, given.phonecall_id, repeats, again, given.refused,
        CASE WHEN is_duplicate THEN 'maybe_delivered' ELSE given.state END AS state,
        CASE WHEN is_duplicate THEN 'may have been delivered before: ' || given.reason ELSE given.reason END AS reason,
        given.state = 'pending' AND (row.doubtful OR lost) OR is_duplicate AS doubtful,
        given.state = 'delivered' AND {is_version} AND CASE row.phonecall_id
            WHEN '' THEN NOT row.doubtful ELSE given.phonecall_id <> row.phonecall_id END AS is_new
    FROM given JOIN ledger.replication AS row USING (id) CROSS JOIN LATERAL (
        SELECT given.state = 'rejected' AND (again OR row.doubtful OR row.phonecall_id <> '') AS is_duplicate
    ) AS history
),
settled AS (
    UPDATE ledger.replication AS row
    SET state = judged.state, reason = judged.reason, doubtful = judged.doubtful,
        contact_id = CASE judged.state WHEN 'delivered' THEN judged.contact_id ELSE row.contact_id END,
        phonecall_id = CASE judged.state WHEN 'delivered' THEN judged.phonecall_id ELSE row.phonecall_id END,
        duration = CASE WHEN is_new THEN (present ->> 'duration')::integer ELSE duration END,
        url = CASE WHEN is_new THEN present ->> 'url' ELSE url END,
        correction = CASE WHEN is_new THEN '' ELSE correction END,
        present = CASE WHEN is_new THEN NULL ELSE present END,
        refused = CASE judged.state WHEN 'pending' THEN row.refused
            ELSE array_remove(string_to_array(judged.refused, ' '), '') END,
        refusals = CASE judged.state WHEN 'pending' THEN refusals WHEN 'delivered' THEN 0 ELSE refusals + 1 END,
        offer_after = CASE WHEN judged.state IN ('rejected', 'maybe_delivered') AND refusals > 0
            THEN now() + least(interval %(longest)s, interval %(backoff)s * 2 ^ least(refusals - 1, 10)) END,
        claimed_by = NULL, claimed_until = NULL,
        tried_by = CASE judged.state WHEN 'pending' THEN %(run)s END,
        answered_at = CASE judged.state WHEN 'pending' THEN row.answered_at ELSE now() END
    FROM judged WHERE row.id = judged.id AND row.claimed_by = %(holder)s
    RETURNING judged.*
)
UPDATE ledger.replication_runs AS run
SET sent = run.sent + counted.sent, delivered = run.delivered + counted.delivered,
    rejected = run.rejected + counted.rejected, undelivered = run.undelivered + counted.undelivered,
    maybe_delivered = run.maybe_delivered + counted.maybe_delivered,
    retried = run.retried + counted.retried, uncertain = run.uncertain + counted.uncertain
FROM (
    SELECT count(*) AS sent, count(*) FILTER (WHERE state = 'delivered') AS delivered,
        count(*) FILTER (WHERE state = 'rejected') AS rejected,
        count(*) FILTER (WHERE state = 'maybe_delivered') AS maybe_delivered,
        count(*) FILTER (WHERE state = 'pending') AS undelivered,
        coalesce(sum(repeats), 0) AS retried, count(*) FILTER (WHERE again) AS uncertain
    FROM settled
) AS counted
WHERE run.id = %(run)s
""".replace("{is_version}", IS_VERSION)

_PENDING = "SELECT count(*) FROM ledger.replication WHERE target = %s AND state = 'pending'"

_HELD = """
SELECT count(*), max(greatest(claimed_until, held_until)) AT TIME ZONE 'UTC'
FROM ledger.replication AS row LEFT JOIN LATERAL (
    SELECT max(held_until) AS held_until FROM ledger.replication_corrections AS held
    WHERE held.target = row.target AND held_until > now() AND {sent_at} >= since AND {sent_at} < until
) AS correction ON true
WHERE target = %s AND state = 'pending'
    AND (claimed_until > now() AND claimed_by <> %s OR held_until IS NOT NULL)
""".replace("{sent_at}", SENT_AT)

_REFUSED = """
SELECT id FROM ledger.replication
WHERE target = %s AND state IN ('rejected', 'maybe_delivered') AND (%s OR id = ANY (%s::bigint[]))
"""

_RETRY = "UPDATE ledger.replication SET state = 'pending', tried_by = NULL WHERE id = ANY (%s::bigint[])"


class NotRefused(RingledgerError):
    """The CRM has refused no such call."""

    code = "not-refused"
    status = 404


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
    values["refused"] = [" ".join(name.replace(" ", "_") for name in verdict.refused) for _, verdict in verdicts]
    facts = {"holder": str(claimant.id), "run": claimant.run, "backoff": BACKOFF, "longest": LONGEST_BACKOFF}
    writer.execute(_SETTLE, {**values, **facts})


def pending(writer: Connection, target: str) -> int:
    """Return the number of calls that the CRM has not answered for."""
    return int(writer.execute(_PENDING, [target])[0][0])


def held(writer: Connection, claimant: Claimant) -> tuple[int, datetime | None]:
    """Return how many calls another process holds, and until when, in naive UTC. The process may be dead."""
    count, until = writer.execute(_HELD, [claimant.target, str(claimant.id)])[0]
    return count, until


def retry(writer: Connection, target: str, ids: Sequence[int]) -> int:
    """Make refused calls pending again: those with these ids, or all if there are no ids. Return their number.

    Raise NotRefused, and change nothing, if one of the ids is not a refused call of this CRM.
    """
    with writer.transaction():
        refused = [row[0] for row in writer.execute(_REFUSED, [target, not ids, list(ids)])]
        if others := sorted(set(ids) - set(refused)):
            raise NotRefused(f"{target} has refused no call {', '.join(map(str, others))}; nothing was sent")
        writer.execute(_RETRY, [refused])
    return len(refused)
