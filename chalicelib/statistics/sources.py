"""What FROM may hold, and which columns each of its items brings into sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.statistics.allowlist import FUNCTION_COLUMNS
from chalicelib.statistics.names import Node, names
from chalicelib.statistics.refusal import Refusal, tables_like
from chalicelib.statistics.scope import DOCUMENTED, Source

if TYPE_CHECKING:
    from chalicelib.statistics.tree import Walk


def table(walk: Walk, node: Node) -> None:
    """A table must be documented, or a common table expression in sight; its columns are known."""
    schema, name = node.get("schemaname", ""), node["relname"]
    source = DOCUMENTED.get((schema, name)) if schema else _defined(walk, name)
    if source is None:
        raise Refusal(
            f"table {f'{schema}.' if schema else ''}{name}", tables_like(name, DOCUMENTED), node.get("location", 0)
        )
    _bring(walk, source, node.get("alias"), name)


def subquery(walk: Walk, node: Node) -> None:
    """A subquery brings the columns that it names."""
    walk.fields("RangeSubselect", node)
    columns = walk.named_select(node["subquery"]["SelectStmt"])
    _bring(walk, Source(columns, complete=False), node.get("alias"), "")


def _defined(walk: Walk, name: str) -> Source | None:
    columns = walk.scope.defined(name)
    return None if columns is None else Source(columns, complete=False)


def _bring(walk: Walk, source: Source, alias: Node | None, name: str) -> None:
    if alias is None:
        walk.scope.add(name, source)
        return
    if "colnames" in alias:
        source = Source(source.columns.union(names(alias["colnames"])), complete=False)
    walk.scope.add(alias["aliasname"], source)


def function_call(walk: Walk, node: Node) -> None:
    """A function in FROM has the columns that its alias, its definition list or it itself names, and no others."""
    walk.fields("RangeFunction", node)
    alias = node.get("alias", {})
    columns = {alias.get("aliasname", ""), *FUNCTION_COLUMNS, *names(alias.get("colnames", ()))}
    columns.update(_definitions(walk, node.get("coldeflist", ())))
    for wrapped in node["functions"]:
        call, definitions = (*wrapped["List"]["items"], {})[:2]
        if "FuncCall" not in call:
            raise Refusal("an expression in FROM", "only tables, subqueries and functions are", None)
        walk.visit(call)
        columns.add(names(call["FuncCall"]["funcname"])[-1])
        columns.update(_definitions(walk, definitions.get("List", {}).get("items", ())))
    known = alias.get("aliasname") or names(call["FuncCall"]["funcname"])[-1]
    walk.scope.add(known, Source(frozenset(columns), complete=True))


def _definitions(walk: Walk, definitions: list[Node]) -> list[str]:
    walk.each(definitions)
    return [definition["ColumnDef"]["colname"] for definition in definitions]


def join(walk: Walk, node: Node) -> None:
    """The alias of a join hides nothing from it: its columns are those of its sides."""
    for field in ("alias", "join_using_alias"):
        if field in node:
            columns = walk.scope.all_columns().union(names(node[field].get("colnames", ())))
            walk.scope.add(node[field]["aliasname"], Source(columns, complete=False))
