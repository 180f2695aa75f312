"""The rows of calls in the documented tables: what no longer follows goes, what is new comes, equal rows stay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import product
from operator import itemgetter
from typing import NamedTuple

from chalicelib.calls.records import Records, Row
from chalicelib.errors import RingledgerError
from chalicelib.ledger import months
from chalicelib.ledger.rows import as_json, by_relation
from chalicelib.platform.plans import PLANS_LIMIT

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

# A statement brings the rows of one partition up to date. It adds rows through the table, whose lock and trigger tell
# readers that the table changes: the versions of statistics rely on them, also when rows only go. Two rows are equal as
# wholes, also where both have NULL. Other rows of the partition under the inviteid of a record do not remain.
_ROWS = """
WITH known AS MATERIALIZED (
    SELECT stored.content FROM unnest(%s::uuid[]) AS record (inviteid) CROSS JOIN LATERAL (
        SELECT old AS content FROM {table} AS old WHERE old.inviteid = record.inviteid OFFSET 0
    ) AS stored
),
fresh AS MATERIALIZED (
    SELECT content FROM json_populate_recordset(NULL::{table}, %s::json) AS content
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
{summary}
"""

# The rows of records that are new in this transaction, which need no comparison. What is stored under the id of one is
# a ready row, which gives way.
_NEW_ROWS = """
WITH gone AS (
    DELETE FROM {table} WHERE inviteid = ANY (%s::uuid[])
    RETURNING inviteid
),
made AS (
    INSERT INTO {relation} SELECT DISTINCT * FROM json_populate_recordset(NULL::{table}, %s::json)
    RETURNING inviteid
)
{summary}
"""

_SUMMARY = """
SELECT '{relation}', change, count(DISTINCT inviteid)
FROM (SELECT 'gone' AS change, inviteid FROM gone UNION ALL SELECT 'made', inviteid FROM made) AS changed
GROUP BY change ORDER BY change
"""


class UnknownRelation(RingledgerError):
    """A provider's rules made rows for a table that holds no rows of calls."""

    code = "unknown-relation"


class _MonthlyRow(NamedTuple):
    """A row, its table and its month."""

    relation: str
    month: str
    row: Row


@dataclass(frozen=True)
class Outcome:
    """The result for a locked call, with the names of its stored tables and the months of its stored records' rows.

    `months` are those that have partitions.
    """

    result: Records
    relations: Sequence[str] = ()
    records: Mapping[str, Sequence[str]] = field(default_factory=dict)
    months: Collection[str] = ()

    @cached_property
    def rows(self) -> list[_MonthlyRow]:
        """The rows of the result."""
        rows = ((table, row) for table, of_table in self.result.rows.items() for row in of_table)
        return [
            _MonthlyRow(relation, months.month_of(relation, row), row)
            for relation, of_relation in by_relation(rows).items()
            for row in of_relation
        ]

    @cached_property
    def new_months(self) -> Mapping[str, set[str]]:
        """The months of the result's rows, by their inviteids."""
        of_records: dict[str, set[str]] = defaultdict(set)
        for _relation, month, row in self.rows:
            of_records[str(row["inviteid"])].add(month)
        return of_records


class _Place(NamedTuple):
    """A partition of a table, and whether the records of a part are new."""

    relation: str
    partition: str
    is_new: bool


class _Part(NamedTuple):
    """The part of a batch for one partition of a table: its new rows, and the records that may have had others."""

    rows: list[Row]
    inviteids: set[str]


def statements(outcomes: Iterable[Outcome]) -> Iterator[tuple[str, Sequence[object]]]:
    """Return the statements, with their parameters, that bring the rows of calls up to date. Raises UnknownRelation.

    The statements that change the records of these rows come before them.
    """
    parts: dict[_Place, _Part] = defaultdict(lambda: _Part([], set()))
    for outcome in outcomes:
        _divide(outcome, parts)
    for place, part in sorted(parts.items(), key=itemgetter(0)):
        yield _rows_of(place), [sorted(part.inviteids), as_json(part.rows)]


@lru_cache(maxsize=PLANS_LIMIT)
def _rows_of(place: _Place) -> str:
    statement = _NEW_ROWS if place.is_new else _ROWS
    statement = statement.replace("{summary}", _SUMMARY)
    return statement.replace("{table}", place.partition).replace("{relation}", place.relation)


def _divide(outcome: Outcome, parts: dict[_Place, _Part]) -> None:
    """Add the rows of a call, and the records whose rows may differ, to the partitions of their months."""
    relations = {*map(".".join, outcome.result.rows), *outcome.relations}
    if unknown := sorted(relations.difference(CALL_RELATIONS)):
        raise UnknownRelation(f"{', '.join(unknown)} holds no rows of calls")
    for inviteid, of_record in _months(outcome).items():
        for relation, month in product(relations, of_record):
            parts[_place(outcome, relation, month, inviteid)].inviteids.add(inviteid)
    for relation, month, row in outcome.rows:
        parts[_place(outcome, relation, month, str(row["inviteid"]))].rows.append(row)


def _place(outcome: Outcome, relation: str, month: str, inviteid: str) -> _Place:
    return _Place(relation, months.partition(relation, month, outcome.months), inviteid not in outcome.records)


def _months(outcome: Outcome) -> dict[str, set[str]]:
    """Return the months in which each record has rows, or had some."""
    inviteids = outcome.new_months.keys() | outcome.records.keys()
    return {
        inviteid: outcome.new_months.get(inviteid, set()).union(outcome.records.get(inviteid, ()))
        for inviteid in inviteids
    }
