"""The database with an Asterisk's calls (CDR_URL): MySQL, MariaDB or PostgreSQL, read as a stream of rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, Protocol
from urllib.parse import unquote, urlsplit

from chalicelib.errors import Misconfigured, Unavailable
from chalicelib.platform.postgres import Row

CONNECT_SECONDS = 10
READ_SECONDS = 300
ROWS_AT_ONCE = 1_000
MYSQL_PORT = 3306
# In libpq, the kernel notices that a server has vanished. PyMySQL uses READ_SECONDS.
LASTING: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": 60_000, "keepalives_idle": 30}
SCHEMES = ("mysql", "mariadb", "postgresql", "postgres")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?")


class CdrUnavailable(Unavailable):
    """The database of CDR_URL does not answer, or refuses a statement."""

    code = "foreign-unavailable"


class Database(Protocol):
    """An open connection to the database."""

    def quoted(self, name: str) -> str:
        """Return the quoted name of a table or a column, with its schema if it has one.

        Raise Misconfigured if it is no name.
        """

    def rows(self, sql: str, parameters: Sequence[object]) -> Iterator[list[Row]]:
        """Yield the rows of a SELECT, a thousand at a time; the server keeps the rest.

        Raise CdrUnavailable; its cause is the driver's error.
        """

    def columns(self, table: str) -> list[str]:
        """Return the names of a table's columns. Raise CdrUnavailable."""


@contextmanager
def opened(url: str, time_zone: str) -> Iterator[Database]:
    """Connect to `url`, `mysql://user:password@host:port/name` or `postgresql://…`, with this time zone.

    Raise Misconfigured if it is neither, and CdrUnavailable if no server answers.
    """
    scheme = urlsplit(url).scheme
    if scheme not in SCHEMES:
        raise Misconfigured(f"CDR_URL must begin with {', '.join(f'{word}://' for word in SCHEMES)}")
    database = _MySQL(url) if scheme in {"mysql", "mariadb"} else _PostgreSQL(url, time_zone)
    try:
        yield database
    finally:
        database.close()


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Misconfigured(f"{name!r} is no name of a table or a column")
    return name


class _Connected:
    """The common part of both drivers, whose names stand between two `quote`."""

    quote: str
    _driver: Any
    _errors: Any

    def quoted(self, name: str) -> str:
        return ".".join(f"{self.quote}{part}{self.quote}" for part in _checked(name).split("."))

    def columns(self, table: str) -> list[str]:
        try:
            with self._driver.cursor() as cursor:
                cursor.execute(f"SELECT * FROM {self.quoted(table)} LIMIT 0")  # noqa: S608 - a checked name
                return [str(column[0]) for column in cursor.description]
        except self._errors as error:
            _away(error)

    def close(self) -> None:
        self._driver.close()


class _MySQL(_Connected):
    quote = "`"

    def __init__(self, url: str) -> None:
        import pymysql  # noqa: PLC0415 - a cold start pays for it only where an Asterisk keeps its calls in MySQL
        import pymysql.cursors  # noqa: PLC0415

        place = urlsplit(url)
        self._errors = (pymysql.MySQLError, OSError)
        self._streaming = pymysql.cursors.SSCursor
        try:
            self._driver = pymysql.connect(
                host=place.hostname or "localhost",
                port=place.port or MYSQL_PORT,
                user=unquote(place.username or ""),
                password=unquote(place.password or ""),
                database=unquote(place.path.strip("/")),
                charset="utf8mb4",
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
            )
        except self._errors as error:
            _away(error)

    def rows(self, sql: str, parameters: Sequence[object]) -> Iterator[list[Row]]:
        cursor = self._driver.cursor(self._streaming)
        try:
            cursor.execute(sql, tuple(parameters))
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                yield list(rows)
        except self._errors as error:
            _away(error)


class _PostgreSQL(_Connected):
    quote = '"'

    def __init__(self, url: str, time_zone: str) -> None:
        import psycopg2  # noqa: PLC0415 - beside the one above

        self._errors = psycopg2.Error
        try:
            self._driver = psycopg2.connect(url, options=f"-c TimeZone={time_zone}", **LASTING)
            self._driver.set_session(readonly=True)
        except self._errors as error:
            _away(error)

    def rows(self, sql: str, parameters: Sequence[object]) -> Iterator[list[Row]]:
        try:
            with self._driver.cursor("ringledger") as cursor:
                cursor.execute(sql, tuple(parameters))
                while rows := cursor.fetchmany(ROWS_AT_ONCE):
                    yield rows
        except self._errors as error:
            _away(error)


def _away(error: Exception) -> NoReturn:
    raise CdrUnavailable("The database of CDR_URL does not answer, or refuses a statement") from error
