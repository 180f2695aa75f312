"""What expressions may hold: columns, calls in each of their spellings, operators, types, constants, collations."""

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
from chalicelib.statistics.bounds import BOUNDED, BOUNDED_OPERATORS, CROSSING_OPERATORS, OutOfBounds
from chalicelib.statistics.names import Node, dotted, names, own_name
from chalicelib.statistics.refusal import Refusal, near
from chalicelib.statistics.scope import DOCUMENTED

if TYPE_CHECKING:
    from chalicelib.statistics.tree import Walk


def column(walk: Walk, value: list[Node], node: Node) -> None:
    """A column is named by itself, by its alias, or by its documented table; never by a system column's name."""
    last = value[-1]
    if len(value) > 3:
        raise Refusal(f"the name {dotted(value[:-1])}.…", "write schema.table.column at most", node.get("location", 0))
    if "A_Star" in last:
        walk.weight += walk.scope.heaviest
        return
    name = last["String"]["sval"]
    if name in SYSTEM_COLUMNS:
        raise Refusal(f"system column {name}", "only the documented columns are", node.get("location", 0))
    if len(value) == 1:
        walk.weight += walk.scope.heaviest
    else:
        _member(walk, value[:-1], name, node)


def _member(walk: Walk, qualifier: list[Node], name: str, node: Node) -> None:
    alias = qualifier[-1]["String"]["sval"]
    is_alias = len(qualifier) == 1
    source = walk.scope.source(alias) if is_alias else DOCUMENTED.get((names(qualifier)[0], alias))
    if source is not None:
        walk.weight += source.weight
        if name in source.columns:
            if is_alias and name in walk.called:
                walk.suspects.append((alias, name, node.get("location", 0)))
            return
    if not is_alias or (source is not None and source.complete):
        has = f"; {source.table} has {', '.join(sorted(source.columns))}" if source is not None and source.table else ""
        written = dotted(qualifier)
        raise Refusal(f"{written}.{name}", f"{name} is no column of {written}{has}", node.get("location", 0))
    _attribute(walk, name, node.get("location", 0))


def _attribute(walk: Walk, name: str, location: int | None) -> None:
    if name in walk.called or name in SYSTEM_COLUMNS:
        raise Refusal(f"the attribute {name}", "it would call a function of that name; only columns are", location)


def indirection(walk: Walk, value: list[Node], _node: Node) -> None:
    """`(value).name` reads a field, or calls a function of that name."""
    for step in value:
        if "String" in step:
            _attribute(walk, step["String"]["sval"], None)
        elif "A_Star" not in step:
            walk.visit(step)


def call(walk: Walk, value: list[Node], node: Node) -> None:
    """A function must be listed; one that multiplies has its arguments bounded."""
    name = own_name(value)
    if name is None:
        raise _refused("function", value, node, "only PostgreSQL's own functions are")
    if name not in FUNCTIONS and not (name in TYPES and len(node.get("args", ())) == 1):
        raise _refused("function", value, node, near(name, FUNCTIONS, "functions"))
    if name in BOUNDED:
        _bounded(node, BOUNDED[name], walk.budget, name, node.get("args", []))


def operation(walk: Walk, value: list[Node], node: Node) -> None:
    """An operator must be listed; one that multiplies is bounded like the function that does the same."""
    operator(walk, value, node)
    name = value[-1]["String"]["sval"]
    if name in BOUNDED_OPERATORS:
        _bounded(node, BOUNDED_OPERATORS[name], walk.budget, name, _operands(node))
    elif name in CROSSING_OPERATORS and "lexpr" in node:
        _bounded(node, bounds.crossing, name, _operands(node))


def _operands(node: Node) -> list[Node]:
    return [node[side] for side in ("lexpr", "rexpr") if side in node]


def operator(_walk: Walk, value: list[Node], node: Node) -> None:
    """An operator must be listed and PostgreSQL's own."""
    if own_name(value) not in OPERATORS:
        raise _refused("operator", value, node, f"the operators are {' '.join(sorted(OPERATORS))}")


def type_name(_walk: Walk, value: list[Node], node: Node) -> None:
    """A type must be listed; one that pads its values has its length bounded."""
    name = own_name(value)
    if name not in TYPES:
        raise _refused("type", value, node, near(name or "", TYPES, "types"))
    if "typmods" in node:
        _bounded(node, bounds.modifier, name, node["typmods"])


def constant(_walk: Walk, _value: Node, node: Node) -> None:
    """A number must have a size that reports have."""
    _bounded(node, bounds.literal, node)


def collation(_walk: Walk, value: list[Node], node: Node) -> None:
    """A collation must be listed."""
    if own_name(value) not in COLLATIONS:
        raise _refused("collation", value, node, f"the collations are {', '.join(sorted(COLLATIONS))}")


def sampling(_walk: Walk, value: list[Node], node: Node) -> None:
    """A sampling method must be listed."""
    if names(value)[-1] not in SAMPLING_METHODS or len(value) > 1:
        raise Refusal("this sampling method", "bernoulli and system are", node.get("location", 0))


def keyword(_walk: Walk, value: str, node: Node) -> None:
    """Keywords of time are fine; those that name the role or the database are not."""
    if value not in TIME_KEYWORDS:
        word = value.removeprefix("SVFOP_").lower()
        raise Refusal(word, "of these keywords only those of time are", node.get("location", 0))


def _refused(kind: str, name: list[Node], node: Node, allowed: str) -> Refusal:
    return Refusal(f"{kind} {dotted(name)}", allowed, node.get("location", 0))


def _bounded(node: Node, check: Callable[..., None], *arguments: object) -> None:
    try:
        check(*arguments)
    except OutOfBounds as fault:
        raise Refusal("this size", str(fault), node.get("location", 0)) from None
