"""One guarded statement on the reader's connection: its rows and the names of its columns."""

from __future__ import annotations

import csv
import io
from collections.abc import MutableMapping
from functools import lru_cache
from typing import NamedTuple

from pglast.parser import fingerprint

from chalicelib.errors import QueryFailed
from chalicelib.platform import postgres
from chalicelib.settings import Settings
from chalicelib.statistics import columns, guard
from chalicelib.statistics.allowlist import USUAL_NAMES
from chalicelib.statistics.columns import Column
from chalicelib.statistics.failures import failure
from chalicelib.statistics.reader import reader

Notes = MutableMapping[str, object]

#: Seconds over the server's limit after which the connection is cut: some values make PostgreSQL ignore its limit.
_GRACE = 1.0

_BEGIN = "BEGIN READ ONLY; COPY ("
#: The reader's role has these settings by itself, and a SET would pin its connection to RDS Proxy.
_BEGIN_AS_READER = "BEGIN READ ONLY; SET LOCAL search_path TO ''; SET LOCAL TimeZone TO 'UTC'; COPY ("
_END = "; ROLLBACK"


class Query(NamedTuple):
    """One query: its text as it arrived, the rule for its first words (see the guard), and the id of its request."""

    text: str
    beginning: str
    request_id: str


class BytesSink:
    """A sink that keeps its rows in memory."""

    def __init__(self, limit: int | None = None) -> None:
        """Create an empty sink for up to `limit` bytes."""
        self.count = 0
        self.bytes = bytearray()
        self._limit = limit

    def write(self, row: bytes) -> None:
        """Take one row as COPY sends it. Raise QueryFailed over the limit."""
        self.count += 1
        self.bytes += row
        if self._limit is not None and len(self.bytes) > self._limit:
            raise QueryFailed(f"beside other queries an answer may have {self._limit} bytes: send this query alone")


class Execution:
    """A guarded statement that is ready to run, any number of times."""

    def __init__(
        self, query: Query, current: Settings, notes: Notes, connection: postgres.Connection | None = None
    ) -> None:
        """Guard `query` and open the connection, which is the reader's without another one.

        Raise Refused, Unavailable, UnsafeRole.
        """
        self._begin, server = _BEGIN, USUAL_NAMES
        if connection is None:
            connection, examined = reader()
            server = examined.server
        else:
            self._begin = _BEGIN_AS_READER
        self._connection = connection
        self._text = query.text
        self._statement = guard.check(query.text, query.beginning, server)
        self._current = current
        self._notes = notes
        notes["fingerprint"] = _fingerprint(self._statement)

    def copy(self, before: str, after: str, options: str, sink: postgres.Sink) -> None:
        """Write the rows of the statement to `sink`. `before` and `after` are the SQL around it, `options` are COPY's.

        Nothing is committed. Raise QueryFailed, Unavailable and the errors of `sink`.
        """
        start = f"{self._begin}{before}\n"
        statements = f"{start}{self._statement}\n{after}) TO STDOUT ({options}){_END}"
        try:
            self._connection.copy_out(statements, sink, seconds=self._current.statement_timeout + _GRACE)
        except postgres.DatabaseError as error:
            self._notes["sqlstate"] = error.sqlstate
            raise failure(error, self._text, self._statement, len(start), self._current) from None

    def unique_aliases(self) -> str:
        """Return column aliases that number repeated names, or an empty text where all names are unique.

        Asks PostgreSQL for the names only where the statement does not tell them. Raise QueryFailed, Unavailable.
        """
        if columns.are_unique(self._statement):
            return ""
        names = self._column_names()
        unique = columns.numbered(names)
        return "" if unique == names else columns.alias_list(unique)

    def columns(self) -> list[Column]:
        """Return the columns with their types, for which PostgreSQL is asked twice. Raise QueryFailed, Unavailable."""
        labels = self._column_names()
        aliases = [f"c{place}" for place, _ in enumerate(labels, 1)]
        types = self._column_types(aliases) if aliases else []
        return list(map(Column, columns.numbered(labels), labels, types, aliases))

    def _column_names(self) -> list[str]:
        # The header of a COPY without rows.
        return self._first_row("SELECT * FROM (", ") _w LIMIT 0", "FORMAT csv,HEADER")

    def _column_types(self, aliases: list[str]) -> list[str]:
        # One row of nulls, which have the types of their columns.
        types = ",".join(f"pg_catalog.pg_typeof(_w.{alias})" for alias in aliases)
        before = f"SELECT {types} FROM (SELECT 1) _o LEFT JOIN (SELECT * FROM ("
        return self._first_row(before, f") _s LIMIT 0) _w({','.join(aliases)}) ON true", "FORMAT csv")

    def _first_row(self, before: str, after: str, options: str) -> list[str]:
        sink = BytesSink()
        self.copy(before, after, options, sink)
        return next(csv.reader(io.StringIO(sink.bytes.decode(), newline="")), [])


@lru_cache(maxsize=256)
def _fingerprint(statement: str) -> str:
    return str(fingerprint(statement))
