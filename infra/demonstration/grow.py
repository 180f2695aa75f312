"""Makes years of calls for measurements: a block of days that PostgreSQL repeats.

Only the schema of calls grows; the other tables keep the first block. Each day has the same number of calls, so that
a day's report has the same work to do whatever the size.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import psycopg2.extensions
from psycopg2 import sql

from chalicelib.catalog import TABLES
from chalicelib.maintenance import monthly_tables
from chalicelib.platform.postgres import Connection
from infra.demonstration.fill import END, Progress, analyze, fill, transaction

SCHEMA = "calls"
BLOCK_DAYS = 20

# The columns that differ between blocks; rules and people are the same in each.
IDENTIFIERS = frozenset({"inviteid", "eventid"})
CALL_IDS = frozenset({"acallid", "bcallid", "esgdlg"})

Cursor = psycopg2.extensions.cursor


def grow(
    database_url: str, calls: int, per_day: int = 2_000, progress: Progress | None = None, *, end: date = END
) -> int:
    """Fill the empty tables with at least `calls` calls, `per_day` on each day up to `end`; return how many.

    The number is rounded up to whole blocks of BLOCK_DAYS days once it exceeds one.
    """
    days = -(-calls // per_day)
    block = min(days, BLOCK_DAYS)
    blocks = -(-days // block)
    first_end = end - timedelta(block * (blocks - 1))
    _make_months(database_url, end - timedelta(days), end)
    fill(database_url, block * per_day, days=block, end=first_end, level=True)
    with transaction(database_url) as connection, connection.cursor() as cursor:
        indexes = _drop_indexes(cursor)
        for table in TABLES[SCHEMA]:
            cursor.execute(sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS TABLE {}").format(*_names(table)))
        for number in range(1, blocks):
            for table in TABLES[SCHEMA]:
                cursor.execute(_repeat(table), {"days": number * block, "block": f"-{number}"})
            if progress is not None:
                progress((number + 1) * block * per_day, blocks * block * per_day)
        _create_indexes(cursor, indexes)
        analyze(connection)
    return blocks * block * per_day


def _make_months(database_url: str, first: date, last: date) -> None:
    """Make the partitions beforehand: rows that come first have to move into them."""
    owner = Connection(database_url)
    month = first.replace(day=1)
    while month <= last:
        monthly_tables.make(owner, datetime(month.year, month.month, 1))  # noqa: DTZ001 - naive UTC
        month = (month + timedelta(days=31)).replace(day=1)
    owner.close()


def _names(table: str) -> tuple[sql.Identifier, sql.Identifier]:
    return sql.Identifier(f"block_{table}"), sql.Identifier(SCHEMA, table)


def _repeat(table: str) -> sql.Composed:
    """Insert the first block of `table` once more, some days later and under identifiers of its own."""
    block, into = _names(table)
    values = [_value(name, kind) for name, kind in TABLES[SCHEMA][table]]
    return sql.SQL("INSERT INTO {} SELECT {} FROM {}").format(into, sql.SQL(", ").join(values), block)


def _value(name: str, kind: str) -> sql.Composable:
    column = sql.Identifier(name)
    if kind.startswith("timestamp"):
        return sql.SQL("{} + %(days)s * interval '1 day'").format(column)
    if name in IDENTIFIERS:
        return sql.SQL("md5({}::text || %(block)s)::uuid").format(column)
    if name in CALL_IDS:
        return sql.SQL("{} || %(block)s").format(column)
    return column


def _drop_indexes(cursor: Cursor) -> list[str]:
    """Drop the indexes, which are built faster afterwards; return the statements that create them."""
    cursor.execute("SELECT indexname, indexdef FROM pg_catalog.pg_indexes WHERE schemaname = %s", [SCHEMA])
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(SCHEMA, name)))
    return [definition for _name, definition in indexes]


def _create_indexes(cursor: Cursor, definitions: list[str]) -> None:
    cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for definition in definitions:
        # The definition of an index of a table with partitions would leave them out.
        cursor.execute(definition.replace(" ON ONLY ", " ON "))
