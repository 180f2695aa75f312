"""Checks of expressions: columns, calls in every spelling, operators, types, constants, collations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.statistics import bounds
from chalicelib.statistics.allowlist import (
    COLLATIONS,
    FUNCTIONS,
    OPERATORS,
    SAMPLING_METHODS,
    SYSTEM_COLUMNS,
    TIME_KEYWORDS,
    TYPES,
)
from chalicelib.statistics.bounds import BOUNDED, BOUNDED_OPERATORS, CROSSING_OPERATORS, Budget, OutOfBounds
from chalicelib.statistics.metric_functions import METRIC_FUNCTIONS
from chalicelib.statistics.names import Node, dotted, names, own_name
from chalicelib.statistics.refusal import REFERENCE, Refusal
from chalicelib.statistics.scope import DOCUMENTED, FromItem
from chalicelib.statistics.suggestions import instead

if TYPE_CHECKING:
    from chalicelib.statistics.tree import Walk

_LISTED = f"{REFERENCE} lists them"
#: Advice on sorting names where the server has no Russian collation.
_RUSSIAN = "for Russian order, write: order by replace(lower(name), 'ё', 'е'), name"  # noqa: RUF001


def column(walk: Walk, value: list[Node], node: Node) -> None:
    """Check a column name: alone, after an alias or after a documented table, and never a system column."""
    last = value[-1]
    if len(value) > 3:
        raise Refusal(f"the name {dotted(value[:-1])}.…", "use at most schema.table.column", node.get("location", 0))
    if "A_Star" in last:
        walk.weight += walk.scope.heaviest
        return
    name = last["String"]["sval"]
    if name in SYSTEM_COLUMNS:
        raise Refusal(f"system column {name}", "only the documented columns are allowed", node.get("location", 0))
    if len(value) == 1:
        walk.weight += walk.scope.heaviest
    else:
        _member(walk, value[:-1], name, node)


def _member(walk: Walk, qualifier: list[Node], name: str, node: Node) -> None:
    alias, location = qualifier[-1]["String"]["sval"], node.get("location", 0)
    is_alias = len(qualifier) == 1
    item = walk.scope.item(alias) if is_alias else DOCUMENTED.get((names(qualifier)[0], alias))
    walk.weight += item.weight if item else 0
    if item and name in item.columns:
        if is_alias and name in walk.called:
            walk.suspects.append((alias, name, location))
    elif is_alias and not (item and item.complete):
        _attribute(walk, name, location)
    else:
        written = dotted(qualifier)
        raise Refusal(f"{written}.{name}", f"{written} has no column {name}{_columns_of(item)}", location)


def _columns_of(item: FromItem | None) -> str:
    return f"; {item.table} has {', '.join(sorted(item.columns))}" if item and item.table else ""


def _attribute(walk: Walk, name: str, location: int | None) -> None:
    if name in walk.called or name in SYSTEM_COLUMNS:
        hint = "it would call a function of that name, and only columns are allowed here"
        raise Refusal(f"the attribute {name}", hint, location)


def indirection(walk: Walk, value: list[Node], _node: Node) -> None:
    """Check `(value).name`, which reads a field or calls a function of that name."""
    for step in value:
        if "String" in step:
            _attribute(walk, step["String"]["sval"], None)
        elif "A_Star" not in step:
            walk.visit(step)


def call(walk: Walk, value: list[Node], node: Node) -> None:
    """Check that a function is listed and that its arguments are within their limits."""
    name = own_name(value)
    if dotted(value) in METRIC_FUNCTIONS:
        return
    if name is None:
        raise _refused(
            "function", value, node, f"only functions of PostgreSQL and {', '.join(METRIC_FUNCTIONS)} are allowed"
        )
    if name not in FUNCTIONS and not (name in TYPES and len(node.get("args", ())) == 1):
        raise _refused("function", value, node, instead(name, FUNCTIONS, "functions"))
    if name in BOUNDED:
        _bounded(node, BOUNDED[name], walk.budget, name, node.get("args", []))


def operation(walk: Walk, value: list[Node], node: Node) -> None:
    """Check that an operator is listed and that its operands are within the limits of the equivalent function."""
    operator(walk, value, node)
    name = value[-1]["String"]["sval"]
    if name in BOUNDED_OPERATORS:
        _bounded(node, BOUNDED_OPERATORS[name], walk.budget, name, _operands(node))
    elif name in CROSSING_OPERATORS and "lexpr" in node:
        _bounded(node, bounds.crossing, name, _operands(node))


def _operands(node: Node) -> list[Node]:
    return [node[side] for side in ("lexpr", "rexpr") if side in node]


def operator(_walk: Walk, value: list[Node], node: Node) -> None:
    """Check that an operator is listed and comes from pg_catalog."""
    if own_name(value) not in OPERATORS:
        raise _refused("operator", value, node, f"the allowed operators are {' '.join(sorted(OPERATORS))}")


def type_name(_walk: Walk, value: list[Node], node: Node) -> None:
    """Check that a type is listed and that its length is within its limit."""
    name = own_name(value)
    if name not in TYPES:
        raise _refused("type", value, node, instead(name or "", TYPES, "types"))
    if "typmods" in node:
        _bounded(node, bounds.modifier, name, node["typmods"])


def constant(_walk: Walk, _value: Node, node: Node) -> None:
    """Check that a number is not longer than reports need."""
    _bounded(node, bounds.literal, node)


def json_path(walk: Walk, value: Node, node: Node) -> None:
    """Check that the path of a JSON_TABLE is within the limits of the JSON functions."""
    _bounded(node, Budget.jsonpath, walk.budget, "json_table", [value, value])


def collation(walk: Walk, value: list[Node], node: Node) -> None:
    """Check that the server has a collation."""
    name = own_name(value)
    if name not in walk.collations:
        usual = sorted(walk.collations & COLLATIONS)
        others = len(walk.collations) - len(usual)
        hint = f"this server has {', '.join(usual)}{f' and {others} others' if others else ''}"
        raise _refused("collation", value, node, f"{hint}; {_RUSSIAN if (name or '').startswith('ru') else _LISTED}")


def sampling(_walk: Walk, value: list[Node], node: Node) -> None:
    """Check that a sampling method is listed."""
    if names(value)[-1] not in SAMPLING_METHODS or len(value) > 1:
        raise Refusal("this sampling method", "bernoulli and system are allowed", node.get("location", 0))


def keyword(_walk: Walk, value: str, node: Node) -> None:
    """Check a keyword: those for the time are allowed, those for the role or the database are not."""
    if value not in TIME_KEYWORDS:
        word = value.removeprefix("SVFOP_").lower()
        raise Refusal(word, "of these keywords only those for the time are allowed", node.get("location", 0))


def _refused(kind: str, name: list[Node], node: Node, hint: str) -> Refusal:
    return Refusal(f"{kind} {dotted(name)}", hint, node.get("location", 0))


def _bounded(node: Node, check: Callable[..., None], *arguments: object) -> None:
    try:
        check(*arguments)
    except OutOfBounds as error:
        raise Refusal("this size", str(error), node.get("location", 0)) from None
