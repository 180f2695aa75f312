"""Reads rows of a CEL table: SQLite directly, MySQL, MariaDB and PostgreSQL by their command-line clients."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import sqlite3
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from ringledger_asterisk.cel_settings import CelSource, Table

ROWS = 500
SECONDS = 60
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "0": "\0", "r": "\r"}


class TableFault(Exception):
    """The table cannot be read now. The message is the reason."""


class CelRow(NamedTuple):
    """A row: its number, which grows from row to row, and its other columns as text."""

    number: int
    columns: dict[str, str]


class SqliteTable:
    """The table of cel_sqlite3_custom."""

    def __init__(self, file: Path, table: Table) -> None:
        """Read the table in `file`."""
        self._address = f"file:{quote(str(file))}?mode=ro"
        self._table = table.table

    def rows(self, after: int) -> list[CelRow]:
        """Return the rows after number `after`, up to ROWS. Raise TableFault."""
        query = f"SELECT rowid, * FROM {self._table} WHERE rowid > ? ORDER BY rowid LIMIT {ROWS}"  # noqa: S608 - checked
        names, found = self._ask(query, after)
        return [_row(dict(zip(["", *names[1:]], values)), "", {"acctid"}) for values in found]

    def last(self) -> int:
        """Return the number of the last row, 0 if there is none. Raise TableFault."""
        query = f"SELECT coalesce(max(rowid), 0) FROM {self._table}"  # noqa: S608 - checked
        return int(self._ask(query)[1][0][0])

    def _ask(self, query: str, *values: int) -> tuple[list[str], list[tuple[str, ...]]]:
        try:
            with closing(sqlite3.connect(self._address, timeout=5, uri=True)) as database:
                database.text_factory = lambda content: content.decode(errors="replace")
                found = database.execute(query, values)
                return [column[0] for column in found.description], found.fetchall()
        except sqlite3.Error as fault:
            raise TableFault(f"the CEL table cannot be read: {fault}") from None


class ClientTable(ABC):
    """A table that a command-line client reads. The client takes what is not set from its own configuration."""

    def __init__(self, table: Table) -> None:
        """Read `table`."""
        self._table = table

    def rows(self, after: int) -> list[CelRow]:
        """Return the rows after number `after`, up to ROWS. Raise TableFault."""
        number = self._table.number
        query = f"SELECT * FROM {self._table.table} WHERE {number} > {after} ORDER BY {number} LIMIT {ROWS}"  # noqa: S608 - checked
        return [_row(fields, number, set()) for fields in self._ask(query)]

    def last(self) -> int:
        """Return the number of the last row, 0 if there is none. Raise TableFault."""
        query = f"SELECT coalesce(max({self._table.number}), 0) AS last FROM {self._table.table}"  # noqa: S608 - checked
        return int(self._ask(query)[0]["last"])

    @abstractmethod
    def _ask(self, query: str) -> list[dict[str, str]]:
        """Return the rows of a query, each by the names of its columns. Raise TableFault."""

    def _output(self, command: list[str], password: str) -> str:
        # A password among the arguments would be visible to every user of the machine.
        environment = {**os.environ, password: self._table.password} if self._table.password else dict(os.environ)
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise TableFault(f"the CEL table cannot be read: {fault}") from None
        if done.returncode:
            reason = " ".join(done.stderr.decode(errors="replace").split())[:300]
            raise TableFault(f"the CEL table cannot be read: {reason}")
        return done.stdout.decode(errors="replace")


class MysqlTable(ClientTable):
    """A table of MySQL or MariaDB."""

    def _ask(self, query: str) -> list[dict[str, str]]:
        table = self._table
        options = {"--host": table.host, "--port": table.port, "--user": table.user}
        program = shutil.which("mysql") or "mariadb"
        command = [program, "--batch", "--default-character-set=utf8mb4", *_options(options), table.database]
        lines = self._output([*command, "-e", query], "MYSQL_PWD").split("\n")
        # Without rows there is no line of names either.
        names, *rows = [[_unescaped(value) for value in line.split("\t")] for line in lines if line] or [[]]
        return [dict(zip(names, row)) for row in rows]


class PostgresTable(ClientTable):
    """A table of PostgreSQL."""

    def _ask(self, query: str) -> list[dict[str, str]]:
        table = self._table
        options = {"--host": table.host, "--port": table.port, "--username": table.user}
        copy = f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER)"
        command = ["psql", "-X", "-q", "-w", *_options(options), f"--dbname={table.database}", "-c", copy]
        return list(csv.DictReader(io.StringIO(self._output(command, "PGPASSWORD"), newline="")))


def opened(source: CelSource) -> SqliteTable | ClientTable:
    """Return the table of a source."""
    if source.kind == "sqlite":
        return SqliteTable(source.file, source.table)
    return MysqlTable(source.table) if source.kind == "mysql" else PostgresTable(source.table)


def _options(options: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in options.items() if value]


def _row(fields: Mapping[str, object], number: str, others: set[str]) -> CelRow:
    columns = {
        name: "" if value is None else str(value)
        for name, value in fields.items()
        if name != number and name.lower() not in others
    }
    return CelRow(int(str(fields[number])), columns)


def _unescaped(value: str) -> str:
    """Return a value of `mysql --batch`, where NULL is a word."""
    return "" if value == "NULL" else _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), value)
