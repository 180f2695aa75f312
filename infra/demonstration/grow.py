"""Makes years of calls for measurements: a block of days that PostgreSQL repeats.

The calls and their ways through queues grow; the other tables keep the first block. Each day has the same number of
calls, so that a day's report has the same work to do whatever the size. A third of the customers calls in every block;
the others have new numbers in each.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import psycopg2.extensions
from psycopg2 import sql

from chalicelib.catalog import TABLES
from chalicelib.maintenance import monthly_tables
from chalicelib.platform.postgres import Connection
from infra.demonstration.fill import END, Progress, analyze, fill, transaction

BLOCK_DAYS = 20

Table = tuple[str, str]

GROWING: tuple[Table, ...] = (*(("calls", table) for table in TABLES["calls"]), ("ivrhuntq", "huntq_calls"))

# The columns that differ between blocks; rules and people are the same in each.
IDENTIFIERS = frozenset({"inviteid", "eventid"})
CALL_IDS = frozenset({"acallid", "bcallid", "callid", "esgdlg"})
NUMBERS = frozenset({"anumber", "bnumber", "fromnumber", "callednum", "from_user"})
# Customers have twelve digits, lines and agents fewer. Those whose number ends in 0, 1 or 2 keep it.
NEW_NUMBER = """CASE WHEN length({column}) = 12 AND right({column}, 1) > '2' THEN
    left({column}, 5) || lpad(((right({column}, 7)::integer + %(days)s * 5003) %% 10000000)::text, 7, '0')
ELSE {column} END"""

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
        for table in GROWING:
            cursor.execute(sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS TABLE {}").format(*_names(table)))
        for number in range(1, blocks):
            for table in GROWING:
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


def _names(table: Table) -> tuple[sql.Identifier, sql.Identifier]:
    return sql.Identifier(f"block_{table[1]}"), sql.Identifier(*table)


def _repeat(table: Table) -> sql.Composed:
    """Insert the first block of `table` once more, some days later and under identifiers of its own."""
    block, into = _names(table)
    schema, name = table
    values = [_value(column, kind) for column, kind in TABLES[schema][name]]
    return sql.SQL("INSERT INTO {} SELECT {} FROM {}").format(into, sql.SQL(", ").join(values), block)


def _value(name: str, kind: str) -> sql.Composable:
    column = sql.Identifier(name)
    if kind.startswith("timestamp"):
        return sql.SQL("{} + %(days)s * interval '1 day'").format(column)
    if name in IDENTIFIERS:
        return sql.SQL("md5({}::text || %(block)s)::uuid").format(column)
    if name in NUMBERS:
        return sql.SQL(NEW_NUMBER).format(column=column)
    if name in CALL_IDS:
        return sql.SQL("{} || %(block)s").format(column)
    return column


def _drop_indexes(cursor: Cursor) -> list[str]:
    """Drop the indexes, which are built faster afterwards; return the statements that create them."""
    cursor.execute(
        "SELECT schemaname, indexname, indexdef FROM pg_catalog.pg_indexes WHERE (schemaname, tablename) IN %s",
        [GROWING],
    )
    indexes = cursor.fetchall()
    for schema, name, _definition in indexes:
        cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(schema, name)))
    return [definition for *_names, definition in indexes]


def _create_indexes(cursor: Cursor, definitions: list[str]) -> None:
    cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for definition in definitions:
        # The definition of an index of a table with partitions would leave them out.
        cursor.execute(definition.replace(" ON ONLY ", " ON "))
