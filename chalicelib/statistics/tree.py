"""The walk over a query's parse tree: nodes, and fields of nodes, that are not listed here are refused.

Rules: what is not understood is refused, a field that a later parser adds included; every place of the tree is visited,
since PostgreSQL calls functions from all of them; and a call is refused in each spelling that the grammar has for it
(`f(x)`, `x.f`, `(x).f`, casts, operators, collations, sampling methods).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

from chalicelib.statistics import expressions, grammar, sources
from chalicelib.statistics.allowlist import FUNCTIONS, HARMLESS_ATTRIBUTES, TYPES
from chalicelib.statistics.bounds import BOUNDED, Budget
from chalicelib.statistics.grammar import FIELDS, MANY, ONE, PLAIN
from chalicelib.statistics.names import Node, dotted, names, output_name
from chalicelib.statistics.refusal import Refusal, unknown_field
from chalicelib.statistics.scope import NO_NAMES, Scope, Source

#: How many tables one SELECT may join, its subqueries' and common table expressions' tables included: planning takes
#: memory for each, and PostgreSQL does not look at its time limit meanwhile.
TABLES_LIMIT = 32
#: Columns of subqueries stand for expressions, which the planner writes out in each place that names them. So many
#: columns may a query refer to then.
WEIGHT_LIMIT = 100_000


@lru_cache(maxsize=8)
def _called_by_attribute(callable_names: frozenset[str]) -> frozenset[str]:
    return callable_names - (FUNCTIONS - BOUNDED.keys()) - TYPES - HARMLESS_ATTRIBUTES


class Walk:
    """One walk over one statement; raises Refusal at the first thing that a report may not do."""

    __slots__ = ("budget", "called", "scope", "suspects", "weight")

    def __init__(self, callable_names: frozenset[str]) -> None:
        """`callable_names` are those that PostgreSQL would call for `value.name`."""
        self.called = _called_by_attribute(callable_names)
        self.scope = Scope()
        self.budget = Budget()
        #: How many columns the expressions so far would refer to, were every subquery merged into its parent.
        self.weight = 0
        #: Columns that bear the name of a function: alias, name, location.
        self.suspects: list[tuple[str, str, int]] = []

    def statement(self, tree: Node) -> None:
        """Walk the one SELECT in what the parser gave."""
        statements = tree.get("stmts", [])
        if len(statements) != 1:
            raise Refusal(f"{len(statements)} statements", "send exactly one SELECT", None)
        ((kind, node),) = statements[0]["stmt"].items()
        if kind != "SelectStmt":
            raise Refusal(f"a {kind.removesuffix('Stmt').upper()} statement", "only SELECT is", None)
        self.select(node)
        self._check_weight()
        self._check_suspects()

    def select(self, node: Node) -> None:
        """Walk a SELECT, VALUES, TABLE or set operation."""
        self.scope.enter()
        self._sources(node)
        SELECT(self, node)
        self.scope.leave()

    def named_select(self, node: Node) -> Source:
        """Walk a SELECT and return what it gives: its columns, as far as they are known, and what they weigh."""
        self.scope.enter()
        weight = self._sources(node)
        rest = node.copy()
        rest.pop("targetList", None)
        SELECT(self, rest)
        for target in node.get("targetList", ()):
            before = self.weight
            self.visit(target)
            weight = max(weight, self.weight - before)
        source = Source(self._columns(node), complete=False, tables=max(self.scope.tables, 1), weight=weight)
        self.scope.leave()
        self._check_weight()
        return source

    def _sources(self, node: Node) -> int:
        """Walk what a SELECT takes its rows from, so that the rest may name it; returns what a UNION weighs."""
        if "withClause" in node:
            self._with(node["withClause"])
        if "fromClause" in node:
            self.each(node["fromClause"])
            if self.scope.tables > TABLES_LIMIT:
                allowed = f"at most {TABLES_LIMIT} tables in one SELECT and its subqueries are"
                raise Refusal("so large a join", allowed, None)
        elif "larg" in node:
            return max(self.named_select(node["larg"]).weight, self.named_select(node["rarg"]).weight)
        return 1

    def _check_weight(self) -> None:
        if self.weight > WEIGHT_LIMIT:
            raise Refusal("an expression of expressions", "its columns would be written out too often: use fewer", None)

    def _check_suspects(self) -> None:
        for alias, name, location in self.suspects:
            if self.scope.may_be_a_function(alias):
                allowed = f"it may call a function of that name: give {alias}, or the column, another alias"
                raise Refusal(f"{alias}.{name}", allowed, location)

    def visit(self, wrapped: Node) -> None:
        """Walk one node in its `{kind: fields}` wrapping; an empty wrapping stands for nothing."""
        for kind in wrapped:
            KINDS[kind](self, wrapped[kind])

    def each(self, nodes: Collection[Node]) -> None:
        """Walk several nodes."""
        for wrapped in nodes:
            for kind in wrapped:
                KINDS[kind](self, wrapped[kind])

    def _with(self, clause: Node) -> None:
        tables = [wrapped["CommonTableExpr"] for wrapped in clause["ctes"]]
        if clause.get("recursive"):
            for table in tables:
                columns = _cte_columns(table) | _first_names(table["ctequery"])
                self.scope.define(table["ctename"], Source(columns, complete=False))
        for table in tables:
            self.visit({"CommonTableExpr": table})
            query = table["ctequery"].get("SelectStmt")
            if query is None:
                raise Refusal("a data-modifying WITH", "only SELECT is", table.get("location", 0))
            source = self.named_select(query)
            self.scope.define(table["ctename"], source._replace(columns=source.columns | _cte_columns(table)))

    def _columns(self, node: Node) -> frozenset[str]:
        while "larg" in node:
            node = node["larg"]
        if "valuesLists" in node:
            return frozenset(f"column{place}" for place in range(1, 1 + len(node["valuesLists"][0]["List"]["items"])))
        found: set[str] = set()
        for wrapped in node.get("targetList", ()):
            target = wrapped["ResTarget"]
            name = target.get("name") or output_name(target["val"])
            if name != "*":
                found.add(name)
            else:
                found |= self._starred(dotted(target["val"]["ColumnRef"]["fields"][:-1]))
        return frozenset(found)

    def _starred(self, qualifier: str) -> frozenset[str]:
        if not qualifier:
            return self.scope.all_columns()
        source = self.scope.source(qualifier.rpartition(".")[2])
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


Visit = Callable[[Walk, Node], None]


def _walk_of(kind: str) -> Visit:
    """Make the walk over one kind of node: each field is checked as the grammar's table says."""
    rules = FIELDS[kind]

    def walk_fields(walk: Walk, node: Node) -> None:
        for field in node:
            try:
                rule = rules[field]
            except KeyError:
                raise unknown_field(kind, node) from None
            # Half of all fields are plain, and most others hold nodes: they are told apart without a call.
            if rule is PLAIN:
                continue
            if rule is ONE:
                value = node[field]
                for inner in value:
                    KINDS[inner](walk, value[inner])
            elif rule is MANY:
                walk.each(node[field])
            else:
                CHECKS[rule](walk, node[field], node)

    return walk_fields


