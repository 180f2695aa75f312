"""Facts about recordings, which follow from no event: joined to a call's row whenever it is written.

Whoever changes a fact holds the lock of the calls that show it, as whoever writes their rows does. Otherwise a batch
that read the fact before would write the row without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chalicelib.calls.records import SUCCESS, Records, Row
from chalicelib.ledger.rows import columns
from chalicelib.platform.postgres import Connection


class File(NamedTuple):
    """A recording as its provider names it; several calls may share one."""

    provider: str
    client: str
    recording: str


class Stored(NamedTuple):
    """Where a file is in S3: `path` below its storage's prefix, `size` in bytes, `expires` naive UTC."""

    storage: str
    path: str
    size: int
    expires: datetime | None


# Of a file that is there already, or was and is gone for good, the new call gets all that is known; the second part
# sees what was there before.
_LEARN = """
WITH given (inviteid, provider, client, recording) AS (
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[])
),
made AS (
    INSERT INTO ledger.recordings AS old (
        inviteid, provider, client, recording, state, storage, path, size, domain, expires_at, deleted_at
    )
    SELECT given.*, coalesce(twin.state, 'pending'), twin.storage, twin.path, twin.size, twin.domain, twin.expires_at,
        twin.deleted_at
    FROM given LEFT JOIN LATERAL (
        SELECT * FROM ledger.recordings AS other
        WHERE (other.provider, other.client, other.recording) = (given.provider, given.client, given.recording)
            AND other.recording <> '' AND other.state IN ('ready', 'deleted')
        ORDER BY other.state = 'ready' DESC LIMIT 1
    ) AS twin ON true
    ORDER BY given.inviteid
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
WHERE inviteid IN (SELECT inviteid FROM given) AND inviteid NOT IN (SELECT inviteid FROM made)
"""

# In the order of the key, as everywhere; a later statement sees what was committed before the locks.
_LOCK = """
SELECT FROM ledger.calls
WHERE (provider, client, id) IN (
    SELECT records.provider, records.client, records.call_id
    FROM ledger.recordings JOIN ledger.records USING (inviteid) WHERE recordings.inviteid = ANY (%s::uuid[])
)
ORDER BY provider, client, id FOR UPDATE
"""

_COUNTED = """
moved AS (
    UPDATE ledger.records AS old SET version = old.version + 1, changed_at = now()
    FROM shown WHERE old.inviteid = shown.inviteid
    RETURNING old.provider, old.client, old.call_id
),
counted AS (
    UPDATE ledger.calls AS old SET version = old.version + 1
    FROM (SELECT DISTINCT * FROM moved) AS moved
    WHERE (old.provider, old.client, old.id) = (moved.provider, moved.client, moved.call_id)
)
SELECT inviteid FROM fact ORDER BY inviteid
"""

# What is ready stays so, whatever becomes of a second attempt.
_SETTLE = f"""
WITH fact AS (
    UPDATE ledger.recordings SET
        state = %s, reason = %s, storage = %s, path = %s, size = %s, domain = client, expires_at = %s,
        attempts = attempts * (%s <> 'pending')::integer, due_at = now(), changed_at = now(), told = ''
    WHERE inviteid = ANY (%s::uuid[]) AND (state = 'pending' OR state = 'failed' AND %s <> 'failed')
    RETURNING *
),
shown AS (
    UPDATE calls.success AS call SET
        isrec = fact.state <> 'failed', callrecpath = fact.path, callstoragecode = fact.storage,
        callrecsize = fact.size, recdomain = CASE WHEN fact.state = 'ready' THEN fact.domain END,
        recexpirets = fact.expires_at
    FROM fact WHERE call.inviteid = fact.inviteid
    RETURNING call.inviteid
),
{_COUNTED}"""  # noqa: S608 - constants of this module

# Rows of a PBX's own making have no fact yet, and get one that says what became of their file.
_DELETE = f"""
WITH fact AS (
    INSERT INTO ledger.recordings AS old (inviteid, state, storage, path, size, expires_at, deleted_at)
    SELECT DISTINCT ON (inviteid)
        inviteid, 'deleted', callstoragecode, callrecpath, callrecsize, recexpirets, %s::timestamp
    FROM calls.success WHERE inviteid = ANY (%s::uuid[]) AND callrecdel_dt IS NULL
    ORDER BY inviteid
    ON CONFLICT (inviteid) DO UPDATE SET
        state = 'deleted', reason = '', deleted_at = excluded.deleted_at, changed_at = now(), told = ''
    RETURNING inviteid, deleted_at
),
shown AS (
    UPDATE calls.success AS call SET callrecdel_dt = fact.deleted_at
    FROM fact WHERE call.inviteid = fact.inviteid AND call.recexpirets <= fact.deleted_at
    RETURNING call.inviteid
),
{_COUNTED}"""  # noqa: S608 - constants of this module

