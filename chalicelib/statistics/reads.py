"""The tables that a query reads, if these alone decide about its result."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson
from pglast.parser import parse_sql_json

from chalicelib.catalog import SOURCES, TABLES
from chalicelib.statistics.allowlist import TEXTS
from chalicelib.statistics.metric_functions import METRIC_FUNCTIONS
from chalicelib.statistics.names import Node, dotted, names

#: Functions whose results differ between calls. `age` of one value counts from today.
_CHANGING = frozenset("age clock_timestamp now random statement_timestamp transaction_timestamp".split())
#: Words that PostgreSQL reads as a time, and text functions with which a query could build them.
_TIME_WORDS = re.compile("now|today|tomorrow|yesterday", re.IGNORECASE)
_BUILDERS = frozenset(TEXTS.split())
_TIMES = frozenset("date time timetz timestamp timestamptz".split())


@lru_cache(maxsize=256)
def tables(statement: str) -> frozenset[str] | None:
    """Return the tables that a guarded `statement` reads, with their schemas.

    None for a statement whose result can also depend on the time, on chance, or on tables behind a function.
    """
    found: set[str] = set()
    for kind, node in _nodes(orjson.loads(parse_sql_json(statement))):
        if _is_changing(kind, node):
            return None
        if kind == "RangeVar" and "schemaname" in node:
            sources = _sources(node["schemaname"], node["relname"])
            if not sources:
                return None
            found |= sources
    return frozenset(found)


def _sources(schema: str, name: str) -> frozenset[str]:
    """Return the documented tables that decide about the rows of a table or view; none where others do too."""
    full_name = f"{schema}.{name}"
    return frozenset({full_name}) if name in TABLES.get(schema, ()) else SOURCES.get(full_name, frozenset())


def _nodes(value: Any) -> Iterator[tuple[str, Node]]:  # noqa: ANN401 - a tree of JSON
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            yield from ((kind, part) for kind, part in value.items() if isinstance(part, dict))
            waiting += value.values()


def _is_changing(kind: str, node: Node) -> bool:
    return kind in _CHANGES and _CHANGES[kind](node)


def _reads_tables(call: Node) -> bool:
    """Tell whether a function is one that reads tables, which the query does not name."""
    return dotted(call["funcname"]) in METRIC_FUNCTIONS


def _names_a_time(constant: Node) -> bool:
    return bool(_TIME_WORDS.search(constant.get("sval", {}).get("sval", "")))


def _makes_a_time(cast: Node) -> bool:
    """Tell whether a cast makes a time of a text that the query builds."""
    ((kind, argument),) = cast["arg"].items()
    if names(cast["typeName"]["names"])[-1] not in _TIMES:
        return False
    if kind == "FuncCall":
        return names(argument["funcname"])[-1] in _BUILDERS
    return kind == "A_Expr" and names(argument["name"])[-1] == "||"


_CHANGES = {
    "A_Const": _names_a_time,
    "FuncCall": lambda node: names(node["funcname"])[-1] in _CHANGING or _reads_tables(node),
    "RangeTableSample": lambda _node: True,
    "SQLValueFunction": lambda _node: True,
    "TypeCast": _makes_a_time,
}
