"""PostgreSQL connections: one for each role and thread, reopened once when lost; the driver's errors end here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import psycopg2
from psycopg2 import extensions

from chalicelib.errors import RingledgerError, Unavailable
from chalicelib.platform import addresses, configuration, runtime
from chalicelib.platform.addresses import Credentials
from chalicelib.platform.deadlines import Deadline
from chalicelib.platform.plans import STALE, TUNING, Plans, Statement

T = TypeVar("T")
Row = tuple[Any, ...]
Parameters = Sequence[object] | Mapping[str, object]
Verify = Callable[["Connection"], object]
Work = Callable[[], object]

# Class 08 is "connection exception"; the others are shutdown, crash, start-up and "too many connections".
AWAY_CLASS = "08"
AWAY_STATES = frozenset({"57P01", "57P02", "57P03", "53300"})

_BEGIN = Statement("BEGIN")

#: The state of a statement that outlived the deadline of `copy_out`; PostgreSQL itself has none of this name.
DEADLINE = "RL001"


class DatabaseError(RingledgerError):
    """PostgreSQL refused a statement.

    `sqlstate` is the five-character code, `primary` PostgreSQL's sentence, `position` the character of the statement,
    counted from 1, that the error points at, `hint` its advice. `primary` may quote values of the statement, so `repr`
    does not contain it.
    """

    code = "database"

    def __init__(self, sqlstate: str, primary: str, position: int | None = None, hint: str = "") -> None:
        """Keep PostgreSQL's sentence out of the message, which may be logged."""
        self.sqlstate = sqlstate
        self.primary = primary
        self.position = position
        self.hint = hint
        super().__init__(f"PostgreSQL refused the statement (SQLSTATE {sqlstate or 'unknown'})")


class Sink(Protocol):
    """A receiver of the rows of a COPY."""

    #: The number of rows so far.
    count: int

    def write(self, row: bytes, /) -> object:
        """Receive one row as the server sent it."""


