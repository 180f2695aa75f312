"""The names that are visible at a place in a query: common table expressions, and tables and aliases of FROM."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.catalog import READABLE, SOURCES

NO_NAMES: frozenset[str] = frozenset()


class FromItem(NamedTuple):
    """One item of FROM and its known columns.

    When `complete`, it has no other columns. Another name after its alias would then call a function, because
    PostgreSQL reads `alias.name` as `name(alias)` if there is no such column.
    """

    columns: frozenset[str]
    complete: bool
    table: str = ""
    #: The number of tables behind it after the planner has merged subqueries into their parents.
    tables: int = 1
    #: The number of plain columns that the heaviest of its columns may become there.
    weight: int = 1
    is_function: bool = False


#: Every documented table and view by schema and name.
DOCUMENTED: dict[tuple[str, str], FromItem] = {
    (schema, table): FromItem(
        frozenset(column for column, _ in columns),
        complete=True,
        table=f"{schema}.{table}",
        tables=len(SOURCES.get(f"{schema}.{table}", "1")),
    )
    for schema, tables in READABLE.items()
    for table, columns in tables.items()
}


class Scope:
    """The names that are visible at one point of a walk through a query, by PostgreSQL's rules.

    Common table expressions: the body of a WITH query sees the earlier siblings (all of them under RECURSIVE), inner
    names hide outer ones, and a name ends with its SELECT. FROM items: the innermost SELECT first, then outward.
    """

    __slots__ = ("_added", "_items", "_outer", "_queries", "heaviest", "tables")

    def __init__(self) -> None:
        """Create a scope without names."""
        #: The largest weight of a column that is written without an alias.
        self.heaviest = 1
        #: The number of tables that the innermost SELECT joins, including its subqueries.
        self.tables = 0
        # For each SELECT, the innermost last: its common table expressions, its FROM items, and the outer two figures.
        self._queries: list[dict[str, FromItem]] = []
        self._items: list[dict[str, FromItem]] = []
        self._outer: list[tuple[int, int]] = []
        # Every FROM item so far, visible or not: its alias, and whether it is a function.
        self._added: list[tuple[str, bool]] = []

    def enter(self) -> None:
        """Begin a SELECT."""
        self._queries.append({})
        self._items.append({})
        self._outer.append((self.heaviest, self.tables))
        self.tables = 0

    def leave(self) -> None:
        """End the innermost SELECT and its names."""
        del self._queries[-1], self._items[-1]
        self.heaviest, self.tables = self._outer.pop()

    def define(self, name: str, query: FromItem) -> None:
        """Add a common table expression to the innermost SELECT."""
        self._queries[-1][name] = query

    def defined(self, name: str) -> FromItem | None:
        """Return the common table expression that `name` refers to here; None without one."""
        for queries in reversed(self._queries):
            if name in queries:
                return queries[name]
        return None

    def add(self, alias: str, item: FromItem) -> None:
        """Add one FROM item to the innermost SELECT."""
        self._items[-1][alias] = item
        self.tables += item.tables
        self.heaviest = max(self.heaviest, item.weight)
        self._added.append((alias, item.is_function))

    def item(self, alias: str) -> FromItem | None:
        """Return the nearest FROM item with this alias; None without one."""
        for items in reversed(self._items):
            if alias in items:
                return items[alias]
        return None

    def may_be_a_function(self, alias: str) -> bool:
        """Tell whether `alias` is a function's result, or several items of which only PostgreSQL knows the right one.

        Call it at the end of a walk: a later item of the text may be nearer.
        """
        uses = [is_function for name, is_function in self._added if name == alias]
        return len(uses) > 1 or any(uses)

    def all_columns(self) -> frozenset[str]:
        """Return the known columns of `*` in the innermost SELECT."""
        return NO_NAMES.union(*(item.columns for item in self._items[-1].values()))
