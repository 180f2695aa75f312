"""The guard on the corpus, at the limits of each rule, and on texts that try to break parsers."""

from __future__ import annotations

import pytest

from chalicelib.catalog import TABLES
from chalicelib.errors import Refused
from chalicelib.statistics import guard
from chalicelib.statistics.allowlist import CALLABLE_NAMES, FUNCTIONS, ServerNames
from tests.statistics.cases import ALLOWED, ENDED_AT_RUN_TIME, REFUSED, Case, named
from tests.statistics.effort import LIMIT, effort


@pytest.mark.parametrize("case", [*ALLOWED, *ENDED_AT_RUN_TIME], ids=named)
def test_a_query_of_a_report_is_accepted(case: Case) -> None:
    """A query of the corpus that only reads documented tables is accepted."""
    assert guard.check(case.sql, case.action).lstrip("(").startswith("SELECT")


@pytest.mark.parametrize("case", REFUSED, ids=named)
def test_a_query_of_an_attacker_is_refused(case: Case) -> None:
    """A query of the corpus that reads more than the documented tables is refused with a message."""
    with pytest.raises(Refused) as refused:
        guard.check(case.sql, case.action)
    assert len(refused.value.message) > 10


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select pg_sleep(1)", "function pg_sleep is not allowed (line 1, column 8, at `pg_sleep(1)`)"),
        ("select 1,\n  'я', lo_get(1)", "function lo_get is not allowed (line 2, column 8, at `lo_get(1)`)"),
        ("select * from success", "did you mean calls.success?"),
        ("select s.nosuch from calls.holds s", "calls.holds has eventid, hold_dt, invitedt, inviteid, side, unhold_dt"),
        ("select * fro calls.success", 'syntax error at or near "fro" (line 1, column 10, at `fro`)'),
        (
            "select 1;  select 2",
            "a second query is not allowed (line 1, column 12, at `select`)",
        ),
        ("select version()", "it tells about the server, not about calls; GET /statistics/functions lists"),
        ("select ifnull(duration, 0) from calls.success", "use coalesce(value, replacement)"),
        (
            "select xyz(1)",
            "xyz is not allowed (line 1, column 8, at `xyz(1)`): GET /statistics/functions lists",
        ),
        ("delete from calls.success", "must begin with `select`"),
        ("select cuont(*) from calls.success", "similar functions that are allowed: count"),
        ("select 'x'::regclass", "type regclass is not allowed (line 1, column 13, at `regclass`)"),
        ("select 'a' collate public.c", "this server has C, POSIX"),
        ("select 1 operator(evil.+) 2", "operator evil.+ is not allowed"),
        ("select repeat('x', 5000)", "repeat needs a length of at most 1000"),
        ("select current_user", "current_user is not allowed (line 1, column 8, at `current_user`)"),
    ],
)
def test_a_refusal_names_the_construct_its_position_and_a_hint(sql: str, expected: str) -> None:
    """The error names the construct, its line and column in the caller's text, and what is allowed."""
    with pytest.raises(Refused) as refused:
        guard.check(sql, "data")
    assert expected in refused.value.message


@pytest.mark.parametrize("case", REFUSED, ids=named)
def test_the_corpus_with_any_beginning(case: Case) -> None:
    """Without the rule for the first words, a query is refused for what it does, or only for that rule."""
    try:
        guard.check(case.sql, guard.ANY_BEGINNING)
    except Refused:
        return
    assert case.kind in {"prefix", "quantity"}


@pytest.mark.parametrize(
    "sql",
    [
        "select s.name from selectorevents.sel_abon_state_changed s",
        "select t.path, t.line from (select callrecpath as path, 1 as line from calls.success) t",
        "select t.name from (values ('a')) as t(name)",
        "select r.lo_create from (select 1 as lo_create) r",
        """select * from (with recursive r as (select 1 as path union all
           select r.path + 1 from r where r.path < 3) select r.path from r) q""",
        "select x.value from jsonb_array_elements('[1]'::jsonb) x",
        "select generate_series.generate_series from generate_series(1, 3)",
        "select calls.success.duration from calls.success",
        "select count(s) from calls.success s",
        "select date(invitedt), int4('1') from calls.success",
        "select j.inviteid from (calls.success join calls.routes using (inviteid)) as j",
        "select minute from calls.success s, generate_series(s.start_dt, s.stop_dt, interval '1 hour') minute",
        "select d from generate_series(now() - interval '30 days', now(), interval '1' day) d",
        "select d from generate_series(date_trunc('month', now()) - 3 * interval '1 month', now(), '1 week') d",
        "select d from generate_series('2024-1-1'::timestamp, now(), 15 * interval '1 hour') d",
        "select generate_series('2024-01-01 9:00'::timestamp, 'today', make_interval(hours => 1))",
        "select repeat('#', least(count(*), 50)::int) from calls.success, generate_series(1, least(5, 9)) g group by g",
    ],
)
def test_names_of_columns_that_are_also_functions(sql: str) -> None:
    """A name after a dot is allowed where it is a column, even if PostgreSQL has a function of that name."""
    assert guard.check(sql, "data")


