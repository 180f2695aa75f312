"""DuckDB runs Ringledger's own reports over the archive and the database together, to the same rows as before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from chalicelib.statistics.own_reports import own_reports
from tests.archive.months import BUCKET, LATER, Archive
from tests.databases import run
from tests.ingest.telephony import BEGIN, answered, busy, missed, ring_group

LATE_SECOND = int((LATER - BEGIN).total_seconds())
#: Views of DuckDB, and the definitions that PostgreSQL has for them: every day is made anew, none is kept.
VIEWS = {
    "ledger.computed_calls": "ledger.computed_calls",
    "ledger.changed_calls": "ledger.computed_calls",
    "metrics.calls": "ledger.computed_calls",
    "metrics.talks": "metrics.talks",
    "metrics.rings": "metrics.rings",
    "metrics.queue_calls": "metrics.queue_calls",
    "metrics.quarters": "ledger.changed_quarters",
    "metrics.peaks": "ledger.changed_peaks",
    "metrics.transfers": "ledger.changed_transfers",
    "metrics.agent_days": "ledger.changed_agent_days",
    "metrics.missed_calls": "ledger.changed_missed",
}
DAYS = (
    "SELECT day::date AS day FROM generate_series(DATE '2026-10-01', DATE '2027-04-01', INTERVAL 1 DAY) AS days (day)"
)
MACROS = (
    "CREATE MACRO date_bin(width, moment, origin) AS time_bucket(width::interval, moment, origin)",
    "CREATE MACRO width_bucket(operand, bounds) AS len(list_filter(bounds, lambda bound: bound <= operand))",
    "CREATE MACRO daterange(first, last, bounds) AS NULL",
)
#: Spellings of PostgreSQL that DuckDB lacks.
SPELLINGS = (
    (r"::timestamp without time zone", "::timestamp"),
    (r"::character varying", "::varchar"),
    (r'"right"\(', "right("),
    (r"SELECT\s+FROM", "SELECT 1 FROM"),
    (r"select\s+from", "select 1 from"),
    (r"\bat\b(?! time zone)", '"at"'),
)


def translated(sql: str) -> str:
    """Return a query of PostgreSQL as DuckDB reads it."""
    for pattern, replacement in SPELLINGS:
        sql = re.sub(pattern, replacement, sql)
    return sql


def queries() -> Iterator[tuple[str, str]]:
    """Return the own reports with values in place of their parameters."""
    for name, report in own_reports().items():
        values: dict[str, Any] = {each.name: each.default for each in report.parameters}
        values |= {"from": "2026-11-01", "to": "2027-03-01", "zone": "UTC"}
        sql = report.psql
        for parameter in sorted(values, key=len, reverse=True):
            value = values[parameter]
            literal = "null" if value is None else repr(value)
            sql = re.sub(
                rf"(?<!:):{parameter}\b", f"{literal}::timestamp" if parameter in {"from", "to"} else literal, sql
            )
        yield name, sql


def plain(rows: list[tuple[Any, ...]]) -> list[str]:
    """Return rows as sorted text in which equal values of both engines are equal."""
    return sorted(repr([_value(value) for value in row]) for row in rows)


def _value(value: Any) -> Any:
    if isinstance(value, Decimal | float | int) and not isinstance(value, bool):
        return round(float(value), 6)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return None if value is None else str(value)


@pytest.fixture
def both(archive: Archive, tmp_path: Path) -> Iterator[tuple[dict[str, list[str]], duckdb.DuckDBPyConnection]]:
    """Return the rows of each report before the retirement, and a DuckDB with archive and database together."""
    ledger = archive.ledger
    ledger.take(ring_group("C1", 0) + missed("C2", 60) + missed("C2b", 90) + answered("C3", 400) + busy("C4", 500))
    ledger.take(missed("C5", LATE_SECOND) + answered("C6", LATE_SECOND + 60) + ring_group("C7", LATE_SECOND + 200))
    before = {name: plain(run(ledger.url, sql)) for name, sql in queries()}
    archive.retire()
    for key in archive.objects():
        path = tmp_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        archive.s3.download_file(BUCKET, key, str(path))
    with duckdb.connect() as duck:
        duck.execute("SET TimeZone = 'UTC'")
        for (table,) in run(ledger.url, "SELECT name FROM ledger.partitioned_tables"):
            _table(duck, archive, str(table), tmp_path / "archive")
        for schema in ("metrics", "ledger"):
            duck.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        duck.execute(f"CREATE TABLE ledger.changed_days AS {DAYS}")
        for macro in MACROS:
            duck.execute(macro)
        duck.execute("CREATE TABLE metrics.agents (agent text, person text, user_id text)")
        for view, source in VIEWS.items():
            ((definition,),) = run(ledger.url, "SELECT pg_get_viewdef(%s::regclass)", [source])
            duck.execute(f"CREATE VIEW {view} AS {translated(str(definition))}")
        yield before, duck


def _table(duck: duckdb.DuckDBPyConnection, archive: Archive, table: str, folder: Path) -> None:
    """Make a table with the archived rows and those that are in the database."""
    duck.execute(f"CREATE SCHEMA IF NOT EXISTS {table.partition('.')[0]}")
    duck.execute(
        f'CREATE TABLE {table} AS SELECT * EXCLUDE ("table", month)'
        f" FROM read_parquet('{folder}/table={table}/*/*.parquet', hive_partitioning = true)"
    )
    rows = run(archive.ledger.url, f"SELECT * FROM {table}")
    if rows:
        duck.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


@pytest.mark.verify
def test_the_own_reports_agree_to_the_row(
    both: tuple[dict[str, list[str]], duckdb.DuckDBPyConnection],
) -> None:
    """Each of the twelve reports over archive and database has the rows that it had before the retirement."""
    before, duck = both
    assert len(before) == 12
    assert sum(map(len, before.values())) > 20
    after = {name: plain(duck.execute(translated(sql)).fetchall()) for name, sql in queries()}
    assert after == before
