"""Rows that a PBX gives ready-made: each is written once, however often and by however many webhooks it comes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from hashlib import blake2b

from chalicelib.calls.records import Row, Table
from chalicelib.ledger import history
from chalicelib.ledger.intake import Item
from chalicelib.ledger.rows import as_json, by_relation, columns
from chalicelib.ledger.writing import CALL_RELATIONS
from chalicelib.platform.postgres import Connection

# Sorted for the same reason as raw events are.
_REMEMBER = """
INSERT INTO ledger.native_rows (digest, relation, accepted_at)
SELECT * FROM unnest(%s::bytea[], %s::text[], %s::timestamp[]) AS given (digest) ORDER BY digest
ON CONFLICT DO NOTHING
RETURNING digest
"""

_HEAD = "WITH given (rows) AS (SELECT %s::jsonb),"
_INSERT = """
{name} AS (
    INSERT INTO {table}
    SELECT row.* FROM given, jsonb_populate_recordset(NULL::{table}, given.rows -> '{table}') AS row{unless}
)
"""
# What events tell of a record outweighs what anybody else says of it: its inviteid stands for one call only.
_UNLESS_KNOWN = """
    WHERE NOT EXISTS (
        SELECT FROM ledger.records WHERE records.inviteid = row.inviteid AND records.gone_at IS NULL
    )"""


def write(writer: Connection, items: Iterable[Item]) -> dict[Table, list[Row]]:
    """Add the ready rows of `items` that were never added before, and are no records of calls that events tell of.

    To be called within a transaction. Answers those that are left to the histories, where events prove the like.
    Raises DatabaseError when a value is not of its column's type.
    """
    given = {
        _digest(table, row): (table, row, item.message.raw.accepted_at) for item in items for table, row in item.rows
    }
    if not given:
        return {}
    rows = [(digest, ".".join(table), accepted) for digest, (table, _, accepted) in given.items()]
    new = [bytes(digest) for (digest,) in writer.execute(_REMEMBER, columns(rows))]
    fresh = [given[digest][:2] for digest in new]
    histories: dict[Table, list[Row]] = defaultdict(list)
    others: list[tuple[Table, Row]] = []
    for table, row in fresh:
        if history.takes(table, row):
            histories[table].append(row)
        else:
            others.append((table, row))
    by_name = by_relation(others)
    if by_name:
        writer.execute(_inserting(sorted(by_name)), [as_json(by_name)])
    return histories


def _digest(table: Table, row: Row) -> bytes:
    # A column that is not named and one that is null are the same row.
    said = {name: value for name, value in row.items() if value is not None}
    return blake2b(json.dumps([table, said], sort_keys=True, default=str).encode(), digest_size=20).digest()


def _inserting(relations: list[str]) -> str:
    # The names come from the catalog of documented tables, never from a webhook.
    parts = [
        _INSERT.replace("{table}", relation)
        .replace("{name}", relation.replace(".", "_"))
        .replace("{unless}", _UNLESS_KNOWN if relation in CALL_RELATIONS else "")
        for relation in relations
    ]
    return _HEAD + ",".join(parts) + "SELECT"
