"""The guard under generated and mutated queries; PostgreSQL itself shows what accepted queries do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pglast.parser import parse_sql_json
from psycopg2 import extensions

from chalicelib.catalog import PARTITION_KEYS, TABLES
from chalicelib.errors import Refused
from chalicelib.statistics import guard
from chalicelib.statistics.allowlist import FUNCTIONS
from tests.examples import examples
from tests.statistics.generated_queries import QUERIES

DOCUMENTED = {(schema, table) for schema, tables in TABLES.items() for table in tables}
BEHIND_VIEWS = """
SELECT table_schema, table_name FROM information_schema.view_table_usage WHERE view_schema = 'metrics'
"""
PARTITION = re.compile(f"({'|'.join(map('_'.join, PARTITION_KEYS))})_(rest|[0-9]{{4}}_[0-9]{{2}})")
THOROUGH = settings(deadline=None, max_examples=examples(600), suppress_health_check=list(HealthCheck))


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
    """For every text the guard returns a statement or raises Refused, and no other exception."""
    statement = _accepted(sql)
    assert statement is None or statement.lstrip("(").startswith("SELECT")


@THOROUGH
@given(st.sampled_from(["", "-- a\n", "(", "with w as (select 1 as n) ", "values (1) union all "]), QUERIES)
def test_a_text_with_any_beginning_is_accepted_or_refused(beginning: str, sql: str) -> None:
    """An accepted text with any beginning gives a statement that only selects."""
    try:
        statement = guard.check(f"{beginning}{sql}", guard.ANY_BEGINNING)
    except Refused:
        return
    (parsed,) = json.loads(parse_sql_json(statement))["stmts"]
    assert list(parsed["stmt"]) == ["SelectStmt"]


@THOROUGH
@given(QUERIES)
def test_the_statement_has_the_tree_of_the_text(sql: str) -> None:
    """The rewritten statement has the same parse tree as the accepted text."""
    statement = _accepted(sql)
    if statement is not None:
        original, rewritten = (_without_places(json.loads(parse_sql_json(text))) for text in (sql, statement))
        assert original == rewritten


@THOROUGH
@given(QUERIES)
def test_an_accepted_statement_is_accepted_again(sql: str) -> None:
    """The guard accepts its own statement: rewriting adds nothing that is refused."""
    statement = _accepted(sql)
    if statement is not None and statement.startswith("SELECT"):
        assert _accepted(statement) is not None


@pytest.fixture(scope="module")
def superuser(stack: dict[str, Any]) -> Iterator[extensions.connection]:
    """Return a superuser's connection, so that only the guard protects the database."""
    connection = psycopg2.connect(stack["database_url"])
    connection.cursor().execute("set statement_timeout = '3s'; set search_path = ''")
    connection.commit()
    yield connection
    connection.close()


@THOROUGH
@given(sql=QUERIES)
def test_an_accepted_query_changes_nothing_even_for_a_superuser(superuser: extensions.connection, sql: str) -> None:
    """Run by a superuser without READ ONLY, it takes no transaction id or row lock and changes no setting or object."""
    statement = _accepted(sql)
    if statement is None:
        return
    with superuser.cursor() as cursor:
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
            superuser.rollback()


def _is_documented(schema: str, name: str) -> bool:
    return (schema, name) in DOCUMENTED or (schema == "partitions" and bool(PARTITION.fullmatch(name)))


def _behind_views(cursor: extensions.cursor, statement: str) -> set[tuple[str, str]]:
    """Return the relations behind the views of metrics, if the statement reads any of these views."""
    if "metrics." not in statement:
        return set()
    cursor.execute(BEHIND_VIEWS)
    return {(schema, name) for schema, name in cursor.fetchall()}


def _plan_nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _plan_nodes(child)


@THOROUGH
@given(sql=QUERIES)
def test_an_accepted_query_reads_documented_tables_only(superuser: extensions.connection, sql: str) -> None:
    """PostgreSQL's plan contains no other relation, and no function in FROM that is not listed."""
    statement = _accepted(sql)
    if statement is None:
        return
    with superuser.cursor() as cursor:
        try:
            cursor.execute(f"explain (verbose, costs off, format json) {statement}")
            plan = cursor.fetchall()[0][0][0]["Plan"]
            behind = _behind_views(cursor, statement)
            for node in _plan_nodes(plan):
                if "Relation Name" in node:
                    relation = node["Schema"], node["Relation Name"]
                    assert relation in behind or _is_documented(*relation)
                if "Function Name" in node and not behind:
                    assert node["Function Name"] in FUNCTIONS
        except psycopg2.Error as error:
            assert error.pgcode is not None, "the server must survive"
        finally:
            superuser.rollback()