@pytest.mark.parametrize(
    "sql",
    [
        "select r.lo_create from unnest(array[1]) r, (select 1 as lo_create) x",
        "select (select x from (select 1 as x) q).lo_create",
        "select u.anything from generate_series(1, 2) u",
        "select s.repeat from calls.success s",
        "select (anumber).format from calls.success",
        "select j.lo_create from (calls.success join calls.routes using (inviteid)) as j",
        "select calls.success.lo_create from calls.success",
        "select postgres.calls.success.duration from calls.success",
        "select * from chrono.calls.success",
        "select varchar('x', 5, true)",
        "select bpchar('x', 10000004, true)",
        "select bit(1, 80000000)",
    ],
)
def test_calls_written_as_names_or_casts(sql: str) -> None:
    """A name after a dot that is not a column of the alias before it would be a call, and is refused."""
    with pytest.raises(Refused):
        guard.check(sql, "data")


@pytest.mark.parametrize(
    "sql",
    [
        "select repeat(repeat(repeat('x', 1000), 1000), 1000)",
        "select lpad('x', 999, 'y'), rpad('x', 999)",
        "select repeat('x', length(anumber)) from calls.success",
        "select format(anumber, 1) from calls.success",
        "select format('%*s', 100000000, 'x')",
        "select format('%1$-99999999s', 'x')",
        "select power(2, 101), 3",
        "select (9 ^ 100) ^ 100",
        "select 2 ^ duration from calls.success",
        "select 1e999999 * 2",
        f"select {'9' * 200} * 2",
        "select generate_series(1, 1000), generate_series(1, 1000)",
        "select * from generate_series(1, (select 1000000000))",
        "select * from generate_series('1'::int, '1000000000'::int)",
        "select * from generate_series(1, 10^9)",
        "select * from generate_series(timestamp '2000-01-01', 'infinity', '1 day')",
        "select * from generate_series(now(), now() + interval '1 year', interval '1 millisecond')",
        "select * from generate_series(now(), now() + 100000 * interval '1 year', interval '1 day')",
        "select * from generate_series(now(), now() + interval '10000 years', interval '1 day')",
        "select 'x'::char(100000)",
        "select B'1'::bit(100000000)",
    ],
)
def test_arguments_over_their_limits(sql: str) -> None:
    """Arguments that would take megabytes or minutes are refused before PostgreSQL plans the query."""
    with pytest.raises(Refused):
        guard.check(sql, "data")


NESTED = [
    ("+".join(["1"] * 7_000), "a chain of operators"),
    ("(" * 3_000 + "1" + ")" * 3_000, "parentheses"),
    ("not " * 3_000 + "true", "negations"),
    ("(select " * 1_500 + "1" + ")" * 1_500, "subqueries"),
    ("abs(" * 3_000 + "1" + ")" * 3_000, "calls"),
    ("1" + "::int" * 2_500, "casts"),
    ("case when true then " * 450 + "1" + " end" * 450, "cases"),
    ("array[" * 1_500 + "1" + "]" * 1_500, "arrays"),
    ("1" + ",1" * 7_000, "a long list"),
    ("'" + "я" * 7_000 + "'", "a long text"),
    ("1" + " union select 1" * 900, "unions"),
]


@pytest.mark.parametrize("body", [body for body, _ in NESTED], ids=[kind for _, kind in NESTED])
def test_a_text_of_full_length_is_checked_quickly(body: str) -> None:
    """No text up to the limit crashes the parser or takes the guard long."""
    assert effort(f"select {body}") < LIMIT


@pytest.mark.parametrize("sql", ["select '\ud800'", "select 'a\0b'", "select '" + "x" * 15_500 + "'"])
def test_texts_that_cannot_be_sent(sql: str) -> None:
    """Half characters, NUL and overlong texts have error messages of their own."""
    with pytest.raises(Refused, match=r"surrogate|NUL|15500"):
        guard.check(sql, "data")


def test_functions_of_a_newer_server_are_calls_too() -> None:
    """A function that only the connected server has cannot be called by `value.name` either."""
    sql = "select (anumber).brand_new from calls.success"
    assert guard.check(sql, "data")
    with pytest.raises(Refused):
        guard.check(sql, "data", ServerNames(CALLABLE_NAMES | {"brand_new"}))


def test_no_documented_column_counts_as_a_call() -> None:
    """Every documented column may be written as `(alias).column`, even if a function has its name."""
    for schema, tables in TABLES.items():
        for table, columns in tables.items():
            for column, _ in columns:
                assert guard.check(f'select (t)."{column}" from {schema}.{table} t', "data")


def test_every_listed_function_is_known_to_the_parser_as_a_plain_name() -> None:
    """The list has only plain names in lower case, as PostgreSQL folds them."""
    assert {name for name in FUNCTIONS if not name.isidentifier() or name != name.lower()} == set()
