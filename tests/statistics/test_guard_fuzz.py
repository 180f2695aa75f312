"""The guard under generated and mutated queries, with PostgreSQL itself as the judge of what they would do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from pglast.parser import parse_sql_json
from psycopg2 import extensions

from chalicelib.catalog import TABLES
from chalicelib.errors import Refused
from chalicelib.statistics import guard
from chalicelib.statistics.allowlist import FUNCTIONS
from tests.statistics.generated import QUERIES

DOCUMENTED = {(schema, table) for schema, tables in TABLES.items() for table in tables}
THOROUGH = settings(deadline=None, max_examples=600, suppress_health_check=list(HealthCheck))


def _accepted(sql: str) -> str | None:
    try:
        return guard.check(sql, "data")
    except Refused:
        return None


def _without_places(node: Any) -> Any:
    if isinstance(node, dict):
        places = {
            "location",
            "stmt_len",
            "stmt_location",
            "list_start",
            "list_end",
            "rexpr_list_start",
            "rexpr_list_end",
        }
        return {name: _without_places(value) for name, value in node.items() if name not in places}
    return [_without_places(part) for part in node] if isinstance(node, list) else node


@THOROUGH
@given(QUERIES)
def test_every_text_is_accepted_or_refused(sql: str) -> None:
    """Whatever is sent, the guard ends with a statement or with Refused, never with another exception."""
    statement = _accepted(sql)
    assert statement is None or statement.lstrip("(").startswith("SELECT")


@THOROUGH
@given(QUERIES)
def test_what_runs_is_what_was_meant(sql: str) -> None:
    """The rewritten statement has the very tree of the accepted text."""
    statement = _accepted(sql)
    if statement is not None:
        meant, runs = (_without_places(json.loads(parse_sql_json(text))) for text in (sql, statement))
        assert meant == runs


@THOROUGH
@given(QUERIES)
def test_what_was_accepted_is_accepted_again(sql: str) -> None:
    """The statement that runs passes the guard itself: rewriting brings in nothing new."""
    statement = _accepted(sql)
    if statement is not None and statement.startswith("SELECT"):
        assert _accepted(statement) is not None


@pytest.fixture(scope="module")
def mighty(stack: dict[str, Any]) -> Iterator[extensions.connection]:
    """A connection that may do anything: only the guard stands between the query and the database."""
    connection = psycopg2.connect(stack["database_url"])
    connection.cursor().execute("set statement_timeout = '3s'; set search_path = ''")
    connection.commit()
    yield connection
    connection.close()


@THOROUGH
@given(sql=QUERIES)
def test_an_accepted_query_changes_nothing_even_for_a_superuser(mighty: extensions.connection, sql: str) -> None:
    """Run by a superuser outside of READ ONLY, it takes no transaction id, lock of rows, setting or large object."""
    statement = _accepted(sql)
    if statement is None:
        return
    with mighty.cursor() as cursor:
        try:
            cursor.execute(statement)
            cursor.execute(
                "select pg_catalog.pg_current_xact_id_if_assigned(), (select count(*) from pg_catalog.pg_locks"
                " where pid = pg_catalog.pg_backend_pid() and mode not in ('AccessShareLock', 'ExclusiveLock')),"
                " (select count(*) from pg_catalog.pg_largeobject_metadata),"
                " pg_catalog.current_setting('statement_timeout')"
            )
            assert cursor.fetchone() == (None, 0, 0, "3s")
        except psycopg2.Error as error:
            assert error.pgcode is not None, "the server must survive"
        finally:
            mighty.rollback()


def _plan_nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _plan_nodes(child)


@THOROUGH
@given(sql=QUERIES)
def test_an_accepted_query_reaches_documented_tables_only(mighty: extensions.connection, sql: str) -> None:
    """In PostgreSQL's own plan no other relation appears, and no function in FROM that is not listed."""
    statement = _accepted(sql)
    if statement is None:
        return
    with mighty.cursor() as cursor:
        try:
            cursor.execute(f"explain (verbose, costs off, format json) {statement}")
            for node in _plan_nodes(cursor.fetchall()[0][0][0]["Plan"]):
                if "Relation Name" in node:
                    assert (node["Schema"], node["Relation Name"]) in DOCUMENTED
                if "Function Name" in node:
                    assert node["Function Name"] in FUNCTIONS
        except psycopg2.Error as error:
            assert error.pgcode is not None, "the server must survive"
        finally:
            mighty.rollback()
