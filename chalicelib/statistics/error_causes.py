"""The place in a query of an error for which PostgreSQL gives no position.

PostgreSQL has a position only for errors of parsing and of constants' types. For others the parse tree is searched for
the node that the message describes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
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
    return _only(tree, lambda kind, node: kind == "A_Const" and _is_text(node, quoted[1])) if quoted else None


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
