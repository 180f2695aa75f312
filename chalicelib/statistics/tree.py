"""The walk over a query's parse tree. It refuses every node and field that `grammar.py` does not list.

Rules: an unknown node or field is refused, including one that a later parser adds. Every place of the tree is visited,
because PostgreSQL calls functions from all of them. A call is checked in every spelling of the grammar (`f(x)`, `x.f`,
`(x).f`, casts, operators, collations, sampling methods).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

from chalicelib.statistics import expressions, from_clause, grammar
from chalicelib.statistics.allowlist import FUNCTIONS, HARMLESS_ATTRIBUTES, NOT_BY_ATTRIBUTE, TYPES, ServerNames
from chalicelib.statistics.bounds import BOUNDED, Budget
from chalicelib.statistics.grammar import FIELDS, MANY, ONE, PLAIN
from chalicelib.statistics.names import Node, dotted, names, output_name
from chalicelib.statistics.refusal import REFERENCE, Refusal, unknown_field
from chalicelib.statistics.scope import NO_NAMES, FromItem, Scope

#: The largest number of tables in one SELECT, including its subqueries and common table expressions. Planning takes
#: memory for each, and PostgreSQL ignores its time limit meanwhile.
TABLES_LIMIT = 32
#: The largest number of columns after planning: a column of a subquery stands for an expression, and the planner
#: copies the expression to each place that names the column.
WEIGHT_LIMIT = 100_000


@lru_cache(maxsize=8)
def _called_by_attribute(callable_names: frozenset[str]) -> frozenset[str]:
    by_attribute = FUNCTIONS - BOUNDED.keys() - NOT_BY_ATTRIBUTE
    return callable_names - by_attribute - TYPES - HARMLESS_ATTRIBUTES


class Walk:
    """One walk over one statement. It raises Refusal at the first construct that is not allowed."""

    __slots__ = ("budget", "called", "collations", "scope", "suspects", "weight")

    def __init__(self, server: ServerNames) -> None:
        """Create a walk for queries that `server` will run."""
        self.called = _called_by_attribute(server.callable_names)
        self.collations = server.collations
        self.scope = Scope()
        self.budget = Budget()
        #: The number of columns in the expressions so far, with every subquery merged into its parent.
        self.weight = 0
        #: Columns with the name of a function: alias, name, location.
        self.suspects: list[tuple[str, str, int]] = []

    def statement(self, tree: Node) -> None:
        """Walk the one SELECT of a parse tree."""
        statements = tree.get("stmts", [])
        if not statements:
            raise Refusal("a text without a query", "send one SELECT", None)
        if len(statements) > 1:
            raise Refusal("a second query", "one text takes one query", statements[1]["stmt_location"])
        ((kind, node),) = statements[0]["stmt"].items()
        if kind != "SelectStmt":
            name = kind.removesuffix("Stmt").upper()
            article = "an" if name[0] in "AEIOU" else "a"
            raise Refusal(f"{article} {name} statement", "only SELECT is allowed", None)
        self.select(node)
        self._check_weight()
        self._check_suspects()

    def select(self, node: Node) -> None:
        """Walk a SELECT, VALUES, TABLE or set operation."""
        self.scope.enter()
        self._from_items(node)
        SELECT(self, node)
        self.scope.leave()

    def named_select(self, node: Node) -> FromItem:
        """Walk a SELECT and return it as a FROM item: its known columns and their weight."""
        self.scope.enter()
        weight = self._from_items(node)
        rest = node.copy()
        rest.pop("targetList", None)
        SELECT(self, rest)
        for target in node.get("targetList", ()):
            before = self.weight
            self.visit(target)
            weight = max(weight, self.weight - before)
        item = FromItem(self._columns(node), complete=False, tables=max(self.scope.tables, 1), weight=weight)
        self.scope.leave()
        self._check_weight()
        return item

    def _from_items(self, node: Node) -> int:
        """Walk WITH, FROM or the branches of a set operation; return the weight of a set operation, else 1."""
        if "withClause" in node:
            self._with(node["withClause"])
        if "fromClause" in node:
            self.each(node["fromClause"])
            if self.scope.tables > TABLES_LIMIT:
                hint = f"one SELECT and its subqueries may use at most {TABLES_LIMIT} tables"
                raise Refusal("such a large join", hint, None)
        elif "larg" in node:
            return max(self.named_select(node["larg"]).weight, self.named_select(node["rarg"]).weight)
        return 1

    def _check_weight(self) -> None:
        if self.weight > WEIGHT_LIMIT:
            hint = "its subqueries' expressions would be copied too often: use fewer columns or levels"
            raise Refusal("an expression of expressions", hint, None)

    def _check_suspects(self) -> None:
        for alias, name, location in self.suspects:
            if self.scope.may_be_a_function(alias):
                hint = f"it may call a function of that name: give {alias} or the column another alias"
                raise Refusal(f"{alias}.{name}", hint, location)

    def visit(self, wrapped: Node) -> None:
        """Walk one node wrapped as `{kind: fields}`. An empty wrapping has no node."""
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
                self.scope.define(table["ctename"], FromItem(columns, complete=False))
        for table in tables:
            self.visit({"CommonTableExpr": table})
            query = table["ctequery"].get("SelectStmt")
            if query is None:
                raise Refusal("a data-modifying WITH", "only SELECT is allowed", table.get("location", 0))
            item = self.named_select(query)
            self.scope.define(table["ctename"], item._replace(columns=item.columns | _cte_columns(table)))

    def _columns(self, node: Node) -> frozenset[str]:
        while "larg" in node:
            node = node["larg"]
        if "valuesLists" in node:
            return frozenset(f"column{place}" for place in range(1, 1 + len(node["valuesLists"][0]["List"]["items"])))
        columns: set[str] = set()
        for wrapped in node.get("targetList", ()):
            target = wrapped["ResTarget"]
            name = target.get("name") or output_name(target["val"])
            if name != "*":
                columns.add(name)
            else:
                columns |= self._starred(dotted(target["val"]["ColumnRef"]["fields"][:-1]))
        return frozenset(columns)

    def _starred(self, qualifier: str) -> frozenset[str]:
        if not qualifier:
            return self.scope.all_columns()
        item = self.scope.item(qualifier.rpartition(".")[2])
        return item.columns if item else NO_NAMES


def _cte_columns(table: Node) -> frozenset[str]:
    search, cycle = table.get("search_clause", {}), table.get("cycle_clause", {})
    added = (
        search.get("search_seq_column", ""),
        cycle.get("cycle_mark_column", ""),
        cycle.get("cycle_path_column", ""),
    )
    return frozenset((*names(table.get("aliascolnames", ())), *added))


def _first_names(query: Node) -> frozenset[str]:
    """Return the column names of the first branch of a recursive query, without stars."""
    branch = query.get("SelectStmt", {})
    while "larg" in branch:
        branch = branch["larg"]
    targets = [wrapped["ResTarget"] for wrapped in branch.get("targetList", ())]
    return frozenset(target.get("name") or output_name(target["val"]) for target in targets)


Visit = Callable[[Walk, Node], None]


def _walk_of(kind: str) -> Visit:
    """Return the walk over one kind of node. It checks each field by the grammar table."""
    rules = FIELDS[kind]

    def walk_fields(walk: Walk, node: Node) -> None:
        for field in node:
            try:
                rule = rules[field]
            except KeyError:
                raise unknown_field(kind, node) from None
            # Half of all fields are plain and most others are nodes, so these cases avoid a call.
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
    """The walk of each kind of node. The walk of an unknown kind refuses it."""

    def __missing__(self, kind: str) -> Visit:
        def refuse(_walk: Walk, node: Node) -> None:
            if kind == "ParamRef":
                name = f"parameter ${node.get('number', 0)}"
                raise Refusal(f"{name} without a value", "put one into options.params", node.get("location", 0))
            raise Refusal(f"the construct {kind}", f"{REFERENCE} lists what is allowed", node.get("location", 0))

        return refuse


#: The check of each field that is neither plain nor only nodes.
CHECKS: dict[str, Callable[[Walk, Any, Node], None]] = {
    grammar.CALL: expressions.call,
    grammar.COLLATION: expressions.collation,
    grammar.COLUMN: expressions.column,
    grammar.BEHAVIOR: lambda walk, value, _: KINDS[grammar.BEHAVIOR](walk, value),
    grammar.CYCLE: lambda walk, value, _: KINDS[grammar.CYCLE](walk, value),
    grammar.JSON_VALUE: lambda walk, value, _: KINDS[grammar.JSON_VALUE](walk, value),
    grammar.PATH: lambda walk, value, _: KINDS[grammar.PATH](walk, value),
    grammar.FUNCTIONS: from_clause.functions,
    grammar.JOINED: from_clause.joined,
    grammar.JSON_COLUMNS: from_clause.json_table,
    grammar.JSON_PATH: expressions.json_path,
    grammar.KEYWORD: expressions.keyword,
    grammar.NUMBER: expressions.constant,
    grammar.OPERATION: expressions.operation,
    grammar.OPERATOR: expressions.operator,
    grammar.SAMPLING: expressions.sampling,
    grammar.SEARCH: lambda walk, value, _: KINDS[grammar.SEARCH](walk, value),
    grammar.STEPS: expressions.indirection,
    grammar.SUBQUERY: from_clause.subquery,
    grammar.TABLE: from_clause.table,
    grammar.TYPE: lambda walk, value, _: KINDS[grammar.TYPE](walk, value),
    grammar.TYPE_NAME: expressions.type_name,
    grammar.WINDOW: lambda walk, value, _: KINDS[grammar.WINDOW](walk, value),
}
SELECT = _walk_of("SelectStmt")
KINDS: _Kinds = _Kinds({kind: _walk_of(kind) for kind in FIELDS}, SelectStmt=Walk.select)
