"""Calls of retired months: their rows are no longer in the database, so later events are kept and make no row."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib import metrics
from chalicelib.calls.records import Records
from chalicelib.ledger import call_rows
from chalicelib.ledger.locking import LockedCall
from chalicelib.ledger.rows import columns
from chalicelib.platform.postgres import Connection

Interpreted = tuple[LockedCall, Records]

# A call that is frozen and late is one whose rows do not follow from all of its events.
_FREEZE = """
UPDATE ledger.calls SET frozen = true, late = true, open = false, live = NULL, close_at = NULL
FROM unnest(%s::text[], %s::text[], %s::text[]) AS retired (provider, client, id)
WHERE calls.provider = retired.provider AND calls.client = retired.client AND calls.id = retired.id
"""


def left_out(writer: Connection, calls: Sequence[Interpreted]) -> list[Interpreted]:
    """Return `calls` without those of retired months, which are frozen and flagged with the next statement.

    A call is one of them by the rows that it has, or by those that follow from its events.
    """
    late = [call.key for call, result in calls if _is_retired(call, result)]
    if not late:
        return list(calls)
    writer.post(_FREEZE, columns(late))
    metrics.publish("ingest", {"late_calls": len(late)})
    return [(call, result) for call, result in calls if call.key not in late]


def _is_retired(call: LockedCall, result: Records) -> bool:
    if not call.retired:
        return False
    months = (*call.records.values(), *call_rows.Outcome(result).new_months.values())
    return not call.retired.isdisjoint(month for of_record in months for month in of_record)
