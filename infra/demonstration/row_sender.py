"""Sends rows to the documented tables: gathered as text, sent by COPY, never all in memory."""

from __future__ import annotations

import io
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import psycopg2.extensions
from psycopg2 import sql

from chalicelib.catalog import TABLES

# Rows in memory before they are sent, about 5 MB of text; as many are being sent.
CHUNK = 30_000

# The size of the driver's reads: with its usual 8 kB the two threads would mostly wait for each other.
BLOCK = 1 << 20

NULL = r"\N"
Value = str | int | bool | None
Table = tuple[str, str]

PLACES = {
    (schema, table): {column: place for place, (column, _type) in enumerate(columns)}
    for schema, tables in TABLES.items()
    for table, columns in tables.items()
}
BLANKS = {table: [NULL] * len(places) for table, places in PLACES.items()}


class RowTaker(Protocol):
    """A taker of rows for any documented table."""

    def add(self, schema: str, table: str, **values: Value) -> None:
        """Take one row; a column without a value is null."""


class Rows:
    """A sender of rows for any documented table; it sends while the next rows are made."""

    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        self._connection = connection
        self._lines: dict[Table, list[str]] = defaultdict(list)
        self._held = 0
        self._sender = ThreadPoolExecutor(max_workers=1)
        self._under_way: Future[None] | None = None

    def add(self, schema: str, table: str, **values: Value) -> None:
        """Append one row to its table; a column without a value is null."""
        places, cells = PLACES[schema, table], BLANKS[schema, table].copy()
        for column, value in values.items():
            if value is not None:
                cells[places[column]] = value if type(value) is str else str(value)
        self._lines[schema, table].append("\t".join(cells))
        self._held += 1
        if self._held >= CHUNK:
            self._send()

    def finish(self) -> None:
        """Send the remaining rows, and wait for the end of the transfer."""
        self._send()
        self._wait()
        self._sender.shutdown()

    def _send(self) -> None:
        self._wait()
        self._under_way = self._sender.submit(_copy, self._connection, self._lines)
        self._lines = defaultdict(list)
        self._held = 0

    def _wait(self) -> None:
        if self._under_way is not None:
            self._under_way.result()


def _copy(connection: psycopg2.extensions.connection, lines: dict[Table, list[str]]) -> None:
    with connection.cursor() as cursor:
        for table, texts in lines.items():
            into = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(*table))
            cursor.copy_expert(into, io.StringIO("\n".join(texts) + "\n"), BLOCK)
