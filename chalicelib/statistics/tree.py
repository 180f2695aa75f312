"""The walk over a query's parse tree: nodes, and fields of nodes, that are not listed here are refused.

Rules: what is not understood is refused, a field that a later parser adds included; every place of the tree is visited,
since PostgreSQL calls functions from all of them; and a call is refused in each spelling that the grammar has for it
(`f(x)`, `x.f`, `(x).f`, casts, operators, collations, sampling methods).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, Never

from chalicelib.statistics import expressions, grammar, sources
from chalicelib.statistics.allowlist import FUNCTIONS, HARMLESS_ATTRIBUTES, TYPES
from chalicelib.statistics.bounds import BOUNDED, Budget
from chalicelib.statistics.grammar import FIELDS, PLAIN, REFUSED_CLAUSES
from chalicelib.statistics.names import Node, names, output_name
from chalicelib.statistics.refusal import Refusal
from chalicelib.statistics.scope import NO_NAMES, Scope


@lru_cache(maxsize=8)
def _called_by_attribute(callable_names: frozenset[str]) -> frozenset[str]:
    return callable_names - (FUNCTIONS - BOUNDED.keys()) - TYPES - HARMLESS_ATTRIBUTES


class Walk:
    """One walk over one statement; raises Refusal at the first thing that a report may not do."""

    def __init__(self, callable_names: frozenset[str]) -> None:
        """`callable_names` are those that PostgreSQL would call for `value.name`."""
        self.called = _called_by_attribute(callable_names)
        self.scope = Scope()
        self.budget = Budget()

    def statement(self, tree: Node) -> None:
        """Walk the one SELECT in what the parser gave."""
        statements = tree.get("stmts", [])
        if len(statements) != 1:
            raise Refusal(f"{len(statements)} statements", "send exactly one SELECT", None)
        ((kind, node),) = statements[0]["stmt"].items()
        if kind != "SelectStmt":
            raise Refusal(f"a {kind.removesuffix('Stmt').upper()} statement", "only SELECT is", None)
        self.select(node)

    def select(self, node: Node) -> None:
        """Walk a SELECT, VALUES, TABLE or set operation."""
        self.scope.enter()
        self._query(node)
        self.scope.leave()

    def named_select(self, node: Node) -> frozenset[str]:
        """Walk a SELECT and return the names of its columns, as far as they are known."""
        self.scope.enter()
        self._query(node)
        columns = self._columns(node)
        self.scope.leave()
        return columns

    def _query(self, node: Node) -> None:
        if "withClause" in node:
            self._with(node["withClause"])
        if "larg" in node:
            self.select(node["larg"])
            self.select(node["rarg"])
        if "fromClause" in node:
            self.each(node["fromClause"])
        self.fields("SelectStmt", node)

    def visit(self, wrapped: Node, _parent: Node | None = None) -> None:
        """Walk one node in its `{kind: fields}` wrapping; an empty wrapping stands for nothing."""
        for kind, node in wrapped.items():
            (KINDS.get(kind) or _unknown(kind, node))(self, node)

    def each(self, nodes: Collection[Node], _parent: Node | None = None) -> None:
        """Walk several nodes."""
        for wrapped in nodes:
            for kind, node in wrapped.items():
                (KINDS.get(kind) or _unknown(kind, node))(self, node)

    def fields(self, kind: str, node: Node) -> None:
        """Walk the fields of a node of `kind`."""
        FIELD_WALKS[kind](self, node)

    def _with(self, clause: Node) -> None:
        tables = [wrapped["CommonTableExpr"] for wrapped in clause["ctes"]]
        if clause.get("recursive"):
            for table in tables:
                self.scope.define(table["ctename"], _cte_columns(table) | _first_names(table["ctequery"]))
        for table in tables:
            self.fields("CommonTableExpr", table)
            query = table["ctequery"].get("SelectStmt")
            if query is None:
                raise Refusal("a data-modifying WITH", "only SELECT is", table.get("location", 0))
            self.scope.define(table["ctename"], self.named_select(query) | _cte_columns(table))

    def _columns(self, node: Node) -> frozenset[str]:
        while "larg" in node:
            node = node["larg"]
        if "valuesLists" in node:
            return frozenset(f"column{place}" for place in range(1, 1 + len(node["valuesLists"][0]["List"]["items"])))
        found: set[str] = set()
        for wrapped in node.get("targetList", ()):
            target = wrapped["ResTarget"]
            name = target.get("name") or output_name(target["val"])
            if name == "*":
                found |= self._starred(target["val"]["ColumnRef"]["fields"])
            else:
                found.add(name)
        return frozenset(found)

    def _starred(self, fields: list[Node]) -> frozenset[str]:
        if len(fields) == 1:
            return self.scope.all_columns()
        source = self.scope.source(names(fields[:-1])[-1])
        return source.columns if source else NO_NAMES


def _cte_columns(table: Node) -> frozenset[str]:
    search, cycle = table.get("search_clause", {}), table.get("cycle_clause", {})
    added = (
        search.get("search_seq_column", ""),
        cycle.get("cycle_mark_column", ""),
        cycle.get("cycle_path_column", ""),
    )
    return frozenset((*names(table.get("aliascolnames", ())), *added))


def _first_names(query: Node) -> frozenset[str]:
    """The column names that a recursive query takes from its first branch, stars aside."""
    branch = query.get("SelectStmt", {})
    while "larg" in branch:
        branch = branch["larg"]
    targets = [wrapped["ResTarget"] for wrapped in branch.get("targetList", ())]
    return frozenset(target.get("name") or output_name(target["val"]) for target in targets)


def _field_walk(kind: str) -> Visit:
    """Make the walk over the fields of one kind of node, as the grammar's table says."""
    known = frozenset(FIELDS[kind])
    steps = tuple((field, _step(rule)) for field, rule in FIELDS[kind].items() if rule is not PLAIN)
    whole = WHOLES.get(kind)

    def walk_fields(walk: Walk, node: Node) -> None:
        if not node.keys() <= known:
            _refuse_field(kind, node)
        for field, step in steps:
            if field in node:
                step(walk, node[field], node)
        if whole is not None:
            whole(walk, node)

    return walk_fields


