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

    __slots__ = ("_functions", "_levels", "_uses", "heaviest", "tables")

    def __init__(self) -> None:
        """Nothing is in sight yet."""
        #: The weight that a column may have whose source is not named.
        self.heaviest = 1
        #: How many tables the innermost SELECT joins, those of its subqueries included.
        self.tables = 0
        # Of each SELECT: its common table expressions, its sources, and the two figures of the one around it.
        self._levels: list[tuple[dict[str, Source], dict[str, Source], int, int]] = []
        self._uses: dict[str, int] = {}
        self._functions: set[str] = set()

    def enter(self) -> None:
        """Begin a SELECT."""
        self._levels.append(({}, {}, self.heaviest, self.tables))
        self.tables = 0

    def leave(self) -> None:
        """End the innermost SELECT: what it named is out of sight."""
        _, _, self.heaviest, self.tables = self._levels.pop()

    def define(self, name: str, query: Source) -> None:
        """Let the innermost SELECT see a common table expression."""
        self._levels[-1][0][name] = query

    def defined(self, name: str) -> Source | None:
        """The common table expression that `name` means here, or None if it means none."""
        for queries, *_ in reversed(self._levels):
            if name in queries:
                return queries[name]
        return None

    def add(self, alias: str, source: Source) -> None:
        """Put one item of FROM in sight."""
        self._levels[-1][1][alias] = source
        self.tables += source.tables
        self.heaviest = max(self.heaviest, source.weight)
        self._uses[alias] = self._uses.get(alias, 0) + 1
        if source.is_function:
            self._functions.add(alias)

    def source(self, alias: str) -> Source | None:
        """The nearest item of FROM of that name."""
        for _, sources, *_ in reversed(self._levels):
            if alias in sources:
                return sources[alias]
        return None

    def may_be_a_function(self, alias: str) -> bool:
        """Whether `alias` names a function's result, or several things of which only PostgreSQL knows the right one.

        To be asked at the end of a walk: what comes later in the text may be nearer.
        """
        return alias in self._functions or self._uses.get(alias, 0) > 1

    def all_columns(self) -> frozenset[str]:
        """The columns that `*` gives in the innermost SELECT, as far as they are known."""
        return NO_NAMES.union(*(source.columns for source in self._levels[-1][1].values()))