class Connection:
    """One role's connection in autocommit mode, opened on first use."""

    def __init__(self, url: str, verify: Verify | None = None) -> None:
        """Connect to `url` at the first use; keep the result of `verify(self)` on a new connection as `verified`."""
        self.verified: Any = None
        self._parameters = addresses.parameters(url)
        self._verify = verify
        self._driver: extensions.connection | None = None
        self._pinned = False
        self._plans = Plans()
        self._waiting: list[Statement] = []

    def __repr__(self) -> str:
        """Show the role only: an address may contain a password."""
        return f"Connection(user={self._parameters.get('user', '')!r})"

    def execute(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """Run one statement that may safely run twice, and return its rows.

        When the connection is lost, it is reopened once and the statement repeated, except within `transaction()`.
        Raises Unavailable when the database is away, DatabaseError when it refuses.
        """
        return self._run(Statement(sql, parameters))

    def execute_planned(self, sql: str, parameters: Parameters) -> list[Row]:
        """Run a statement like `execute`, planned once a session: for statements that run again and again."""
        return self._run(Statement(sql, parameters, planned=True))

    def execute_while(self, sql: str, parameters: Parameters, work: Work) -> list[Row]:
        """Run a statement like `execute_planned`, and call `work`, which may not use this connection.

        A nonblocking connection calls it while the server is busy. Raises what `work` raises, too.
        """
        return self._run(Statement(sql, parameters, planned=True), work)

    def _run(self, statement: Statement, work: Work = lambda: None) -> list[Row]:
        def run(cursor: extensions.cursor) -> list[Row]:
            if statement.planned and not self._plans.tuned:
                self._send(cursor, TUNING, lambda: None)
                # Within a transaction a ROLLBACK would undo it.
                self._plans.tuned = cursor.connection.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE
            self._send(cursor, self._plans.message(cursor, [*self._waiting, statement]), work)
            self._plans.sent()
            return cursor.fetchall() if cursor.description else []

        rows = self._with_cursor(run)
        self._pinned = self._pinned or bool(self._waiting)
        self._waiting.clear()
        return rows

    def _send(self, cursor: extensions.cursor, message: bytes, work: Work) -> None:
        cursor.execute(message)
        work()

    def post(self, sql: str, parameters: Parameters) -> None:
        """Send a planned statement of a transaction together with the next statement; its rows are dropped."""
        self._waiting.append(Statement(sql, parameters, planned=True))

    def open(self) -> None:
        """Open the connection if it is closed. Raises Unavailable, and the errors of the verification."""
        if self._driver is None:
            self._open()

    def copy_out(self, statements: str, sink: Sink, *, seconds: float) -> None:
        """Send the rows of `statements`, which hold one COPY … TO STDOUT, to `sink`.

        A lost connection is reopened once if `sink` had no row yet. After `seconds`, which should exceed the server's
        own limit, the connection is cut: some values keep PostgreSQL busy without checking that limit, and a pooler
        forwards no cancel requests. Raises Unavailable, DatabaseError (of state DEADLINE when cut), and the errors of
        `sink`, which cut the connection too.
        """

        def run(cursor: extensions.cursor) -> None:
            with Deadline(cursor.connection, seconds) as deadline:
                try:
                    cursor.copy_expert(statements, sink)
                except psycopg2.Error:
                    if deadline.passed:
                        raise DatabaseError(DEADLINE, "the connection was cut at its deadline") from None
                    raise

        try:
            self._with_cursor(run, may_repeat=lambda: sink.count == 0)
        except DatabaseError as error:
            self._leave_transaction(cut=error.sqlstate == DEADLINE)
            raise
        except BaseException:
            # After an error of the sink or an interrupt, rows are still on their way; the next use would wait for all.
            self.close()
            raise

    def _leave_transaction(self, *, cut: bool) -> None:
        if cut:
            self.close()
        elif self._driver is not None and self._driver.info.transaction_status != extensions.TRANSACTION_STATUS_IDLE:
            self._roll_back()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit the statements of the block, or roll them back when it raises; nothing in it is repeated.

        The BEGIN is sent with the first statement, and posted statements with the COMMIT.
        """
        self._waiting = [_BEGIN]
        try:
            yield
            if self._waiting == [_BEGIN]:
                # The block ran no statement.
                self._waiting = []
                return
            self.open()
            # It is unknown whether the server carried out a COMMIT whose answer was lost, so it is not repeated.
            self._pinned = True
            self.execute("COMMIT")
        except BaseException:
            self._waiting = []
            self._leave_transaction(cut=False)
            raise
        finally:
            self._pinned = False

    def password_verifier(self, login: Credentials) -> str:
        """Return the verifier to send instead of a password, which keeps the password out of the server's log."""
        driver = self._driver or self._open()
        verifier: str = extensions.encrypt_password(login.password, login.user, driver, "scram-sha-256")
        return verifier

    def close(self) -> None:
        """Close the connection; the next use opens it again."""
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def _roll_back(self) -> None:
        try:
            self.execute("ROLLBACK")
        except RingledgerError:
            # The caller must see the first error, and closing rolls back as well.
            self.close()

    def _with_cursor(self, work: Callable[[extensions.cursor], T], may_repeat: Callable[[], bool] = lambda: True) -> T:
        was_open = self._driver is not None
        try:
            return self._attempt(work)
        except Unavailable:
            if self._pinned or self._driver is not None or not was_open or not may_repeat():
                raise
            return self._attempt(work)

    def _attempt(self, work: Callable[[extensions.cursor], T]) -> T:
        driver = self._driver or self._open()
        try:
            with driver.cursor() as cursor:
                return work(cursor)
        except psycopg2.Error as error:
            if driver.closed:
                self.close()
            failure = translated(error, lost=bool(driver.closed))
            if isinstance(failure, DatabaseError) and failure.sqlstate in STALE:
                self.close()
            raise failure from None

    def _open(self) -> extensions.connection:
        # A new connection would run the rest of a lost transaction outside of any.
        if self._pinned:
            raise Unavailable("The database went away")
        try:
            driver = self._connect()
        except psycopg2.OperationalError as error:
            configuration.doubt()
            raise Unavailable("The database does not answer") from error
        self._driver, self._plans = driver, Plans()
        if self._verify is not None:
            self._verify_once(self._verify)
        return driver

    def _connect(self) -> extensions.connection:
        driver = psycopg2.connect(connection_factory=extensions.connection, **self._parameters)
        driver.autocommit = True
        return driver

    def _verify_once(self, verify: Verify) -> None:
        # If a verification could reopen, it would verify without end on a server that drops every connection.
        self._pinned = True
        waiting, self._waiting = self._waiting, []
        try:
            self.verified = verify(self)
        except BaseException:
            self.close()
            raise
        finally:
            self._pinned = False
            self._waiting = waiting


def connection(url: str, verify: Verify | None = None, kind: type[Connection] = Connection) -> Connection:
    """Return this thread's connection for `url`; callers with another `verify` or `kind` get another connection.

    Raises Misconfigured when `url` is empty or not a libpq address.
    """
    return runtime.current().of_thread((kind, url, verify), lambda: kind(url, verify))


def translated(error: psycopg2.Error, *, lost: bool) -> RingledgerError:
    """Return the driver's `error` as Unavailable (the database is away, or `lost`) or as DatabaseError."""
    state = error.pgcode or ""
    unexplained = not state and isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError))
    if lost or unexplained or state.startswith(AWAY_CLASS) or state in AWAY_STATES:
        return Unavailable("The database went away")
    position = error.diag.statement_position
    primary, hint = error.diag.message_primary or str(error), error.diag.message_hint or ""
    return DatabaseError(state, primary, int(position) if position else None, hint)
