"""Follows a call's former ids to its present one.

The id of a call changes when a missed call turns out to have been answered, and when a release works out ids anew. The
former id keeps a tombstone in `ledger.records` that names its successor, which may have a successor itself.
"""

from __future__ import annotations

from uuid import UUID

from chalicelib.platform.postgres import Connection

# A circle of tombstones, which should not exist, ends here too.
_LONGEST = 20

#: Common table expressions for a recursive query with one parameter, the id: `lineage` has the id and its successors
#: with their `step`, `present` the last one.
CTE = f"""
lineage (inviteid, step) AS (
    VALUES (%s::uuid, 0)
    UNION ALL
    SELECT records.successor, step + 1 FROM lineage JOIN ledger.records USING (inviteid)
    WHERE records.successor IS NOT NULL AND step < {_LONGEST}
),
present AS (SELECT inviteid FROM lineage ORDER BY step DESC LIMIT 1)
"""  # noqa: S608 - a constant of this module
_PRESENT = f"WITH RECURSIVE {CTE} SELECT inviteid FROM present"  # noqa: S608 - a constant of this module


def present_id(connection: Connection, inviteid: UUID) -> UUID:
    """Return the id that the call `inviteid` has now; an id without a successor is its own. Raises Unavailable."""
    return UUID(str(connection.execute(_PRESENT, [str(inviteid)])[0][0]))
