"""What is written of calls: the statement for the tables that they concern, and its parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from chalicelib.calls.records import Records
from chalicelib.ledger import statements
from chalicelib.ledger.rows import as_json, by_relation


def statement(results: Sequence[Records], before: Collection[str], *, again: bool) -> tuple[str, list[object]]:
    """The statement that makes rows of calls those of `results`, and its parameters.

    The tables `before` hold rows of these calls; without `again` none of them had a record yet.
    """
    rows = by_relation((table, row) for records in results for table, found in records.rows.items() for row in found)
    text, tables = statements.writing(before, set(rows), again=again)
    calls = [_call(call) for call in results]
    records = [record for call in results for record in _records(call)]
    taken = [as_json(rows.get(table, [])) for table in tables]
    return text, [as_json(calls), len(calls), as_json(records), len(records), *taken]


def _call(records: Records) -> dict[str, object]:
    return {
        **records.call._asdict(),
        "open": records.open,
        "flags": records.flags,
        "relations": sorted(map(".".join, records.rows)),
        "live": [leg._asdict() for leg in records.live] or None,
        "successors": records.successors,
        "heeded_until": records.heeded_until,
    }


def _records(records: Records) -> Iterator[dict[str, object]]:
    """What is known of each record besides its rows; also of one that has rows of its parts and no outcome yet."""
    provider, client, call_id = records.call
    sides = {side.inviteid: side for side in records.sides}
    found = {str(row["inviteid"]) for rows in records.rows.values() for row in rows}
    for inviteid in sorted(found | set(sides)):
        side = sides.get(inviteid)
        facts = {"leg": side.leg_id, "reasons": side.reasons, "recording": side.recording, **side.notes} if side else {}
        yield {
            "inviteid": inviteid,
            "provider": provider,
            "client": client,
            "call_id": call_id,
            "complete": bool(side and side.complete),
            "facts": facts,
        }
