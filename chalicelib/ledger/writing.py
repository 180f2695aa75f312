"""Writes what follows from calls: their records, their rows in the documented tables, and their state.

What no longer follows is deleted, what is new is inserted, and what stayed the same is not touched. A record's version
grows by one in a transaction, however many of its rows change: `changed_at = now()` says that it has grown already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from chalicelib.calls.events import CallKey
from chalicelib.calls.records import Records, Side
from chalicelib.ledger import call_rows
from chalicelib.ledger.call_rows import Outcome
from chalicelib.ledger.rows import as_json, columns
from chalicelib.platform.postgres import Connection

# An inviteid that another call owns breaks the primary key: no call can take the record of another.
_ADD_RECORDS = """
INSERT INTO ledger.records (inviteid, provider, client, call_id, complete, facts, months)
SELECT * FROM json_to_recordset(%s::json) AS record (
    inviteid uuid, provider text, client text, call_id text, complete boolean, facts jsonb, months text[]
) ORDER BY inviteid
"""
_CHANGE_RECORDS = """
UPDATE ledger.records AS old SET
    version = old.version + 1, complete = record.complete, facts = record.facts, months = record.months,
    changed_at = now(), gone_at = NULL, successor = NULL
FROM json_to_recordset(%s::json) AS record (inviteid uuid, complete boolean, facts jsonb, months text[])
WHERE old.inviteid = record.inviteid AND (
    old.gone_at IS NOT NULL
    OR (old.complete, old.facts, old.months) IS DISTINCT FROM (record.complete, record.facts, record.months)
)
"""

# A tombstone's successor changes too when the record that took its place is gone itself.
_BURY = """
UPDATE ledger.records AS old SET
    version = old.version + 1, changed_at = now(), gone_at = coalesce(old.gone_at, now()), successor = past.successor,
    months = '{}'
FROM (
    SELECT buried.inviteid, coalesce((of_rounds::jsonb ->> (known.facts ->> 'first_event'))::uuid, buried.successor)
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS buried (inviteid, successor, of_rounds)
    JOIN ledger.records AS known USING (inviteid)
) AS past (inviteid, successor)
WHERE old.inviteid = past.inviteid
    AND (old.gone_at IS NULL OR past.successor IS NOT NULL AND old.successor IS DISTINCT FROM past.successor)
"""

_CALLS = """
UPDATE ledger.calls AS old SET
    version = old.version + EXISTS (
        SELECT FROM ledger.records
        WHERE records.provider = old.provider AND records.client = old.client AND records.call_id = old.id
            AND records.changed_at = now()
    )::integer,
    open = call.open, flags = call.flags, relations = call.relations, live = nullif(call.live, 'null'),
    interpreted_until = call.interpreted_until, close_at = call.close_at, fault = ''
FROM json_to_recordset(%s::json) AS call (
    provider text, client text, id text, open boolean, flags text[], relations text[], live jsonb,
    interpreted_until timestamp, close_at timestamp
)
WHERE old.provider = call.provider AND old.client = call.client AND old.id = call.id
"""

Change = tuple[str, str, int]
_Statement = tuple[str, Sequence[object]]


def post(writer: Connection, outcomes: Sequence[Outcome]) -> None:
    """Write `outcomes` with the transaction's next statement. Raises UnknownRelation.

    That statement raises DatabaseError, of state 23505 when a record belongs to another call.
    """
    for sql, parameters in _statements(outcomes):
        writer.post(sql, parameters)


def write(writer: Connection, outcomes: Sequence[Outcome]) -> list[Change]:
    """Write `outcomes` and return how many records changed in each table: its name, `gone` or `made`, and the number.

    Raises as `post` and its next statement do.
    """
    changes: list[Change] = []
    for sql, parameters in _statements(outcomes):
        changes += [(relation, change, count) for relation, change, count in writer.execute_planned(sql, parameters)]
    return changes


def _statements(outcomes: Sequence[Outcome]) -> Iterator[_Statement]:
    yield from _statements_of_records(outcomes)
    yield from call_rows.statements(outcomes)
    yield _CALLS, [as_json([_call(outcome.result) for outcome in outcomes])]


def _statements_of_records(outcomes: Sequence[Outcome]) -> Iterator[_Statement]:
    new, old = _records(outcomes)
    if new:
        yield _ADD_RECORDS, [as_json(new)]
    if old:
        yield _CHANGE_RECORDS, [as_json(old)]
    if past := list(chain.from_iterable(map(_tombstones, outcomes))):
        yield _BURY, columns(past)


def _call(result: Records) -> dict[str, object]:
    return {
        **result.call._asdict(),
        "open": result.open,
        "flags": result.flags,
        "relations": sorted(map(".".join, result.rows)),
        "live": [leg._asdict() for leg in result.live] or None,
        "interpreted_until": result.interpreted_until,
        "close_at": result.close_at,
    }


def _records(outcomes: Sequence[Outcome]) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Return the records that calls have not had before, and those they have had."""
    new: list[dict[str, object]] = []
    old: list[dict[str, object]] = []
    for outcome in outcomes:
        sides = {side.inviteid: side for side in outcome.result.sides}
        for inviteid in sorted(_inviteids(outcome.result)):
            record = _record(outcome.result.call, inviteid, sides.get(inviteid))
            record["months"] = sorted(outcome.new_months.get(inviteid, ()))
            (old if inviteid in outcome.records else new).append(record)
    return new, old


def _record(call: CallKey, inviteid: str, side: Side | None) -> dict[str, object]:
    """Return the facts of a record; one that has parts and no row of its own yet has no side."""
    facts: dict[str, object] = {}
    if side:
        facts = {"leg": side.leg_id, "reasons": side.reasons, "recording": side.recording, **side.notes}
    if side and side.first_event:
        facts["first_event"] = side.first_event.isoformat()
    return {
        "inviteid": inviteid,
        "provider": call.provider,
        "client": call.client,
        "call_id": call.id,
        "complete": bool(side and side.complete),
        "facts": facts,
    }


def _inviteids(result: Records) -> set[str]:
    rows = {str(row["inviteid"]) for rows in result.rows.values() for row in rows}
    return rows | {side.inviteid for side in result.sides}


def _tombstones(outcome: Outcome) -> Iterator[tuple[str, str | None, str]]:
    """Return the ids of records that are gone, the record in the place of each, and the one of each round of a leg."""
    result = outcome.result
    for inviteid in sorted(set(outcome.records) - _inviteids(result)):
        yield inviteid, result.successors.get(inviteid), as_json(result.round_successors.get(inviteid, {}))
