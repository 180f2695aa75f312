"""What the database says about a call's recording, in one round trip."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chalicelib.platform.postgres import Connection

# Of several rows that a PBX of its own gave a call, the one that plays counts, and longest.
# A missed call that was answered after all has a successor, and its links lead there.
_FIND = """
WITH RECURSIVE chain (inviteid, hop) AS (
    VALUES (%s::uuid, 0)
    UNION ALL
    SELECT records.successor, hop + 1 FROM chain JOIN ledger.records USING (inviteid)
    WHERE records.successor IS NOT NULL AND hop < 8
),
last AS (SELECT inviteid FROM chain ORDER BY hop DESC LIMIT 1)
SELECT
    call.inviteid IS NOT NULL
        OR EXISTS (SELECT FROM calls.cancelled WHERE cancelled.inviteid = last.inviteid)
        OR EXISTS (SELECT FROM calls.failed WHERE failed.inviteid = last.inviteid),
    EXISTS (
        SELECT FROM chain JOIN ledger.recordings USING (inviteid) WHERE recordings.links_revoked_at IS NOT NULL
    ),
    coalesce(fact.state, 'none'), coalesce(fact.reason, ''), coalesce(call.isrec, false),
    coalesce(call.callrecpath, ''), call.callstoragecode, call.callrecdel_dt, call.recexpirets,
    coalesce(call.duration, 0)
FROM last
    LEFT JOIN calls.success AS call ON call.inviteid = last.inviteid
    LEFT JOIN ledger.recordings AS fact ON fact.inviteid = last.inviteid
ORDER BY
    call.callrecpath IS NULL, call.callrecdel_dt IS NOT NULL,
    coalesce(call.recexpirets <= now() AT TIME ZONE 'UTC', false), call.recexpirets DESC NULLS FIRST
LIMIT 1
"""


class Found(NamedTuple):
    """A call's recording: `state` and `reason` as the recorder left them, the rest from the call's row.

    Times are naive UTC, `duration` is the talk's, in seconds.
    """

    known: bool
    links_revoked: bool
    state: str
    reason: str
    recorded: bool
    path: str
    storage: str | None
    deleted: datetime | None
    expires: datetime | None
    duration: int


def find(gate: Connection, inviteid: UUID) -> Found:
    """What is known of the call `inviteid`. Raises Unavailable."""
    return Found(*gate.execute(_FIND, [str(inviteid)])[0])
