"""Checks of FROM items, and the columns that each item makes visible."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.statistics.allowlist import FUNCTION_COLUMNS
from chalicelib.statistics.metric_functions import METRIC_FUNCTIONS
from chalicelib.statistics.names import Node, dotted, names
from chalicelib.statistics.refusal import Refusal, tables_like
from chalicelib.statistics.scope import DOCUMENTED, FromItem

if TYPE_CHECKING:
    from chalicelib.statistics.tree import Walk


def table(walk: Walk, name: str, node: Node) -> None:
    """Check that a table is documented or a visible common table expression, and add its columns."""
    schema = node.get("schemaname", "")
    item = DOCUMENTED.get((schema, name)) if schema else walk.scope.defined(name)
    if item is None:
        raise Refusal(
            f"table {f'{schema}.' if schema else ''}{name}", tables_like(name, DOCUMENTED), node.get("location", 0)
        )
    _add(walk, item, node.get("alias"), name)


def subquery(walk: Walk, value: Node, node: Node) -> None:
    """Check a subquery and add its columns."""
    _add(walk, walk.named_select(value["SelectStmt"]), node.get("alias"), "")


def _add(walk: Walk, item: FromItem, alias: Node | None, name: str) -> None:
    if alias is not None and "colnames" in alias:
        columns = item.columns.union(names(alias["colnames"]))
        item = item._replace(columns=columns, complete=False, table="")
    walk.scope.add(name if alias is None else alias["aliasname"], item)


def functions(walk: Walk, value: list[Node], node: Node) -> None:
    """Check a function in FROM and add its columns: those of its alias, its definition list and its own name."""
    alias = node.get("alias", {})
    columns = {alias.get("aliasname", ""), *FUNCTION_COLUMNS, *names(alias.get("colnames", ()))}
    columns.update(_defined(node.get("coldeflist", ())))
    for wrapped in value:
        call, definitions = (*wrapped["List"]["items"], {})[:2]
        if "FuncCall" not in call:
            raise Refusal("an expression in FROM", "only tables, subqueries and functions are allowed", None)
        walk.visit(call)
        columns.add(names(call["FuncCall"]["funcname"])[-1])
        columns.update(METRIC_FUNCTIONS.get(dotted(call["FuncCall"]["funcname"]), ()))
        walk.visit(definitions)
        columns.update(_defined(definitions.get("List", {}).get("items", ())))
    visible_name = alias.get("aliasname") or names(call["FuncCall"]["funcname"])[-1]
    walk.scope.add(visible_name, FromItem(frozenset(columns), complete=True, is_function=True))


def json_table(walk: Walk, value: list[Node], node: Node) -> None:
    """Check the columns of a JSON_TABLE, and add them. PostgreSQL has it from version 17."""
    walk.each(value)
    item = FromItem(frozenset(_json_columns(value)), complete=True)
    _add(walk, item, node.get("alias"), "json_table")


def _json_columns(columns: list[Node]) -> Iterator[str]:
    for column in (wrapped["JsonTableColumn"] for wrapped in columns):
        if "name" in column:
            yield column["name"]
        yield from _json_columns(column.get("columns", []))


def _defined(definitions: list[Node]) -> list[str]:
    return [definition["ColumnDef"]["colname"] for definition in definitions]


def joined(walk: Walk, alias: Node, _node: Node) -> None:
    """Add the alias of a join with the columns of both of its sides."""
    columns = walk.scope.all_columns().union(names(alias.get("colnames", ())))
    weight = walk.scope.heaviest
    walk.scope.add(alias["aliasname"], FromItem(columns, complete=False, tables=0, weight=weight))
