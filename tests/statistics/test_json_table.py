"""JSON_TABLE, which PostgreSQL has from version 17: its columns, its paths, and calls behind its parts."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest

from chalicelib.errors import Refused
from chalicelib.statistics import guard
from tests.statistics.conftest import Ask

DOCUMENT = """'[{"a": 1, "b": [{"c": "x"}, {"c": "y"}]}, {"b": []}]'::jsonb"""
COLUMNS = """columns (n for ordinality, a int path '$.a' default 0 on empty, has boolean exists path '$.a',
             nested path '$.b[*]' columns (c text path '$.c'))"""
JSON_TABLE_VERSION = 170000


def test_its_columns_are_those_of_a_table(ask: Ask, stack: dict[str, Any]) -> None:
    """A document becomes rows, named by the alias or without it."""
    sql = f"select j.n, j.a, has, j.c from json_table({DOCUMENT}, '$[*]' {COLUMNS}) as j order by j.n, j.c"
    assert guard.check(sql, "data")
    with psycopg2.connect(stack["database_url"]) as connection:
        version = connection.server_version
    connection.close()
    answer = ask(sql).json()
    if version < JSON_TABLE_VERSION:
        assert "syntax error" in answer["error"]
        return
    assert answer["data"] == [
        {"n": 1, "a": 1, "has": True, "c": "x"},
        {"n": 1, "a": 1, "has": True, "c": "y"},
        {"n": 2, "a": 0, "has": False, "c": None},
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "select jt.a from calls.success s, json_table(to_jsonb(s), '$' columns (a text path '$.anumber')) jt",
        f"select json_table.a from json_table({DOCUMENT}, '$[*] ? (@.a > $low)' passing 0 as low {COLUMNS})",
        f"select x.* from json_table({DOCUMENT}, '$[*]' {COLUMNS}) x left join calls.holds h on h.side = x.c",
    ],
)
def test_what_reports_write(sql: str) -> None:
    """Documents of columns, values in paths, and joins are accepted."""
    assert guard.check(sql, "data")


@pytest.mark.parametrize(
    "sql",
    [
        f"select j.lo_create from json_table({DOCUMENT}, '$[*]' {COLUMNS}) as j",
        f"select 1 from json_table(pg_read_file('x')::jsonb, '$[*]' {COLUMNS}) as j",
        f"select 1 from json_table({DOCUMENT}, '$[0,0,0][0,0,0]' {COLUMNS}) as j",
        f"select 1 from json_table({DOCUMENT}, '$' columns (a int path '$[0,0,0][0,0,0]')) as j",
        f"select 1 from json_table({DOCUMENT}, '$' columns (nested path '$[0,0,0]' columns (a int path '$'))) as j",
        f"select 1 from json_table({DOCUMENT}, '$' passing lo_create(1) as x {COLUMNS}) as j",
        f"select 1 from json_table({DOCUMENT}, '$' columns (a regclass path '$.a')) as j",
        f"select 1 from json_table({DOCUMENT}, '$' columns (a char(100000) path '$.a')) as j",
        f"select 1 from json_table({DOCUMENT}, '$' columns (a int path '$.a' default lo_create(1) on empty)) as j",
        f"select 1 from json_table({DOCUMENT}, '$' columns (a int path '$.a' default pg_sleep(1)::text on error)) as j",
        f"select 1 from json_table((select to_jsonb(t) from ledger.tokens t), '$' {COLUMNS}) as j",
    ],
)
def test_what_attackers_write(sql: str) -> None:
    """Every part of it is checked: the document, values, paths, types and defaults."""
    with pytest.raises(Refused):
        guard.check(sql, "data")