class _Kinds(dict[str, Visit]):
    """The walk of each kind of node; that of an unknown kind refuses it."""

    def __missing__(self, kind: str) -> Visit:
        def refuse(_walk: Walk, node: Node) -> None:
            raise Refusal(f"the construct {kind}", "the README says which are", node.get("location", 0))

        return refuse


#: How the value of a field is checked that holds more than nodes.
CHECKS: dict[str, Callable[[Walk, Any, Node], None]] = {
    grammar.CALL: expressions.call,
    grammar.COLLATION: expressions.collation,
    grammar.COLUMN: expressions.column,
    grammar.CYCLE: lambda walk, value, _: KINDS[grammar.CYCLE](walk, value),
    grammar.FUNCTIONS: sources.functions,
    grammar.JOINED: sources.joined,
    grammar.KEYWORD: expressions.keyword,
    grammar.NUMBER: expressions.constant,
    grammar.OPERATION: expressions.operation,
    grammar.OPERATOR: expressions.operator,
    grammar.SAMPLING: expressions.sampling,
    grammar.SEARCH: lambda walk, value, _: KINDS[grammar.SEARCH](walk, value),
    grammar.STEPS: expressions.indirection,
    grammar.SUBQUERY: sources.subquery,
    grammar.TABLE: sources.table,
    grammar.TYPE: lambda walk, value, _: KINDS[grammar.TYPE](walk, value),
    grammar.TYPE_NAME: expressions.type_name,
    grammar.WINDOW: lambda walk, value, _: KINDS[grammar.WINDOW](walk, value),
}
SELECT = _walk_of("SelectStmt")
KINDS: _Kinds = _Kinds({kind: _walk_of(kind) for kind in FIELDS}, SelectStmt=Walk.select)
