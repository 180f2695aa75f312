"""The place in a query of an error for which PostgreSQL gives no position.

PostgreSQL has a position only for errors of parsing and of constants' types. For others the parse tree is searched for
the node that the message describes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import orjson
from pglast.parser import ParseError, parse_sql_json

from chalicelib.statistics.constants import number, operator_name, text
from chalicelib.statistics.names import Node, names

_DIVISION_BY_ZERO = "22012"
_PROGRAM_LIMIT = "54000"
_QUOTED = re.compile(r'"([^"]+)"')


def location(sqlstate: str, message: str, query: str) -> int | None:
    """Return the byte offset in `query` of the likely cause of an error; None where there is none or no single one."""
    try:
        return _location(sqlstate, message, orjson.loads(parse_sql_json(str(query))))
    except (ParseError, RecursionError):
        return None


def _location(sqlstate: str, message: str, tree: Node) -> int | None:
    if sqlstate == _DIVISION_BY_ZERO:
        return _only(tree, _divides_by_zero) or _only(tree, _divides)
    if sqlstate == _PROGRAM_LIMIT:
        return _only(tree, _makes_characters)
    quoted = _QUOTED.search(message)
    constant = _only(tree, lambda kind, node: kind == "A_Const" and _is_text(node, quoted[1])) if quoted else None
    return _by_words(message, tree) if constant is None else constant


def _by_words(message: str, tree: Node) -> int | None:
    """Return the place of the one node that the words of a message are about: a call that it names, or an operator."""
    words = set(_WORD.findall(message))
    for pattern, matches in _CAUSES:
        found = pattern.search(message)
        if found:
            return _only(tree, partial(matches, found.groups()))
    return _only(tree, lambda kind, node: kind == "FuncCall" and names(node["funcname"])[-1] in words)


def _only(tree: Node, matches: Callable[[str, Node], bool]) -> int | None:
    """Return the location of the matching node if there is exactly one."""
    locations = {node.get("location", 0) for kind, node in _nodes(tree) if matches(kind, node)}
    return locations.pop() if len(locations) == 1 else None


def _nodes(value: Any) -> Iterator[tuple[str, Node]]:  # noqa: ANN401 - a tree of JSON
    if isinstance(value, list):
        for part in value:
            yield from _nodes(part)
    elif isinstance(value, dict):
        for name, part in value.items():
            if isinstance(part, dict):
                yield name, part
            yield from _nodes(part)


def _divides(kind: str, node: Node) -> bool:
    if kind == "FuncCall":
        return names(node["funcname"])[-1] in {"div", "mod"}
    return kind == "A_Expr" and operator_name(node) in {"/", "%"} and "lexpr" in node


def _divides_by_zero(kind: str, node: Node) -> bool:
    if not _divides(kind, node):
        return False
    divisor = node["rexpr"] if kind == "A_Expr" else node.get("args", [{}])[-1]
    return number(divisor) == 0


def _makes_characters(kind: str, node: Node) -> bool:
    return kind == "FuncCall" and names(node["funcname"])[-1] == "chr"


def _is_text(constant: Node, value: str) -> bool:
    return text({"A_Const": constant}) == value


def _is_called(called: str, symbols: str = "") -> Callable[[tuple[str, ...], str, Node], bool]:
    """Return a test for calls of these functions and for operators with these symbols."""
    functions, operators = frozenset(called.split()), frozenset(symbols.split())

    def matches(_words: tuple[str, ...], kind: str, node: Node) -> bool:
        if kind == "FuncCall":
            return names(node["funcname"])[-1] in functions
        return kind == "A_Expr" and operator_name(node) in operators

    return matches


def _makes_type(words: tuple[str, ...], kind: str, node: Node) -> bool:
    if kind == "FuncCall":
        return names(node["funcname"])[-1] in {"to_number", "to_date", "to_timestamp"}
    return kind == "TypeCast" and names(node["typeName"]["names"])[-1] in {words[0], _SHORT_NAMES.get(words[0])}


def _computes(words: tuple[str, ...], kind: str, node: Node) -> bool:
    if kind == "A_Expr":
        return operator_name(node) in {"+", "-", "*", "^"}
    return _makes_type(words, kind, node) or _is_called("make_interval sum abs pow power")(words, kind, node)


def _is_value(_words: tuple[str, ...], kind: str, node: Node) -> bool:
    return kind == "SubLink" and node.get("subLinkType") == "EXPR_SUBLINK"


#: The parser's names of types whose names in messages differ.
_SHORT_NAMES = {
    "integer": "int4", "bigint": "int8", "smallint": "int2", "boolean": "bool", "real": "float4",
    "double precision": "float8",
}  # fmt: skip
_TYPE = r"(integer|bigint|smallint|numeric|real|double precision|boolean|uuid|date|timestamp|time|interval|inet|jsonb?)"
_WORD = re.compile(r"[a-z_0-9]+")
#: The words of a message -> the test for the node that causes it, with the groups of the words.
_CAUSES: tuple[tuple[re.Pattern[str], Callable[[tuple[str, ...], str, Node], bool]], ...] = (
    (re.compile("square root"), _is_called("sqrt", "|/")),
    (re.compile("logarithm"), _is_called("ln log log10")),
    (re.compile("a non-integer power|power is undefined"), _is_called("pow power", "^")),
    (re.compile("subquery used as an expression"), _is_value),
    (re.compile("substring length"), _is_called("substring substr")),
    (re.compile("regular expression"), _is_called(
        "regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array"
        " regexp_split_to_table regexp_substr substring", "~ !~ ~* !~*")),
    (re.compile("field position"), _is_called("split_part")),
    (re.compile("count must be greater|lower bound cannot equal|operand, lower bound"), _is_called("width_bucket")),
    (re.compile("range lower bound"), _is_called(
        "int4range int8range numrange tsrange tstzrange daterange")),
    (re.compile("(date|time) field value"), _is_called("make_date make_time make_timestamp make_timestamptz")),
    (re.compile("percentile value"), _is_called("percentile_cont percentile_disc")),
    (re.compile("hexadecimal|base64"), _is_called("decode")),
    (re.compile(rf"{_TYPE} out of range"), _computes),
    (re.compile(rf"for type {_TYPE}"), _makes_type),
)  # fmt: skip
