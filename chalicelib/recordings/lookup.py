"""Finds what is known of a call's recording, in the months that its record names."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chalicelib.ledger import periods
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import lineage

# A PBX that writes rows itself may give a call several: the one that can be played for longest counts.
_FIND = f"""
WITH RECURSIVE {lineage.CTE}
SELECT
    call.inviteid IS NOT NULL
        OR EXISTS (SELECT FROM calls.cancelled WHERE cancelled.inviteid = present.inviteid{{within}})
        OR EXISTS (SELECT FROM calls.failed WHERE failed.inviteid = present.inviteid{{within}}),
    EXISTS (
        SELECT FROM lineage JOIN ledger.recordings USING (inviteid) WHERE recordings.links_revoked_at IS NOT NULL
    ),
    coalesce(fact.state, 'none'), coalesce(fact.reason, ''), coalesce(call.isrec, false),
    coalesce(call.callrecpath, ''), call.callstoragecode, call.callrecdel_dt, call.recexpirets,
    coalesce(call.duration, 0)
FROM present
    LEFT JOIN calls.success AS call ON call.inviteid = present.inviteid{{within}}
    LEFT JOIN ledger.recordings AS fact ON fact.inviteid = present.inviteid
ORDER BY
    call.callrecpath IS NULL, call.callrecdel_dt IS NOT NULL,
    coalesce(call.recexpirets <= now() AT TIME ZONE 'UTC', false), call.recexpirets DESC NULLS FIRST
LIMIT 1
"""  # noqa: S608 - a constant of lineage
_FIND_ANYWHERE = _FIND.format(within="")
_FIND_WITHIN = _FIND.format(within=" AND invitedt >= %s AND invitedt < %s")
# Rows that a PBX wrote itself have no record.
_MONTHS = f"WITH RECURSIVE {lineage.CTE} SELECT months FROM present JOIN ledger.records USING (inviteid)"  # noqa: S608


class Recording(NamedTuple):
    """The recording of a call: `state` and `reason` from the recorder, the rest from the call's row.

    `is_known` is False when no call has the id. Times are naive UTC, `duration` is that of the talk in seconds.
    """

    is_known: bool
    links_revoked: bool
    state: str
    reason: str
    is_recorded: bool
    path: str
    storage: str | None
    deleted: datetime | None
    expires: datetime | None
    duration: int


def find(gate: Connection, inviteid: UUID) -> Recording:
    """Return what is known of the recording of the call `inviteid`, or of its successor. Raises Unavailable."""
    records = gate.execute(_MONTHS, [str(inviteid)])
    period = periods.period(records[0][0]) if records else None
    if period is None:
        return Recording(*gate.execute(_FIND_ANYWHERE, [str(inviteid)])[0])
    return Recording(*gate.execute(_FIND_WITHIN, [str(inviteid), *period * 3])[0])
