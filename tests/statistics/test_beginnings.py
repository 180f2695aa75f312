"""The first words of a query and the semicolon at its end: the protocol's rule, and the freer one beside it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.statistics.conftest import Ask, request_of


@pytest.mark.parametrize(
    ("psql", "action", "data"),
    [
        ("-- the answer\nselect 1 as a", "data", [{"a": 1}]),
        ("/* the answer */ select 1 as a;", "data", [{"a": 1}]),
        ("with t as (select 1 as a) select a from t;", "data", [{"a": 1}]),
        ("(select 1 as a) union all (select 2) order by 1", "data", [{"a": 1}, {"a": 2}]),
        ("values (1), (2);", "data", [{"column1": 1}, {"column1": 2}]),
        ("with t as (select 1 as a) select count(*) from t", "quantity", 1),
    ],
)
def test_a_text_may_begin_in_several_ways(
    ask: Ask, stack: dict[str, Any], psql: str, action: str, data: object
) -> None:
    """`POST /statistics` takes every SELECT; the protocol's own address keeps the protocol's rule."""
    headers = {"Authorization": f"Bearer {stack['tokens']['statistics']}"}
    answer = requests.post(f"{stack['url']}/statistics", json=request_of(psql, action), headers=headers, timeout=30)
    assert answer.json() == {"success": True, "error": None, "data": data}
    assert "must begin with `select" in ask(psql, action).json()["error"]


@pytest.mark.parametrize(
    "psql", ["delete from calls.success", "", "-- nothing", "with x as (delete from calls.holds returning 1) select 1"]
)
def test_only_queries_are_taken_with_any_beginning(stack: dict[str, Any], psql: str) -> None:
    """A text without a query, or with something else, is refused at `POST /statistics` too."""
    headers = {"Authorization": f"Bearer {stack['tokens']['statistics']}"}
    answer = requests.post(f"{stack['url']}/statistics", json=request_of(psql), headers=headers, timeout=30).json()
    assert (answer["success"], answer["data"]) == (False, None)
    assert "is not allowed" in answer["error"]


def test_a_semicolon_at_the_end_is_fine(ask: Ask) -> None:
    """Semicolons, blanks and comments after the query change nothing."""
    for end in (";", " ; ", ";;", "; -- end", ";\n"):
        assert ask(f"select 1 as a{end}").json()["data"] == [{"a": 1}]
        assert isinstance(ask(f"select count(*) from calls.success{end}", "quantity").json()["data"], int)


@pytest.mark.parametrize(
    "psql", ["select distinct count(*) from calls.success", 'select "count"(*) from calls.success']
)
def test_other_spellings_of_a_count(ask: Ask, psql: str) -> None:
    """They are counts too."""
    assert isinstance(ask(psql, "quantity").json()["data"], int)
