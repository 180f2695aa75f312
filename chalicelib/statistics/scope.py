"""Which names a place in a query can see: common table expressions, and the tables and aliases of FROM."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.statistics.catalog import TABLES

NO_NAMES: frozenset[str] = frozenset()


class Source(NamedTuple):
    """One item of FROM and the columns known of it.

    When `complete`, it has no further columns: another name after its alias would be a call of a function,
    because PostgreSQL reads `alias.name` as `name(alias)` where no such column exists.
    """

    columns: frozenset[str]
    complete: bool
    table: str = ""


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

    def __init__(self) -> None:
        """Nothing is in sight yet."""
        self._levels: list[tuple[dict[str, frozenset[str]], dict[str, Source]]] = []

    def enter(self) -> None:
        """Begin a SELECT."""
        self._levels.append(({}, {}))

    def leave(self) -> None:
        """End the innermost SELECT: what it named is out of sight."""
        self._levels.pop()

    def define(self, name: str, columns: frozenset[str]) -> None:
        """Let the innermost SELECT see a common table expression."""
        self._levels[-1][0][name] = columns

    def defined(self, name: str) -> frozenset[str] | None:
        """The columns of the common table expression that `name` means here, or None if it means none."""
        for tables, _ in reversed(self._levels):
            if name in tables:
                return tables[name]
        return None

    def add(self, alias: str, source: Source) -> None:
        """Put one item of FROM in sight."""
        self._levels[-1][1][alias] = source

    def source(self, alias: str) -> Source | None:
        """The nearest item of FROM of that name."""
        for _, sources in reversed(self._levels):
            if alias in sources:
                return sources[alias]
        return None

    def all_columns(self) -> frozenset[str]:
        """The columns that `*` gives in the innermost SELECT, as far as they are known."""
        return NO_NAMES.union(*(source.columns for source in self._levels[-1][1].values()))
