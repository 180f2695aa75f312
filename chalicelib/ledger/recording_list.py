"""What an operator sees and changes of recordings: their states, and who may follow a link."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chalicelib.errors import InvalidRequest
from chalicelib.ledger import recordings
from chalicelib.ledger.recordings import File
from chalicelib.platform.postgres import Connection

STATES = ("pending", "ready", "failed", "deleted")

_LISTING = """
SELECT inviteid::text, state, provider, client, recording, attempts, reason, storage, path, size,
    created_at AT TIME ZONE 'UTC', CASE WHEN state = 'pending' THEN due_at AT TIME ZONE 'UTC' END, expires_at,
    deleted_at, links_revoked_at AT TIME ZONE 'UTC'
FROM ledger.recordings WHERE %s = '' OR state = %s ORDER BY changed_at DESC LIMIT %s
"""
_KNOWN = """
SELECT EXISTS (SELECT FROM calls.success WHERE inviteid = %s) OR EXISTS (
    SELECT FROM ledger.records WHERE inviteid = %s
), (SELECT links_revoked_at IS NOT NULL FROM ledger.recordings WHERE inviteid = %s)
"""
_REVOKE = """
INSERT INTO ledger.recordings AS old (inviteid, links_revoked_at) VALUES (%s, now())
ON CONFLICT (inviteid) DO UPDATE SET links_revoked_at = coalesce(old.links_revoked_at, now())
"""
_RESTORE = "UPDATE ledger.recordings SET links_revoked_at = NULL WHERE inviteid = %s"
_FAILED = "SELECT inviteid FROM ledger.recordings WHERE state = 'failed' AND recording <> '' ORDER BY inviteid LIMIT %s"
_FILES = """
SELECT DISTINCT provider, client, recording FROM ledger.recordings
WHERE inviteid = ANY (%s::uuid[]) AND recording <> '' AND state IN ('pending', 'failed')
"""
_SHARING = """
SELECT inviteid FROM ledger.recordings
WHERE (provider, client, recording) = (%s, %s, %s) AND state IN ('pending', 'failed')
"""


class Listed(NamedTuple):
    """One call's recording; times are naive UTC, `size` is in bytes."""

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


def listing(owner: Connection, state: str, limit: int) -> list[Listed]:
    """The recordings that changed last, of `state` or of all."""
    return [Listed(*row) for row in owner.execute(_LISTING, [state, state, limit])]


def check_linkable(owner: Connection, inviteid: UUID) -> None:
    """Raise InvalidRequest when a link to the call could never open anything."""
    known, revoked = owner.execute(_KNOWN, [str(inviteid)] * 3)[0]
    if not known:
        raise InvalidRequest(f"No answered call has the id {inviteid}")
    if revoked:
        raise InvalidRequest(f"The links to {inviteid} are revoked; `recording restore` lets them work again")


def revoke(owner: Connection, inviteid: UUID) -> None:
    """Let no link to the call open anything, those to come included; tokens still do."""
    owner.execute(_REVOKE, [str(inviteid)])


def restore(owner: Connection, inviteid: UUID) -> None:
    """Let links to the call work again."""
    owner.execute(_RESTORE, [str(inviteid)])


def again(owner: Connection, inviteids: list[UUID]) -> list[File]:
    """Let the files of these calls be fetched as if nobody had tried; answers the files."""
    files = [File(*row) for row in owner.execute(_FILES, [[str(inviteid) for inviteid in inviteids]])]
    for file in files:
        recordings.settle_again(owner, [inviteid for (inviteid,) in owner.execute(_SHARING, file)])
    return files


def failed(owner: Connection, limit: int) -> list[UUID]:
    """The calls whose recordings were given up."""
    return [inviteid for (inviteid,) in owner.execute(_FAILED, [limit])]
