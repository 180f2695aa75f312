"""Facts about recordings that do not follow from events: joined to a call's row whenever the row is written.

A late event or a replay therefore never wipes them. Every transaction that changes a fact holds the locks of the calls
that show it, as a batch does: otherwise a batch that read the fact before would write the row without it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.calls.records import SUCCESS, Records, Row
from chalicelib.ledger.rows import columns
from chalicelib.platform.postgres import Connection


class File(NamedTuple):
    """A recording as its provider names it; several calls may share one."""

    provider: str
    client: str
    recording: str


class _Recorded(NamedTuple):
    """A record whose call was recorded."""

    inviteid: str
    provider: str
    client: str
    recording: str


# A fact moves with its record: to the successor that takes the record's place, unless that has a fact of its own.
_MOVE = """
UPDATE ledger.recordings AS fact SET inviteid = heir.inviteid
FROM (
    SELECT DISTINCT ON (inviteid) inviteid, past FROM (
        SELECT successor.inviteid, past.inviteid AS past
        FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS successor (past, inviteid, recording)
        JOIN ledger.recordings AS past ON past.inviteid = successor.past
            AND past.recording IN ('', successor.recording)
        WHERE NOT EXISTS (SELECT FROM ledger.recordings AS own WHERE own.inviteid = successor.inviteid)
        ORDER BY past.recording DESC, past.changed_at DESC
    ) AS candidate
    ORDER BY inviteid
) AS heir
WHERE fact.inviteid = heir.past
"""

# A new call that shares a file gets all that is known of it, also that it was deleted. The part after UNION ALL reads
# the facts that existed before this statement.
_LEARN = """
WITH recorded (inviteid, provider, client, recording) AS (
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[])
),
made AS (
    INSERT INTO ledger.recordings AS old (
        inviteid, provider, client, recording, state, storage, path, size, domain, expires_at, deleted_at
    )
    SELECT recorded.*, coalesce(twin.state, 'pending'), twin.storage, twin.path, twin.size, twin.domain,
        twin.expires_at, twin.deleted_at
    FROM recorded LEFT JOIN LATERAL (
        SELECT * FROM ledger.recordings AS other
        WHERE (other.provider, other.client, other.recording)
                = (recorded.provider, recorded.client, recorded.recording)
            AND other.recording <> '' AND other.state IN ('ready', 'deleted')
        ORDER BY other.state = 'ready' DESC LIMIT 1
    ) AS twin ON true
    ORDER BY recorded.inviteid
    ON CONFLICT (inviteid) DO UPDATE SET
        provider = excluded.provider, client = excluded.client, recording = excluded.recording,
        state = excluded.state, storage = excluded.storage, path = excluded.path, size = excluded.size,
        domain = excluded.domain, expires_at = excluded.expires_at, deleted_at = excluded.deleted_at,
        attempts = 0, reason = '', due_at = now(), changed_at = now()
    WHERE old.recording <> excluded.recording
    RETURNING *
)
SELECT inviteid::text, provider, client, recording, state, storage, path, size, domain, expires_at, deleted_at,
    state = 'pending'
FROM made
UNION ALL
SELECT inviteid::text, provider, client, recording, state, storage, path, size, domain, expires_at, deleted_at, false
FROM ledger.recordings
WHERE inviteid IN (SELECT inviteid FROM recorded) AND inviteid NOT IN (SELECT inviteid FROM made)
"""


def with_facts(
    writer: Connection, results: Sequence[Records], stored: Sequence[Collection[str]], files: list[File]
) -> list[Records]:
    """Return `results` with the facts of their recordings in their rows of `calls.success`.

    Call this within a transaction that has locked the calls. `stored` has the inviteids that the ledger holds for each
    result's call: where another record takes the place of one of them, its facts follow. Recordings that are new are
    remembered as pending, and added to `files`.
    """
    recorded = [record for records in results for record in _recorded(records)]
    if not recorded:
        return list(results)
    if moves := list(_moves(results, stored, recorded)):
        writer.post(_MOVE, columns(moves))
    known: dict[str, Row] = {}
    for inviteid, provider, client, recording, state, *facts, is_new in writer.execute(_LEARN, columns(recorded)):
        known[inviteid] = _columns(state, *facts)
        if is_new:
            files.append(File(provider, client, recording))
    return [_joined(records, known) for records in results]


def _recorded(records: Records) -> Iterator[_Recorded]:
    for side in records.sides:
        if side.recording and side.table == SUCCESS:
            yield _Recorded(side.inviteid, records.call.provider, records.call.client, side.recording)


def _moves(
    results: Iterable[Records], stored: Iterable[Collection[str]], recorded: Iterable[_Recorded]
) -> Iterator[tuple[str, str, str]]:
    """Yield each stored inviteid that is replaced, the recorded one that replaces it, and that one's recording."""
    recordings = {record.inviteid: record.recording for record in recorded}
    for records, inviteids in zip(results, stored, strict=True):
        for inviteid in inviteids:
            successor = records.successors.get(inviteid, "")
            if successor in recordings:
                yield inviteid, successor, recordings[successor]


def _columns(  # noqa: PLR0913, PLR0917 - the columns of a row
    state: str,
    storage: str | None,
    path: str | None,
    size: int | None,
    domain: str | None,
    expires: datetime | None,
    deleted: datetime | None,
) -> Row:
    """Return the columns of `calls.success` that show a fact."""
    if state == "failed":
        return {"isrec": False}
    facts: Row = {
        "callrecpath": path,
        "callstoragecode": storage,
        "callrecsize": size,
        "recdomain": domain,
        "recexpirets": expires,
        "callrecdel_dt": deleted,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _joined(records: Records, known: dict[str, Row]) -> Records:
    calls = records.rows.get(SUCCESS)
    if not calls:
        return records
    joined = [row | known.get(str(row["inviteid"]), {}) for row in calls]
    return records._replace(rows={**records.rows, SUCCESS: joined})
