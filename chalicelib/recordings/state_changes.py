"""The state of a recording: pending, ready, failed or deleted. A change of it reaches the rows of its calls at once.

Every change locks the calls that show the recording first, as `chalicelib.ledger.recording_facts` explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chalicelib.ledger.recording_facts import File
from chalicelib.platform.postgres import Connection


class Stored(NamedTuple):
    """A file in S3: `path` is relative to its storage's prefix, `size` is in bytes, `expires` is naive UTC."""

    storage: str
    path: str
    size: int
    expires: datetime | None


# Calls are locked in the order of their keys, as in every transaction; the statement after it sees what was committed
# before the locks were granted.
_LOCK = """
SELECT FROM ledger.calls
WHERE (provider, client, id) IN (
    SELECT records.provider, records.client, records.call_id
    FROM ledger.recordings JOIN ledger.records USING (inviteid) WHERE recordings.inviteid = ANY (%s::uuid[])
)
ORDER BY provider, client, id FOR UPDATE
"""

# A batch may have moved a fact to its call's new id before the lock was granted.
_MOVED = """
SELECT successor::text FROM ledger.records
WHERE inviteid = ANY (%s::uuid[]) AND successor IS NOT NULL
    AND NOT EXISTS (SELECT FROM ledger.recordings WHERE recordings.inviteid = records.inviteid)
"""

_COUNT_VERSIONS = """
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

# A file that is ready stays ready, whatever becomes of a second attempt.
_CHANGE = f"""
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
{_COUNT_VERSIONS}"""  # noqa: S608 - constants of this module

# Rows that a PBX wrote itself have no fact yet, and get one.
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
{_COUNT_VERSIONS}"""  # noqa: S608 - constants of this module

# The fact stays, so that neither a replay nor an operator causes another fetch.
_ERASE = f"""
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
{_COUNT_VERSIONS}"""  # noqa: S608 - constants of this module

_IS_SHOWN = """
SELECT EXISTS (
    SELECT FROM ledger.recordings
    WHERE provider = %s AND client = %s AND recording = %s AND state = 'ready' AND storage = %s AND path = %s
)
"""
_OF_FILE = """
SELECT inviteid FROM ledger.recordings
WHERE provider = %s AND client = %s AND recording = %s AND recording <> '' AND state <> 'deleted'
"""


def set_ready(writer: Connection, file: File, stored: Stored) -> list[UUID]:
    """Record that the file is in S3, and return the inviteids of the calls that changed."""
    return _change(writer, _sharing(writer, file), "ready", "", stored)


def set_failed(writer: Connection, file: File, reason: str) -> list[UUID]:
    """Record that no further attempt follows, for `reason`, and return the inviteids of the calls that changed."""
    return _change(writer, _sharing(writer, file), "failed", reason, None)


def set_pending(writer: Connection, inviteids: Sequence[UUID]) -> list[UUID]:
    """Begin anew with the attempts for these calls, and return those whose file is not in S3."""
    return _change(writer, inviteids, "pending", "", None)


def set_deleted(writer: Connection, inviteids: Sequence[UUID], now: datetime) -> list[UUID]:
    """Record that the files of these calls were deleted at `now`, naive UTC, and return the calls that changed."""
    ids = [str(inviteid) for inviteid in inviteids]
    with writer.transaction():
        writer.execute(_LOCK, [ids])
        return [row[0] for row in writer.execute(_DELETE, [now, ids])]


def set_erased(owner: Connection, inviteids: Sequence[UUID], now: datetime) -> None:
    """Record that the files of these calls were deleted for good at `now`, naive UTC; remove where they were."""
    ids = [str(inviteid) for inviteid in inviteids]
    with owner.transaction():
        owner.execute(_LOCK, [ids])
        owner.execute(_ERASE, [now, ids, now, ids])


def is_shown(writer: Connection, file: File, stored: Stored) -> bool:
    """Return True when at least one call has the object `stored` as its recording `file`."""
    return bool(writer.execute(_IS_SHOWN, [*file, stored.storage, stored.path])[0][0])


def _sharing(writer: Connection, file: File) -> list[UUID]:
    return [inviteid for (inviteid,) in writer.execute(_OF_FILE, file)]


def _change(
    writer: Connection, inviteids: Iterable[UUID], state: str, reason: str, stored: Stored | None
) -> list[UUID]:
    ids = [str(inviteid) for inviteid in inviteids]
    place = stored or (None, None, None, None)
    with writer.transaction():
        writer.execute(_LOCK, [ids])
        ids += [successor for (successor,) in writer.execute(_MOVED, [ids])]
        return [row[0] for row in writer.execute(_CHANGE, [state, reason, *place, state, ids, state])]
