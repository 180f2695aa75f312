"""The tables that decide about the result of a query."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings

from chalicelib.errors import Refused
from chalicelib.statistics import guard, reads
from tests.examples import examples
from tests.statistics.cases import ALLOWED, Case, named
from tests.statistics.generated_queries import QUERIES

_TABLE = re.compile(r"\b(?:from|join|,)\s+(calls|ivrhuntq|userevents)\.([a-z_]+)", re.IGNORECASE)
_CHANGING = re.compile(
    r"\b(now|random|clock_timestamp|statement_timestamp|transaction_timestamp|age)\s*\(|current_|localtime|tablesample"
    r"|today|yesterday|tomorrow|'now",
    re.IGNORECASE,
)


@pytest.mark.parametrize("case", ALLOWED, ids=named)
def test_queries_of_reports(case: Case) -> None:
    """Every table that a query names decides about its result, unless the time or chance does."""
    found = reads.tables(guard.check(case.sql, case.action))
    if _CHANGING.search(case.sql):
        return
    assert found is not None
    assert {f"{schema}.{table}".lower() for schema, table in _TABLE.findall(case.sql)} <= found


@settings(deadline=None, max_examples=examples(300), suppress_health_check=list(HealthCheck))
@given(QUERIES)
def test_every_accepted_query_has_its_tables(sql: str) -> None:
    """For every text that the guard accepts the tables are documented ones, or the result depends on more."""
    try:
        statement = guard.check(sql, "data")
    except Refused:
        return
    found = reads.tables(statement)
    assert found is None or all("." in table for table in found)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select 1", set()),
        ("with w as (select * from calls.success) select count(*) from w", {"calls.success"}),
        ("select 1 where exists (select from calls.forks)", {"calls.forks"}),
        ("select count(*) from calls.success s join calls.forks f using (inviteid)", {"calls.success", "calls.forks"}),
        (
            "select invitedt::date, '2026-11-01'::timestamp from calls.holds h, calls.success",
            {"calls.holds", "calls.success"},
        ),
        ("select age(stop_dt, start_dt) from calls.success", None),
        ("(select 1 from calls.failed) union all (select 1 from calls.cancelled)", {"calls.failed", "calls.cancelled"}),
    ],
)
def test_tables_in_every_place(sql: str, found: set[str] | None) -> None:
    """Subqueries, WITH and set operations are searched too."""
    assert reads.tables(guard.check(sql, guard.ANY_BEGINNING)) == found
