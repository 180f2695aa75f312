"""Lists and changes recordings for an operator: their states, new attempts, and the right to follow a link.

A former id of a call works like its present one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chalicelib.errors import InvalidRequest
from chalicelib.ledger.recording_facts import File
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import lineage, state_changes

STATES = ("pending", "ready", "failed", "deleted")

_LIST = """
SELECT inviteid::text, state, provider, client, recording, attempts, reason, storage, path, size,
    created_at AT TIME ZONE 'UTC', CASE WHEN state = 'pending' THEN due_at AT TIME ZONE 'UTC' END, expires_at,
    deleted_at, links_revoked_at AT TIME ZONE 'UTC'
FROM ledger.recordings WHERE %s = '' OR state = %s ORDER BY changed_at DESC LIMIT %s
"""
_LINKABLE = f"""
WITH RECURSIVE {lineage.CTE}
SELECT present.inviteid,
    EXISTS (SELECT FROM lineage JOIN calls.success USING (inviteid))
        OR EXISTS (SELECT FROM lineage JOIN ledger.records USING (inviteid)),
    EXISTS (
        SELECT FROM lineage JOIN ledger.recordings USING (inviteid) WHERE recordings.links_revoked_at IS NOT NULL
    )
FROM present
"""  # noqa: S608 - a constant of lineage
_REVOKE = """
INSERT INTO ledger.recordings AS old (inviteid, links_revoked_at) VALUES (%s, now())
ON CONFLICT (inviteid) DO UPDATE SET links_revoked_at = coalesce(old.links_revoked_at, now())
"""
_RESTORE = f"""
WITH RECURSIVE {lineage.CTE}
UPDATE ledger.recordings SET links_revoked_at = NULL FROM lineage WHERE recordings.inviteid = lineage.inviteid
"""  # noqa: S608 - a constant of lineage
_FAILED = "SELECT inviteid FROM ledger.recordings WHERE state = 'failed' AND recording <> '' ORDER BY inviteid LIMIT %s"
_FILES = """
SELECT DISTINCT provider, client, recording FROM ledger.recordings
WHERE inviteid = ANY (%s::uuid[]) AND recording <> '' AND state IN ('pending', 'failed')
"""
_SHARING = """
SELECT inviteid FROM ledger.recordings
WHERE (provider, client, recording) = (%s, %s, %s) AND state IN ('pending', 'failed')
"""


class ListedRecording(NamedTuple):
    """The recording of one call. Times are naive UTC, `size` is in bytes."""

    inviteid: str
    state: str
    provider: str
    client: str
    recording: str
    attempts: int
    reason: str
    storage: str | None
    path: str | None
    size: int | None
    created: datetime
    due: datetime | None
    expires: datetime | None
    deleted: datetime | None
    links_revoked: datetime | None


def recordings(owner: Connection, state: str, limit: int) -> list[ListedRecording]:
    """Return the recordings that changed last, in `state`, or in any when it is empty."""
    return [ListedRecording(*row) for row in owner.execute(_LIST, [state, state, limit])]


def linkable_id(owner: Connection, inviteid: UUID) -> UUID:
    """Return the present id of the call. Raises InvalidRequest when a link to it would never open anything."""
    present, is_known, is_revoked = owner.execute(_LINKABLE, [str(inviteid)])[0]
    if not is_known:
        raise InvalidRequest(f"No answered call has the id {inviteid}")
    if is_revoked:
        raise InvalidRequest(f"The links to {inviteid} are revoked; `recording restore` makes them work again")
    return UUID(str(present))


def revoke(owner: Connection, inviteid: UUID) -> None:
    """Make every link to the call useless, future ones included. Tokens still work."""
    owner.execute(_REVOKE, [str(lineage.present_id(owner, inviteid))])


def restore(owner: Connection, inviteid: UUID) -> None:
    """Make links to the call work again."""
    owner.execute(_RESTORE, [str(inviteid)])


def retry(owner: Connection, inviteids: Sequence[UUID]) -> list[File]:
    """Begin anew with the attempts for the files of these calls, and return the files."""
    present = [str(lineage.present_id(owner, inviteid)) for inviteid in inviteids]
    files = [File(*row) for row in owner.execute(_FILES, [present])]
    for file in files:
        state_changes.set_pending(owner, [inviteid for (inviteid,) in owner.execute(_SHARING, file)])
    return files


def failed(owner: Connection, limit: int) -> list[UUID]:
    """Return the calls whose recordings no further attempt is made for, `limit` at most."""
    return [inviteid for (inviteid,) in owner.execute(_FAILED, [limit])]
