"""Parameters of a query: their values are constants and nothing else, with the type of their place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pglast.parser import ParseError, parse_sql_json, scan
from psycopg2 import extensions

from chalicelib.errors import InvalidRequest, Refused
from chalicelib.statistics import guard
from chalicelib.statistics.query_parameters import Values, bound
from tests.statistics.cases import ALLOWED, CASES, REFUSED, Case, named
from tests.statistics.conftest import Ask
from tests.statistics.generated_queries import QUERIES

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "params", "rows"),
    [
        ("select $1 as a, $2 + 1 as b, $1 as c", ["it's", 2], [{"a": "it's", "b": 3, "c": "it's"}]),
        ("select :a as a, :b::int as b", {"a": None, "b": "7"}, [{"a": None, "b": 7}]),
        ("select :flag and true as a", {"flag": True}, [{"a": True}]),
        ("select 5 -$1 as a", [-3], [{"a": 8}]),
        ("select (array[1, 2, 3])[1:n] as a from (select 2 as n) q where :x = 1", {"x": 1}, [{"a": [1, 2]}]),
        ("select (array[1, 2, 3])[:n] as a", {"n": 2}, [{"a": 2}]),
        ("select ':x' as a, 1::int as b, :x as c -- :y", {"x": 0}, [{"a": ":x", "b": 1, "c": 0}]),
        ("select count(*) > 0 as a from calls.success where invitedt >= $1 and duration < $2", ["2000-01-01", "9999"],
         [{"a": True}]),
        ("select inviteid from calls.success where inviteid = any($1)",
         [["a72866b5-0631-87dd-2624-0900000334b5", "00000000-0000-0000-0000-000000000000"]],
         [{"inviteid": "a72866b5-0631-87dd-2624-0900000334b5"}]),
        ("select unnest(:a::text[]) as a", {"a": ['"', "\\", None, "a,b", "{}", ""]},
         [{"a": value} for value in ('"', "\\", None, "a,b", "{}", "")]),
        ("select duration from calls.success where duration = any($1) limit 1", [[]], []),
        ("select 1 as a limit $1", [1], [{"a": 1}]),
    ],
)  # fmt: skip
def test_values_have_the_type_of_their_place(ask: Ask, sql: str, params: object, rows: list[dict[str, Any]]) -> None:
    """A value stands for one constant, in each of the two notations."""
    assert ask(sql, params=params).json() == {"success": True, "error": None, "data": rows}


def test_a_quantity_takes_parameters(ask: Ask) -> None:
    """Both actions take them."""
    sql = "select count(*) from calls.success where stopreason <> $1"
    assert ask(sql, "quantity", params=["x"]).json()["data"] > 0


@pytest.mark.parametrize(
    ("sql", "params", "error"),
    [
        ("select $1", None, "parameter $1 without a value is not allowed (line 1, column 8, at `$1`): put one into"),
        ("select $2", ["a"], "options.params has no value for $2"),
        ("select $1", ["a", "b"], "options.params has a value for $2, which the query does not use"),
        ("select :a, :b", {"a": 1}, "options.params has no value for :b"),
        ("select :a", {"a": 1, "c": 1}, "options.params has a value for :c, which the query does not use"),
        ("select $1", {"a": 1}, "options.params has no value for $1"),
        ("select 1,\n  :limit::int", {"limit": "x"},
         'invalid input syntax for type integer: "x" (parameter :limit, line 2, column 3, at `:limit::int`)'),
        ("select 1 from calls.success where bnumber = :number", {"number": 205}, "write them in quotes, as in"),
        ("select repeat('x', $1)", [5000], "this size is not allowed (line 1, column 8, at `repeat('x',`)"),
        ("select :a, nosuch", {"a": "long" * 50}, 'column "nosuch" does not exist (line 1, column 12, at `nosuch`)'),
        ("select :a from pg_class", {"a": "long" * 50}, "(line 1, column 16, at `pg_class`)"),
        ("select 1 / :zero", {"zero": 0}, "division by zero (parameter :zero, line 1, column 10, at `/`)"),
        ("select 1 from calls.success where bnumber\n = :number", {"number": 205}, "(parameter :number, line 2"),
        ("select 1 from calls.success where :number <> bnumber", {"number": 205}, "(parameter :number, line 1"),
        ("select :a as b from calls.success where bnumber = 205", {"a": 1}, "integer (line 1, column 49, at `=`)"),
        ("select 1 from calls.success where bnumber in (:list)", {"list": ["1"]}, "write = any(:list) in place of in"),
        ("select 1 from calls.success where bnumber NOT IN ('2', $1)", [["1"]], "and <> all($1) in place of not in"),
        ("select 1 from calls.success where bnumber = :list", {"list": ["1"]}, "write any(:list) to compare with each"),
        ("select 1 from calls.success where bnumber <> $1 limit 1", [["1"]], "as in $1::text[], to compare with"),
        ("select 1 from calls.success where bnumber ilike :list", {"list": ["1%"]}, "write any(:list) to compare"),
        ("select :since", None, 'near ":" (line 1, column 8, at `:since`): a parameter such as :since needs its value'),
        ("select now() at time zone :zone", {"zone": "Mars"}, "(parameter :zone, line 1, column 27, at `:zone`)"),
        ("select date :day", {"day": "2026-01-01"}, "a parameter may only stand in place of a value"),
        ("select interval $1", ["1 day"], "(parameter $1, line 1, column 17, at `$1`)"),
        ("select 1 from $1", ["calls.success"], "syntax error at or near"),
        ("select 'a'\n $1", ["b"], "syntax error at or near"),
        ("select 'open, $1", ["b"], "unterminated quoted string"),
    ],
)  # fmt: skip
def test_an_error_names_the_parameter(ask: Ask, sql: str, params: object, error: str) -> None:
    """A wrong count or type names the parameter, and every place is one in the caller's text."""
    answer = ask(sql, **({} if params is None else {"params": params}))
    assert (answer.status_code, answer.json()["success"]) == (200, False)
    assert error in answer.json()["error"]


