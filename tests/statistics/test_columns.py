"""Repeated column names: each figure of a report keeps a name of its own."""

from __future__ import annotations

import json
from typing import Any

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.statistics import columns, guard
from tests.statistics.conftest import Ask


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["count", "count", "sum", "sum", "sum"], ["count", "count_2", "sum", "sum_2", "sum_3"]),
        (["count", "count_2", "count"], ["count", "count_2", "count_3"]),
        (["count", "count", "count_2"], ["count", "count_3", "count_2"]),
        (["?column?", "?column?"], ["?column?", "?column?_2"]),
        (["x" * 63, "x" * 63], ["x" * 63, "x" * 61 + "_2"]),
        (["я" * 31, "я" * 31], ["я" * 31, "я" * 30 + "_2"]),
    ],
)
def test_repeated_names_are_numbered(names: list[str], unique: list[str]) -> None:
    """The first one stays, later ones get a number, and a number that is already a name is skipped."""
    assert columns.numbered(names) == unique


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "b", "x" * 63])))
def test_numbered_names_are_unique_and_names_that_were_unique_stay(names: list[str]) -> None:
    """Every result is a valid list of names."""
    unique = columns.numbered(names)
    assert len(set(unique)) == len(names)
    assert all(old == new for old, new in zip(names, unique, strict=True) if names.count(old) == 1)
    assert all(len(name.encode()) <= columns.NAME_LIMIT for name in unique)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select count(*), count(aprovidercode), sum(duration), sum(dial_duration) from calls.success",
         ["count", "count_2", "sum", "sum_2"]),
        ("select 1, 2", ["?column?", "?column?_2"]),
        ("select case when true then 1 else duration end, duration from calls.success limit 1",
         ["duration", "duration_2"]),
        ("select s.*, h.* from calls.holds s, calls.holds h limit 1",
         ["inviteid", "invitedt", "side", "hold_dt", "unhold_dt", "eventid", "inviteid_2", "invitedt_2", "side_2",
          "hold_dt_2", "unhold_dt_2", "eventid_2"]),
        ('select 1 as "a""b,c", 2 as "a""b,c"', ['a"b,c', 'a"b,c_2']),
        ("select q.* from (select 1 as a, 2 as a) q", ["a", "a_2"]),
        ("select (q).* from (select 1 as a, 2 as a) q", ["a", "a_2"]),
        ("select 1 as a, 2 as a union all select 3, 4", ["a", "a_2"]),
        ("select 1 as a, duration from calls.success limit 1", ["a", "duration"]),
    ],
)  # fmt: skip
def test_no_figure_is_lost(ask: Ask, sql: str, expected: list[str]) -> None:
    """A JSON object of an answer has every column of its query."""
    answer = json.loads(ask(sql).text, object_pairs_hook=list)
    row = dict(answer)["data"] or [[]]
    assert [name for name, _ in row[0]] == expected


def test_an_error_of_a_query_with_repeated_names_has_its_position(ask: Ask) -> None:
    """The request for the names reports an error in the caller's text."""
    error = ask("select count(*),\n count(*), nosuch from calls.success").json()["error"]
    assert error == 'column "nosuch" does not exist (line 2, column 12, at `nosuch`)'


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from calls.success",
        "select a.duration, a.anumber::text from calls.success a",
        "select * from calls.success",
        "select * from (select anumber, count(*) from calls.success group by 1) q",
        "select 1 + 1",
        "select * from (values (1, 2)) q",
        "select anumber as a, count(*) as b from calls.success group by 1 union all select '', 1",
        "select from calls.success",
    ],
)
def test_most_queries_need_no_question(sql: str) -> None:
    """Where the text itself shows that all names are unique, PostgreSQL is not asked for them."""
    assert columns.are_unique(guard.check(sql, "data"))


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*), count(*) from calls.success",
        "select least(1, 2), 1 as least",
        "select 1, 2",
        "select s.*, 1 as one from calls.success s, calls.holds h",
        "select * from calls.success s join calls.holds h using (inviteid)",
        "select * from calls.holds h (a, b)",
        "select * from (with x as (select 1 as a, 2 as a) select * from x) q",
        "select exists (select 1), 1 as exists",
        "select (q).* from (select 1 as a, 2 as a) q",
    ],
)
def test_where_names_may_repeat_postgresql_is_asked(sql: str) -> None:
    """A name that only PostgreSQL knows counts as one that may repeat."""
    assert not columns.are_unique(guard.check(sql, "data"))


def test_the_names_are_those_of_postgresql(stack: dict[str, Any]) -> None:
    """Where the tree says that the names are unique, PostgreSQL's own names are."""
    from tests.statistics.cases import ALLOWED  # noqa: PLC0415 - only this test needs the corpus

    with psycopg2.connect(stack["reader_url"]) as connection, connection.cursor() as cursor:
        for case in ALLOWED:
            statement = guard.check(case.sql, case.action)
            if columns.are_unique(statement):
                cursor.execute(f"select * from ({statement}) _w limit 0")
                names = [column.name for column in cursor.description or ()]
                assert len(set(names)) == len(names), case.sql
    connection.close()
