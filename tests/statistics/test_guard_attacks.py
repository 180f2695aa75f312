"""Attacks that the guard once accepted: calls behind aliases, exploding plans and evaded limits."""

from __future__ import annotations

import pytest

from chalicelib.errors import Refused
from chalicelib.statistics import guard
from tests.statistics.effort import LIMIT, effort

CALLS_BEHIND_ALIASES = [
    "select to_regclass.to_regclass::text from unnest(array['pg_catalog.pg_class'::text]) as to_regclass(x)",
    "select pg_get_userbyid.pg_get_userbyid from unnest(array[10]) as pg_get_userbyid(x)",
    """select (select z.a from (select 1 as pg_get_userbyid) x, (select x.pg_get_userbyid::text as a) z)
       from unnest(array[10]) x""",
    """select (select count(*) from (select 'a' as current_setting) x,
       calls.success s join calls.failed f on (x.current_setting is null)) from unnest(array['data_directory']) x""",
    """select (select count(*) from (select 'a' as pg_get_userbyid) x,
       calls.success tablesample bernoulli(length(x.pg_get_userbyid::text))) from unnest(array[10]) x""",
    """select x.current_setting from unnest(array['data_directory']) x,
       ((select 1 as current_setting) x cross join (select 1) y) as j limit 1""",
    """select (select x.lo_create from generate_series(1, 2) as x(lo_create)) from unnest(array[1]) x""",
    # Neither item is a function's result, but only PostgreSQL knows which of the two is meant.
    """select (select count(*) from (select 1 as pg_get_userbyid) x, calls.failed f where x.pg_get_userbyid = 1)
       from calls.success x""",
]


@pytest.mark.parametrize("sql", CALLS_BEHIND_ALIASES)
def test_a_function_behind_an_ambiguous_alias(sql: str) -> None:
    """After an alias of a function's result or of several items, the name of a function is refused."""
    with pytest.raises(Refused):
        guard.check(sql, "data")


def _doubled(depth: int) -> str:
    inner = "select duration::numeric as x from calls.success"
    for level in range(depth):
        inner = f"select x + x as x from ({inner}) t{level}"
    return inner


def _inlined(depth: int) -> str:
    steps = ["a0 as not materialized (select inviteid from calls.success)"]
    steps += [f"a{n} as not materialized (select x.inviteid from a{n - 1} x, a{n - 1} y)" for n in range(1, depth)]
    return f"select 1 from (with {', '.join(steps)} select 1 from a{depth - 1}) z"


@pytest.mark.parametrize(
    "sql",
    [
        _doubled(24),
        _inlined(12),
        f"select 1 from {', '.join(f'calls.success a{n}' for n in range(700))}",
        f"select 1 from calls.success {' '.join('natural join calls.success' for _ in range(60))}",
    ],
    ids=["expressions", "tables", "a long list", "a long join"],
)
def test_planning_that_explodes(sql: str) -> None:
    """The size of a query with merged subqueries is limited: PostgreSQL ignores its time limit while planning."""
    with pytest.raises(Refused, match=r"such a large join|an expression of expressions"):
        guard.check(sql, "data")


def test_reports_with_many_layers_are_accepted() -> None:
    """A dozen layers that each use a column once or twice are accepted."""
    assert guard.check(_doubled(6), "data")
    layered = "select anumber, duration from calls.success"
    for level in range(12):
        layered = f"select anumber, duration from ({layered}) t{level}"
    assert guard.check(layered, "data")


@pytest.mark.parametrize(
    "sql",
    [
        "select repeat('x', (-1)::bit(29)::int4)",
        "select power(2, (-1)::bit(20)::int4)",
        "select * from generate_series(1, (-1)::bit(30)::int4)",
        """select format('"\\u0025900000000s"'::jsonb::text, 'x')""",
        "select format('x%%%5000s'::varchar(3), 'x')",
        "select * from generate_series('2000-01-01'::timestamp, '2024-01-01', interval '1 year -12 months 1 s')",
        "select array(select generate_series(1::numeric, 2, 1e-400))",
        "select array(select generate_series(1::numeric, 2, 0))",
        "select generate_series('2024-01-01'::date, '2024-02-01'::date, make_interval(days => 1, hours => -23))",
        "select generate_series('2024-01-01'::date, '2024-02-01'::date, make_interval(secs => 0.001))",
        f"select repeat('{'ab' * 1500}', 1000)",
        f"select normalize(repeat('{'ab' * 10}', 900), nfc)",
        f"select strpos(string_agg(anumber, ''), 'b{'a' * 500}') from calls.success",
        "select strpos('x', (select string_agg(anumber, '') from calls.success)) from calls.success",
        f"select translate(anumber, '{'b' * 300}', '') from calls.success",
        f"select anumber from calls.success where anumber like '%{'a' * 500}b%'",
        "select array(select duration from calls.success) && array(select -duration from calls.success)",
        "select jsonb_agg(anumber) - array(select anumber from calls.success) from calls.success",
        "select jsonb_path_query_array('1', '$[0,0,0,0,0,0,0,0,0,0][0,0,0,0,0,0,0,0,0,0]')",
        "select '1'::jsonb @? '$[0,0,0][0,0,0]'",
        f"select array_to_string(array_agg(anumber), '{'y' * 300}') from calls.success",
    ],
)
def test_limits_that_were_evaded(sql: str) -> None:
    """A limit applies to the value that PostgreSQL computes: anything that may change a constant makes it unknown."""
    with pytest.raises(Refused):
        guard.check(sql, "data")


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from calls.success where duration between 30 and 60 and invitedt not between '2024' and now()",
        "select count(*) from calls.success where duration between symmetric 60 and 30",
        "select replace(anumber, '+', ''), split_part(adomain, '.', 1), btrim(anumber, ' ') from calls.success",
        "select anumber from calls.success s, (values ('7'), ('8')) p(x) where s.anumber like p.x || '%'",
        "select repeat('█', least(duration / 60, 40)), lpad(anumber, 12, '0') from calls.success",
        "select array_agg(anumber) @> array['205'], array['a'] && array_agg(bnumber::text) from calls.success",
        "select to_jsonb(s) - 'esgdlg' - array['adomain', 'bdomain'] from calls.success s",
        "select jsonb_path_query_first('{\"a\":[1]}', '$.a[0]')",
        "select string_agg(anumber, ', '), array_to_string(array_agg(bnumber), ', ') from calls.success",
        "select count(*) - cardinality(array_agg(distinct bnumber)) from calls.success",
        "select split_part(adomain, '.', array_length(string_to_array(adomain, '.'), 1)) from calls.success",
        "select anumber from calls.success where anumber like replace(bnumber, '*', '%') escape '!'",
        "select string_to_array(string_agg(anumber, ','), ','), normalize(adisplayname) from calls.success group by 2",
        "select invitedt - interval '1 day', duration - 5, '{\"a\":1}'::jsonb - 'a' from calls.success",
    ],
)
def test_reports_near_those_limits_are_accepted(sql: str) -> None:
    """The limits do not refuse what reports use."""
    assert guard.check(sql, "data")


@pytest.mark.parametrize(
    "sql",
    [
        f"select 1 from (select {','.join('*' * 2000)} from {','.join(f'calls.success a{n}' for n in range(30))}) q",
        f"select generate_series(now(), now(), '{'111111111111.111111111111 ' * 560}')",
    ],
    ids=["stars", "numbers"],
)
def test_texts_that_once_took_the_guard_long(sql: str) -> None:
    """They are checked quickly."""
    assert effort(sql) < LIMIT