# The fact stays, so that no replay and no operator has the file fetched again.
_FORGET = f"""
WITH fact AS (
    INSERT INTO ledger.recordings AS old (inviteid, state, deleted_at)
    SELECT inviteid, 'deleted', %s::timestamp FROM calls.success
    WHERE inviteid = ANY (%s::uuid[]) AND (isrec OR callrecpath <> '')
    UNION
    SELECT inviteid, 'deleted', %s::timestamp FROM ledger.recordings
    WHERE inviteid = ANY (%s::uuid[]) AND recording <> ''
    ON CONFLICT (inviteid) DO UPDATE SET
        state = 'deleted', reason = '', storage = NULL, path = NULL, size = NULL, expires_at = NULL,
        deleted_at = coalesce(old.deleted_at, excluded.deleted_at), changed_at = now(),
        told = CASE old.state WHEN 'deleted' THEN old.told ELSE '' END
    RETURNING inviteid, deleted_at
),
shown AS (
    UPDATE calls.success AS call SET
        isrec = true, callrecpath = NULL, callstoragecode = NULL, callrecsize = NULL, recexpirets = NULL,
        callrecdel_dt = fact.deleted_at
    FROM fact WHERE call.inviteid = fact.inviteid
    RETURNING call.inviteid
),
{_COUNTED}"""  # noqa: S608 - constants of this module

_SHOWN = """
SELECT EXISTS (
    SELECT FROM ledger.recordings
    WHERE provider = %s AND client = %s AND recording = %s AND state = 'ready' AND storage = %s AND path = %s
)
"""
_OF_FILE = """
SELECT inviteid FROM ledger.recordings
WHERE provider = %s AND client = %s AND recording = %s AND recording <> '' AND state <> 'deleted'
"""


def with_facts(writer: Connection, results: list[Records], wanted: list[File]) -> list[Records]:
    """`results` with what is known of their calls' recordings in their rows.

    To be called within a transaction, after calls are locked. Files that nobody has asked their provider for yet are
    remembered as pending and added to `wanted`.
    """
    named = [
        (side.inviteid, records.call.provider, records.call.client, side.recording)
        for records in results
        for side in records.sides
        if side.recording and side.table == SUCCESS
    ]
    if not named:
        return results
    known: dict[str, Row] = {}
    for inviteid, provider, client, recording, state, *facts, fresh in writer.execute(_LEARN, columns(named)):
        known[inviteid] = _shown(state, *facts)
        if fresh:
            wanted.append(File(provider, client, recording))
    return [_joined(records, known) for records in results]


def settle_ready(writer: Connection, file: File, stored: Stored) -> list[UUID]:
    """The file is in S3: every call that shares it says so. Answers their ids."""
    return _settle(writer, _of_file(writer, file), "ready", "", stored)


def settle_failed(writer: Connection, file: File, reason: str) -> list[UUID]:
    """The file will not come, and `reason` says why: its calls say that they have no recording."""
    return _settle(writer, _of_file(writer, file), "failed", reason, None)


def settle_again(writer: Connection, inviteids: Sequence[UUID]) -> list[UUID]:
    """Let the files of these calls be fetched as if nobody had tried; answers those that may be."""
    return _settle(writer, inviteids, "pending", "", None)


def settle_deleted(writer: Connection, inviteids: Sequence[UUID], now: datetime) -> list[UUID]:
    """The files of these calls are gone since `now`, naive UTC; answers those calls that did not say so before."""
    ids = [str(inviteid) for inviteid in inviteids]
    with writer.transaction():
        writer.execute(_LOCK, [ids])
        return [row[0] for row in writer.execute(_DELETE, [now, ids])]


def settle_forgotten(owner: Connection, inviteids: Sequence[UUID], now: datetime) -> None:
    """The voices of these calls are gone since `now`, naive UTC, for good, and with them where they were."""
    ids = [str(inviteid) for inviteid in inviteids]
    with owner.transaction():
        owner.execute(_LOCK, [ids])
        owner.execute(_FORGET, [now, ids, now, ids])


def is_shown(writer: Connection, file: File, stored: Stored) -> bool:
    """Whether any call names this object as the recording `file`."""
    return bool(writer.execute(_SHOWN, [*file, stored.storage, stored.path])[0][0])


def _of_file(writer: Connection, file: File) -> list[UUID]:
    return [inviteid for (inviteid,) in writer.execute(_OF_FILE, file)]


def _settle(
    writer: Connection, inviteids: Iterable[UUID], state: str, reason: str, stored: Stored | None
) -> list[UUID]:
    ids = [str(inviteid) for inviteid in inviteids]
    place = stored or (None, None, None, None)
    with writer.transaction():
        writer.execute(_LOCK, [ids])
        return [row[0] for row in writer.execute(_SETTLE, [state, reason, *place, state, ids, state])]


def _shown(  # noqa: PLR0913, PLR0917 - the columns of a row
    state: str,
    storage: str | None,
    path: str | None,
    size: int | None,
    domain: str | None,
    expires: datetime | None,
    deleted: datetime | None,
) -> Row:
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
