"""Readers of the names in parse-tree nodes."""

from __future__ import annotations

from typing import Any

Node = dict[str, Any]

_FIXED = {
    "A_ArrayExpr": "array",
    "CaseExpr": "case",
    "CoalesceExpr": "coalesce",
    "GroupingFunc": "grouping",
    "RowExpr": "row",
}
_INNER = {"CollateClause": "arg", "TypeCast": "arg", "A_Indirection": "arg"}


def names(strings: list[Node]) -> list[str]:
    """Return the texts of a list of String nodes."""
    return [node["String"]["sval"] for node in strings]


def own_name(strings: list[Node]) -> str | None:
    """Return a name written alone or as `pg_catalog.name`; None for a name of another schema."""
    name: str = strings[-1]["String"]["sval"]
    return name if len(strings) == 1 or names(strings[:-1]) == ["pg_catalog"] else None


def dotted(strings: list[Node]) -> str:
    """Return the name with its schema, as the query has it."""
    return ".".join(names(strings))


def output_name(expression: Node) -> str:
    """Return the name that PostgreSQL gives to an output column without an alias; `*` for a star, empty without one.

    A cast has the name of its argument, as in PostgreSQL, if the argument has one.
    """
    ((kind, node),) = expression.items()
    if kind == "ColumnRef":
        last = node["fields"][-1]
        return "*" if "A_Star" in last else names([last])[0]
    if kind == "FuncCall":
        return names(node["funcname"])[-1]
    if kind in _INNER:
        return _last_step(node) or output_name(node[_INNER[kind]]) or _type(node)
    return _FIXED.get(kind, "")


def _last_step(node: Node) -> str:
    steps = [step for step in node.get("indirection", ()) if "String" in step]
    return names(steps)[-1] if steps else ""


def _type(node: Node) -> str:
    return names(node["typeName"]["names"])[-1] if "typeName" in node else ""
