"""What FROM may hold, and which columns each of its items brings into sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.statistics.allowlist import FUNCTION_COLUMNS
from chalicelib.statistics.names import Node, names
from chalicelib.statistics.refusal import Refusal, tables_like
from chalicelib.statistics.scope import DOCUMENTED, Source

if TYPE_CHECKING:
    from chalicelib.statistics.tree import Walk


def table(walk: Walk, name: str, node: Node) -> None:
    """A table must be documented, or a common table expression in sight; its columns are known."""
    schema = node.get("schemaname", "")
    source = DOCUMENTED.get((schema, name)) if schema else walk.scope.defined(name)
    if source is None:
        raise Refusal(
            f"table {f'{schema}.' if schema else ''}{name}", tables_like(name, DOCUMENTED), node.get("location", 0)
        )
    _bring(walk, source, node.get("alias"), name)


def subquery(walk: Walk, value: Node, node: Node) -> None:
    """A subquery brings the columns that it names."""
    _bring(walk, walk.named_select(value["SelectStmt"]), node.get("alias"), "")


def _bring(walk: Walk, source: Source, alias: Node | None, name: str) -> None:
    if alias is not None and "colnames" in alias:
        columns = source.columns.union(names(alias["colnames"]))
        source = source._replace(columns=columns, complete=False, table="")
    walk.scope.add(name if alias is None else alias["aliasname"], source)


def functions(walk: Walk, value: list[Node], node: Node) -> None:
    """A function in FROM has the columns that its alias, its definition list or it itself names, and no others."""
    alias = node.get("alias", {})
    columns = {alias.get("aliasname", ""), *FUNCTION_COLUMNS, *names(alias.get("colnames", ()))}
    columns.update(_defined(node.get("coldeflist", ())))
    for wrapped in value:
        call, definitions = (*wrapped["List"]["items"], {})[:2]
        if "FuncCall" not in call:
            raise Refusal("an expression in FROM", "only tables, subqueries and functions are", None)
        walk.visit(call)
        columns.add(names(call["FuncCall"]["funcname"])[-1])
        walk.visit(definitions)
        columns.update(_defined(definitions.get("List", {}).get("items", ())))
    known = alias.get("aliasname") or names(call["FuncCall"]["funcname"])[-1]
    walk.scope.add(known, Source(frozenset(columns), complete=True, is_function=True))


def _defined(definitions: list[Node]) -> list[str]:
    return [definition["ColumnDef"]["colname"] for definition in definitions]


def joined(walk: Walk, alias: Node, _node: Node) -> None:
    """The alias of a join hides nothing from it: its columns are those of its sides."""
    columns = walk.scope.all_columns().union(names(alias.get("colnames", ())))
    weight = walk.scope.heaviest
    walk.scope.add(alias["aliasname"], Source(columns, complete=False, tables=0, weight=weight))
