"""What FROM may hold, and which columns each of its items brings into sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.statistics.allowlist import FUNCTION_COLUMNS
from chalicelib.statistics.names import Node, names
from chalicelib.statistics.refusal import Refusal, tables_like
from chalicelib.statistics.scope import DOCUMENTED, Source

if TYPE_CHECKING:
    from chalicelib.statistics.tree import Walk


#: How many tables one SELECT may join, its subqueries' and common table expressions' tables included: planning takes
#: memory for each, and PostgreSQL does not look at its time limit meanwhile.
TABLES_LIMIT = 32


def table(walk: Walk, node: Node) -> None:
    """A table must be documented, or a common table expression in sight; its columns are known."""
    schema, name = node.get("schemaname", ""), node["relname"]
    source = DOCUMENTED.get((schema, name)) if schema else walk.scope.defined(name)
    if source is None:
        raise Refusal(
            f"table {f'{schema}.' if schema else ''}{name}", tables_like(name, DOCUMENTED), node.get("location", 0)
        )
    _bring(walk, source, node.get("alias"), name)


def subquery(walk: Walk, node: Node) -> None:
    """A subquery brings the columns that it names."""
    walk.fields("RangeSubselect", node)
    _bring(walk, walk.named_select(node["subquery"]["SelectStmt"]), node.get("alias"), "")


def _bring(walk: Walk, source: Source, alias: Node | None, name: str) -> None:
    if alias is not None and "colnames" in alias:
        columns = source.columns.union(names(alias["colnames"]))
        source = source._replace(columns=columns, complete=False, table="")
    _add(walk, name if alias is None else alias["aliasname"], source)


def _add(walk: Walk, alias: str, source: Source) -> None:
    walk.scope.add(alias, source)
    if walk.scope.tables > TABLES_LIMIT:
        raise Refusal("so large a join", f"at most {TABLES_LIMIT} tables in one SELECT and its subqueries are", None)


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
    _add(walk, known, Source(frozenset(columns), complete=True, is_function=True))


def _definitions(walk: Walk, definitions: list[Node]) -> list[str]:
    walk.each(definitions)
    return [definition["ColumnDef"]["colname"] for definition in definitions]


def join(walk: Walk, node: Node) -> None:
    """The alias of a join hides nothing from it: its columns are those of its sides."""
    for field in ("alias", "join_using_alias"):
        if field in node:
            columns = walk.scope.all_columns().union(names(node[field].get("colnames", ())))
            weight = walk.scope.heaviest
            walk.scope.add(node[field]["aliasname"], Source(columns, complete=False, tables=0, weight=weight))