@pytest.mark.parametrize(
    ("params", "error"),
    [
        (3, "options.params must be an object of values for :name, or an array of values for $1"),
        ([{"a": 1}], "options.params: $1 must be a text, a number, true, false, null or an array of these"),
        ([[[1]]], "options.params: $1 must be a text"),
        (["\0"], "options.params: $1 contains a NUL character"),
        (["\ud800"], "options.params: $1 contains a NUL character or half of a surrogate pair"),
        ([10**200], "options.params: $1 must be a text, a number"),
        ({":a": 1}, "options.params: the name ':a' must be Latin letters, digits and underscores, without the colon"),
        ({"имя": 1}, "must be Latin letters, digits and underscores"),
        ({"": 1}, "options.params: the name '' must be"),
    ],
)
def test_a_value_of_another_kind_is_a_wrong_request(ask: Ask, params: object, error: str) -> None:
    """Objects, nested arrays and texts that PostgreSQL cannot store are refused with 400."""
    answer = ask("select $1", params=params)
    assert answer.status_code == 400
    assert error in answer.json()["error"]


def test_a_number_that_is_none_is_refused() -> None:
    """Python's JSON reader takes NaN and Infinity, which are no JSON."""
    for value in (float("nan"), float("inf")):
        with pytest.raises(InvalidRequest, match=r"\$1 must be a text"):
            bound("select $1", [value])


@pytest.mark.parametrize(
    "sql",
    [
        "select " + "abs(" * depth + "$1" + ")" * depth for depth in (50, 150, 250, 400, 3_000)
    ] + ["select '" + "x" * 15_500 + "', $1", "select $1, '\0'", "select $1, '\ud800'", "select $1" + " + $1" * 3_000],
)  # fmt: skip
def test_texts_made_to_break_parsers(sql: str) -> None:
    """Deep, long and broken texts with parameters are refused, or accepted, and nothing else."""
    statement = _statement(sql, [1])
    assert statement is None or statement.startswith("SELECT")


