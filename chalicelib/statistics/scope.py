"""Which names a place in a query can see: common table expressions, and the tables and aliases of FROM."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.catalog import TABLES

NO_NAMES: frozenset[str] = frozenset()


class Source(NamedTuple):
    """One item of FROM and the columns known of it.

    When `complete`, it has no further columns: another name after its alias would be a call of a function,
    because PostgreSQL reads `alias.name` as `name(alias)` where no such column exists.
    """

    columns: frozenset[str]
    complete: bool
    table: str = ""
    #: How many tables stand behind it once the planner has merged subqueries into their parents.
    tables: int = 1
    #: How many plain columns the heaviest of its columns may become there.
    weight: int = 1
    is_function: bool = False


#: Every documented table by schema and name.
DOCUMENTED: dict[tuple[str, str], Source] = {
    (schema, table): Source(frozenset(column for column, _ in columns), complete=True, table=f"{schema}.{table}")
    for schema, tables in TABLES.items()
    for table, columns in tables.items()
}


class Scope:
    """The names in sight at one point of a walk through a query, as PostgreSQL's own rules have them.

    Common table expressions: a body of WITH sees the earlier siblings (all of them under RECURSIVE), inner names hide
    outer ones, and a name ends with its SELECT. Sources: the innermost SELECT first, then outward.
    """

    __slots__ = ("_added", "_around", "_queries", "_sources", "heaviest", "tables")

    def __init__(self) -> None:
        """Nothing is in sight yet."""
        #: The weight that a column may have whose source is not named.
        self.heaviest = 1
        #: How many tables the innermost SELECT joins, those of its subqueries included.
        self.tables = 0
        # Of each SELECT, the innermost last: its common table expressions, its sources, and both figures around it.
        self._queries: list[dict[str, Source]] = []
        self._sources: list[dict[str, Source]] = []
        self._around: list[tuple[int, int]] = []
        # Every item of FROM so far, out of sight or not.
        self._added: list[tuple[str, bool]] = []

    def enter(self) -> None:
        """Begin a SELECT."""
        self._queries.append({})
        self._sources.append({})
        self._around.append((self.heaviest, self.tables))
        self.tables = 0

    def leave(self) -> None:
        """End the innermost SELECT: what it named is out of sight."""
        del self._queries[-1], self._sources[-1]
        self.heaviest, self.tables = self._around.pop()

    def define(self, name: str, query: Source) -> None:
        """Let the innermost SELECT see a common table expression."""
        self._queries[-1][name] = query

    def defined(self, name: str) -> Source | None:
        """The common table expression that `name` means here, or None if it means none."""
        for queries in reversed(self._queries):
            if name in queries:
                return queries[name]
        return None

    def add(self, alias: str, source: Source) -> None:
        """Put one item of FROM in sight."""
        self._sources[-1][alias] = source
        self.tables += source.tables
        self.heaviest = max(self.heaviest, source.weight)
        self._added.append((alias, source.is_function))

    def source(self, alias: str) -> Source | None:
        """The nearest item of FROM of that name."""
        for sources in reversed(self._sources):
            if alias in sources:
                return sources[alias]
        return None

    def may_be_a_function(self, alias: str) -> bool:
        """Whether `alias` names a function's result, or several things of which only PostgreSQL knows the right one.

        To be asked at the end of a walk: what comes later in the text may be nearer.
        """
        uses = [is_function for name, is_function in self._added if name == alias]
        return len(uses) > 1 or any(uses)

    def all_columns(self) -> frozenset[str]:
        """The columns that `*` gives in the innermost SELECT, as far as they are known."""
        return NO_NAMES.union(*(source.columns for source in self._sources[-1].values()))
