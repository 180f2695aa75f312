"""Writes what follows from calls: their records, their rows in the documented tables, and their state.

What no longer follows is deleted, what is new is inserted, and what stayed the same is not touched. A record's version
grows by one in a transaction, however many of its rows change: `changed_at = now()` says that it has grown already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from chalicelib.calls.events import CallKey
from chalicelib.calls.records import Records, Row, Side, Table
from chalicelib.errors import RingledgerError
from chalicelib.ledger import months
from chalicelib.ledger.rows import as_json, by_relation, columns
from chalicelib.platform.plans import PLANS_LIMIT
from chalicelib.platform.postgres import Connection

#: The documented tables whose rows belong to a call by their inviteid.
CALL_RELATIONS = (
    "calls.success",
    "calls.cancelled",
    "calls.failed",
    "calls.forks",
    "calls.holds",
    "calls.routes",
    "ivrhuntq.huntq_calls",
    "ivrhuntqevents.final",
    "ivrhuntqevents.queue_dequeue",
    "ivrhuntqevents.queue_enqueue",
    "ivrhuntqevents.queue_greeting",
    "ivrhuntqevents.queue_preivr_start",
    "ivrhuntqevents.queue_quit",
    "ivrhuntqevents.queue_start_call",
    "ivrhuntqevents.queue_userban",
)

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

# A statement compares the rows of one partition. It adds rows through the table, whose lock and trigger tell readers
# that the table changes: the versions of statistics rely on them, also when rows only go. Two rows are equal as
# wholes, also where both have NULL. Other rows of the partition under the inviteid of a record do not remain.
_ROWS = """
WITH fresh AS MATERIALIZED (
    SELECT content FROM json_populate_recordset(NULL::{table}, %s::json) AS content
),
known AS MATERIALIZED (
    SELECT stored.content FROM unnest(%s::uuid[]) AS record (inviteid) CROSS JOIN LATERAL (
        SELECT old AS content FROM {table} AS old WHERE old.inviteid = record.inviteid OFFSET 0
    ) AS stored
),
gone AS (
    DELETE FROM {table} AS old USING (TABLE known EXCEPT TABLE fresh) AS past
    WHERE old.inviteid = (past.content).inviteid AND old = past.content
    RETURNING old.inviteid
),
made AS (
    INSERT INTO {relation} SELECT (content).* FROM (TABLE fresh EXCEPT TABLE known) AS new
    RETURNING inviteid
),
counted AS (
    UPDATE ledger.records AS old SET version = old.version + 1, changed_at = now()
    FROM (SELECT inviteid FROM gone UNION SELECT inviteid FROM made) AS changed
    WHERE old.inviteid = changed.inviteid AND old.changed_at <> now()
)
SELECT '{relation}', change, count(DISTINCT inviteid)
FROM (SELECT 'gone' AS change, inviteid FROM gone UNION ALL SELECT 'made', inviteid FROM made) AS changed
GROUP BY change ORDER BY change
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


class UnknownRelation(RingledgerError):
    """A provider's rules made rows for a table that holds no rows of calls."""

    code = "unknown-relation"


class Outcome(NamedTuple):
    """The result for a locked call, with the names of its stored tables and the months of its stored records' rows.

    `months` are those that have partitions.
    """

    result: Records
    relations: Sequence[str] = ()
    records: Mapping[str, Sequence[str]] = {}
    months: Collection[str] = ()


class _Part(NamedTuple):
    """The part of a batch for one partition of a table: its new rows, and the records that may have had others."""

    rows: list[Row]
    inviteids: set[str]


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
    yield from _statements_of_rows(outcomes)
    yield _CALLS, [as_json([_call(outcome.result) for outcome in outcomes])]


def _statements_of_records(outcomes: Sequence[Outcome]) -> Iterator[_Statement]:
    new, old = _records(outcomes)
    if new:
        yield _ADD_RECORDS, [as_json(new)]
    if old:
        yield _CHANGE_RECORDS, [as_json(old)]
    if past := list(chain.from_iterable(map(_tombstones, outcomes))):
        yield _BURY, columns(past)


def _statements_of_rows(outcomes: Sequence[Outcome]) -> Iterator[_Statement]:
    parts: dict[tuple[str, str], _Part] = defaultdict(lambda: _Part([], set()))
    for outcome in outcomes:
        _divide(outcome, parts)
    for (relation, partition), part in sorted(parts.items(), key=itemgetter(0)):
        yield _rows_of(relation, partition), [as_json(part.rows), sorted(part.inviteids)]


@lru_cache(maxsize=PLANS_LIMIT)
def _rows_of(relation: str, partition: str) -> str:
    return _ROWS.replace("{table}", partition).replace("{relation}", relation)


def _divide(outcome: Outcome, parts: dict[tuple[str, str], _Part]) -> None:
    """Add the rows of a call, and the records whose rows may differ, to the partitions of their months."""
    rows = by_relation(_rows(outcome.result))
    if unknown := sorted({*rows, *outcome.relations}.difference(CALL_RELATIONS)):
        raise UnknownRelation(f"{', '.join(unknown)} holds no rows of calls")
    of_records = _months(outcome)
    for relation in {*rows, *outcome.relations}:
        for month, inviteids in of_records.items():
            partition = months.partition(relation, month, outcome.months)
            parts[relation, partition].inviteids.update(inviteids)
        for row in rows.get(relation, []):
            partition = months.partition(relation, months.month_of(relation, row), outcome.months)
            parts[relation, partition].rows.append(row)


def _months(outcome: Outcome) -> dict[str, set[str]]:
    """Return the ids of the records that have rows in each month, or had some."""
    of_records: dict[str, set[str]] = defaultdict(set)
    for records in (outcome.records, _new_months(outcome.result)):
        for inviteid, of_record in records.items():
            for month in of_record:
                of_records[month].add(inviteid)
    return of_records


def _new_months(result: Records) -> dict[str, set[str]]:
    """Return the months of the rows of each record."""
    of_records: dict[str, set[str]] = defaultdict(set)
    for table, row in _rows(result):
        of_records[str(row["inviteid"])].add(months.month_of(".".join(table), row))
    return of_records


def _rows(result: Records) -> Iterator[tuple[Table, Row]]:
    for table, rows in result.rows.items():
        for row in rows:
            yield table, row


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
        of_records = _new_months(outcome.result)
        for inviteid in sorted(_inviteids(outcome.result)):
            record = _record(outcome.result.call, inviteid, sides.get(inviteid))
            record["months"] = sorted(of_records[inviteid])
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
