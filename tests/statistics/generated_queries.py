"""Queries for fuzzing: built from a grammar with harmless and hostile leaves, or mutated from the corpus."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.statistics.cases import CASES

RELATIONS = [
    "metrics.calls", "metrics.queue_calls",
    "calls.success", "calls.failed", "calls.holds", "userevents.usr_state_changed", "pg_class", "pg_catalog.pg_authid",
    "ledger.tokens", "public.cards", "information_schema.tables", "x", "w", '"Calls".success', "calls.nosuch",
]  # fmt: skip
FUNCTIONS = [
    "count", "sum", "upper", "coalesce", "length", "date_trunc", "array_agg", "jsonb_agg", "to_jsonb", "now", "abs",
    "pg_sleep", "lo_create", "current_setting", "set_config", "pg_catalog.pg_notify", "query_to_xml", "ts_stat",
    "txid_current", "pg_catalog.upper", "nextval", "pg_read_file", 'U&"lo\\005fcreate"', '"PG_SLEEP"', "public.f",
]  # fmt: skip
NAMES = [
    "inviteid", "invitedt", "anumber", "duration", "isrec", "x", "w", "n", "s", "xmin", "ctid", "lo_create", "pg_sleep",
    "current_setting", "regclass", "count", "text", "pg_typeof", "ts_stat", '"n"', "current_user", "session_user",
]  # fmt: skip
TYPES = ["int", "text", "numeric(5,2)", "regclass", "date", "xml", "oid", "char(9)", "public.t", "interval", "int[]"]
CONSTANTS = [
    "1",
    "0.5",
    "'x'",
    "'pg_class'",
    "null",
    "true",
    "array[1,2]",
    "interval '1 day'",
    "now()",
    "'{\"a\":1}'::jsonb",
]
OPERATORS = [
    "+",
    "=",
    "||",
    "<",
    "and",
    "or",
    "like",
    "is distinct from",
    "operator(pg_catalog.+)",
    "operator(e.=)",
    "@@",
    "->",
]


def _picked(words: list[str]) -> SearchStrategy[str]:
    return st.sampled_from(words)


def _grown(inner: SearchStrategy[str]) -> SearchStrategy[str]:
    selects = _selects(inner)
    return st.one_of(
        st.builds("{}({})".format, _picked(FUNCTIONS), inner),
        st.builds("{}({}, {})".format, _picked(FUNCTIONS), inner, inner),
        st.builds("{} {} {}".format, inner, _picked(OPERATORS), inner),
        st.builds("({})::{}".format, inner, _picked(TYPES)),
        st.builds("({}).{}".format, inner, _picked(NAMES)),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("case when {} then {} end".format, inner, inner),
        st.builds("({})".format, selects),
        st.builds("exists ({})".format, selects),
        st.builds("{} in ({})".format, inner, selects),
        st.builds("sum({}) over (partition by {} order by {})".format, inner, inner, inner),
        st.builds("array({})".format, selects),
        st.builds('{} collate "C"'.format, inner),
    )


def _sources(inner: SearchStrategy[str]) -> SearchStrategy[str]:
    table = st.builds("{} {}".format, _picked(RELATIONS), _picked(["", "s", "x", "as w", "tablesample system (5)"]))
    return st.one_of(
        table,
        st.builds("generate_series(1, 3) {}".format, _picked(["x", "s(n)", "w"])),
        st.builds("{}({}) {}".format, _picked(FUNCTIONS), inner, _picked(["x", "s(n)"])),
        st.builds("unnest({}) x".format, inner),
        st.builds("json_table({}::jsonb, '$' columns (n int path '$.n', t text path '$')) x".format, inner),
        st.builds("(select {} as n) x".format, inner),
        st.builds("(with w as (select {} as n) select * from w) x".format, inner),
        st.builds("{} join {} on {}".format, table, table, inner),
        st.builds("calls.success s, lateral (select {} as n) x".format, inner),
    )


def _selects(inner: SearchStrategy[str]) -> SearchStrategy[str]:
    tails = ["", "limit 1", "order by 1", "union all select 1", "for update", "into t", "group by 1", "offset 1"]
    return st.one_of(
        st.builds("select {}".format, inner),
        st.builds("select {} from {} {}".format, inner, _sources(inner), _picked(tails)),
        st.builds("select {} from {} where {} {}".format, inner, _sources(inner), inner, _picked(tails)),
        st.builds("select * from {} where {}".format, _sources(inner), inner),
    )


_columns = st.builds("{}.{}".format, _picked(["s", "x", "w", "calls.success"]), _picked(NAMES))
EXPRESSIONS = st.recursive(st.one_of(_picked(CONSTANTS), _picked(NAMES), _columns), _grown, max_leaves=6)
GROWN = _selects(EXPRESSIONS)


@st.composite
def _mutated(draw: st.DrawFn) -> str:
    """Return a query of the corpus with pieces cut, doubled, or copied from another query."""
    sql = draw(st.sampled_from([case.sql for case in CASES if len(case.sql) < 2_000]))
    other = draw(st.sampled_from([case.sql for case in CASES if len(case.sql) < 2_000]))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(sql)))
        end = draw(st.integers(start, min(len(sql), start + 12)))
        piece = draw(st.one_of(st.just(""), st.just(other[start : start + 20]), st.text(max_size=3), EXPRESSIONS))
        sql = f"{sql[:start]}{piece}{sql[end:]}"
    return sql


QUERIES = st.one_of(GROWN, _mutated())