def _step(rule: str) -> Check:
    return VALUES.get(rule) or (lambda walk, value, _node: walk.fields(rule, value))


def _refuse_field(kind: str, node: Node) -> None:
    field = min(node.keys() - FIELDS[kind].keys())
    what = REFUSED_CLAUSES.get((kind, field), f"{field} of {kind}")
    raise Refusal(what, "the README says what is", node.get("location", 0))


def _unknown(kind: str, node: Node) -> Never:
    raise Refusal(f"the construct {kind}", "the README says which are", node.get("location", 0))


Visit = Callable[[Walk, Node], None]
Check = Callable[[Walk, Any, Node], None]

#: What is checked of a field's value.
VALUES: dict[str, Check] = {
    grammar.ONE: Walk.visit,
    grammar.MANY: Walk.each,
    grammar.COLLATION: expressions.collation,
    grammar.KEYWORD: expressions.keyword,
    grammar.OPERATOR: expressions.operator,
    grammar.SAMPLING: expressions.sampling,
}
#: What is checked of a node once its fields are walked.
WHOLES: dict[str, Visit] = {
    "A_Const": expressions.constant,
    "A_Expr": expressions.operation,
    "A_Indirection": expressions.indirection,
    "ColumnRef": expressions.column,
    "FuncCall": expressions.call,
    "JoinExpr": sources.join,
    "RangeVar": sources.table,
    "TypeName": expressions.type_name,
}
FIELD_WALKS: dict[str, Visit] = {kind: _field_walk(kind) for kind in FIELDS}
#: The walk of each kind of node; some have their parts walked in an order of their own.
KINDS: dict[str, Visit] = {
    **FIELD_WALKS,
    "RangeFunction": sources.function_call,
    "RangeSubselect": sources.subquery,
    "SelectStmt": Walk.select,
}
