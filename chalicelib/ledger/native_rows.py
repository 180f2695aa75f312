"""Ready rows that a PBX posts: each is written once, in however many webhooks it arrives."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b

from chalicelib.calls.records import Row, Table
from chalicelib.ledger import history, months
from chalicelib.ledger.call_rows import CALL_RELATIONS
from chalicelib.ledger.intake import Item
from chalicelib.ledger.rows import as_json, by_relation, columns
from chalicelib.platform.postgres import Connection

# Sorted: two batches that insert the same keys in different orders would deadlock.
_REMEMBER = """
INSERT INTO ledger.native_rows (digest, relation, accepted_at, late)
SELECT digest, relation, accepted_at, EXISTS (SELECT FROM ledger.months WHERE name = month AND retired)
FROM unnest(%s::bytea[], %s::text[], %s::timestamp[], %s::text[]) AS posted (digest, relation, accepted_at, month)
ORDER BY digest
ON CONFLICT DO NOTHING
RETURNING digest, late
"""

_INSERT = """
INSERT INTO {table} SELECT row.* FROM json_populate_recordset(NULL::{table}, %s::json) AS row{unless}
"""
# An inviteid stands for one call. Where events prove a record of this id, a ready row of the same id is left out.
_UNLESS_KNOWN = """
    WHERE NOT EXISTS (
        SELECT FROM ledger.records WHERE records.inviteid = row.inviteid AND records.gone_at IS NULL
    )"""


def write(writer: Connection, items: Iterable[Item]) -> dict[Table, list[Row]]:
    """Insert the ready rows of `items` that are new and that no events contradict, with the next statement.

    A row of a retired month is remembered as late, and not inserted.

    Call it within a transaction. Return the rows that belong to a history, which also gets rows from events. The next
    statement raises DatabaseError when a value does not fit the type of its column.
    """
    posted = {
        _digest(table, row): (table, row, item.message.raw.accepted_at) for item in items for table, row in item.rows
    }
    if not posted:
        return {}
    histories: dict[Table, list[Row]] = defaultdict(list)
    others: list[tuple[Table, Row]] = []
    for table, row in _remembered(writer, posted):
        if history.takes(table, row):
            histories[table].append(row)
        else:
            others.append((table, row))
    for relation, rows_of_table in sorted(by_relation(others).items()):
        writer.post(_insert(relation), [as_json(rows_of_table)])
    return histories


def _remembered(writer: Connection, posted: dict[bytes, tuple[Table, Row, datetime]]) -> list[tuple[Table, Row]]:
    """Remember rows by their digests, and return those that are new and not of a retired month."""
    keys = [
        (digest, ".".join(table), accepted, months.month_of(".".join(table), row))
        for digest, (table, row, accepted) in posted.items()
    ]
    months.hold(writer)
    return [posted[bytes(digest)][:2] for digest, late in writer.execute(_REMEMBER, columns(keys)) if not late]


def _digest(table: Table, row: Row) -> bytes:
    # A missing column and a null give the same row.
    values = {name: value for name, value in row.items() if value is not None}
    return blake2b(json.dumps([table, values], sort_keys=True, default=str).encode(), digest_size=20).digest()


def _insert(relation: str) -> str:
    # The name is that of a documented table in the catalog, never text of a webhook.
    unless = _UNLESS_KNOWN if relation in CALL_RELATIONS else ""
    return _INSERT.replace("{table}", relation).replace("{unless}", unless)