def test_long_values_count_as_part_of_the_query() -> None:
    """The limit on a query's length holds with its values in it."""
    with pytest.raises(Refused, match="at most 15500 are allowed"):
        bound("select $1", ["x" * 20_000])
    with pytest.raises(Refused, match=r"a value for .2, .3, .4, .5, .6, .7, .8, .9, .10, .11, which"):
        bound("select $1", [1] * 60_000)


def _statement(sql: str, values: Values) -> str | None:
    try:
        return guard.check(bound(sql, values), "data")
    except Refused:
        return None


def _lifted(sql: str) -> tuple[str, list[object]]:
    """Return a query with its constants as parameters, and their values."""
    values: list[object] = []
    pieces, done = [], 0
    for token in scan(sql):
        text = sql[token.start : token.end + 1]
        value: object = None
        if token.name == "SCONST" and text.startswith("'"):
            value = text[1:-1].replace("''", "'")
        elif token.name == "ICONST" and text.isdigit():
            value = int(text)
        if value is not None:
            values.append(value)
            pieces += [sql[done : token.start], f"${len(values)}"]
            done = token.end + 1
    return "".join([*pieces, sql[done:]]), values


@pytest.mark.parametrize("case", REFUSED, ids=named)
def test_what_is_refused_with_constants_is_refused_with_parameters(case: Case) -> None:
    """A query of an attacker is refused too when its constants come as values, and when it has none."""
    assert _refused(case.sql, case.action, [])
    try:
        sql, values = _lifted(case.sql)
    except ParseError:
        return
    assert _refused(sql, case.action, values)


def _refused(sql: str, action: str, values: list[object]) -> bool:
    try:
        guard.check(bound(sql, values), action)
    except (Refused, InvalidRequest):
        return True
    return False


@pytest.mark.parametrize("case", ALLOWED, ids=named)
def test_parameters_leave_the_other_queries_alone(case: Case) -> None:
    """A query of a report with its constants as values is the same query, or a value cannot stand there."""
    sql, values = _lifted(case.sql)
    assert guard.check(bound(case.sql, []), case.action) == guard.check(case.sql, case.action)
    if (statement := _statement(sql, values)) is not None:
        assert statement == guard.check(case.sql, case.action)


@pytest.fixture(scope="module")
def reader(stack: dict[str, Any]) -> extensions.connection:
    """Return a connection of the reader."""
    return psycopg2.connect(stack["reader_url"])


@given(value=st.one_of(TEXTS, st.sampled_from([case.sql for case in CASES if len(case.sql) < 5_000])))
def test_every_text_comes_back_as_it_was_sent(reader: extensions.connection, value: str) -> None:
    """A text, an attacker's query too, is data and nothing else."""
    with reader.cursor() as cursor:
        cursor.execute(guard.check(bound("select $1 as v, $1::text as w", [value]), "data"))
        assert cursor.fetchone() == (value, value)
    reader.rollback()


@given(st.lists(st.one_of(SCALARS, st.lists(SCALARS, max_size=3)), max_size=5))
def test_values_never_change_the_shape_of_a_query(values: Sequence[Any]) -> None:
    """Whatever the values, the query has as many columns as it has parameters, and nothing else."""
    if not values:
        return
    marks = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    names: Mapping[str, Any] = {f"n{number}": value for number, value in enumerate(values)}
    for sql, given_values in ((marks, values), (", ".join(f":{name}" for name in names), names)):
        text = bound(f"select {sql}", given_values)
        (statement,) = json.loads(parse_sql_json(str(text)))["stmts"]
        assert set(statement["stmt"]["SelectStmt"]) == {"targetList", "limitOption", "op"}
        assert len(statement["stmt"]["SelectStmt"]["targetList"]) == len(values)


@given(QUERIES, st.lists(SCALARS, max_size=3))
def test_every_text_with_values_is_accepted_or_refused(sql: str, values: list[Any]) -> None:
    """Values bring no other failure than Refused, and nothing passes that the guard would refuse."""
    for text, sent in ((sql, values), (f"{sql} = $1", values[:1]), (f"select :a from ({sql}) q", {"a": values[:1]})):
        statement = _statement(text, sent)
        assert statement is None or statement.lstrip("(").startswith("SELECT")
