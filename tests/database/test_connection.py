"""Connections: reopened once when lost, one for each role and thread, and silent about passwords."""

from __future__ import annotations

import signal
import socket
import threading

import pytest

from chalicelib.errors import Misconfigured, Unavailable
from chalicelib.platform.addresses import credentials
from chalicelib.platform.nonblocking import NonblockingConnection
from chalicelib.platform.plans import PLANS_LIMIT
from chalicelib.platform.postgres import Connection, DatabaseError, connection
from tests.databases import run

OWN_PROCESS = "SELECT pg_backend_pid()"

Kind = type[Connection]


@pytest.fixture(params=[Connection, NonblockingConnection], ids=["blocking", "nonblocking"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Return each kind of connection in turn. They behave alike."""
    each_kind: Kind = request.param
    return each_kind


def _end(url: str, opened: Connection) -> None:
    """End the session of an open connection in the server."""
    run(url, "SELECT pg_terminate_backend(%s, 5000)", [opened.execute(OWN_PROCESS)[0][0]])


def test_nothing_is_opened_before_it_is_used(kind: Kind) -> None:
    """A connection to an absent server fails when it is used, not when it is created."""
    lost = kind("postgresql://unknown@127.0.0.1:1/none")

    with pytest.raises(Unavailable):
        lost.execute("SELECT 1")


def test_a_lost_connection_is_reopened(empty_database: str, kind: Kind) -> None:
    """A statement on a lost connection runs on a new one."""
    opened = kind(empty_database)
    _end(empty_database, opened)

    assert opened.execute("SELECT 1") == [(1,)]


def test_a_lost_transaction_is_not_repeated(empty_database: str, kind: Kind) -> None:
    """A lost connection undoes its transaction, so the rest of it must not run on a new connection."""
    opened = kind(empty_database)

    def lose_half_way() -> None:
        with opened.transaction():
            opened.execute("CREATE TABLE public.half (a integer)")
            _end(empty_database, opened)
            opened.execute("CREATE TABLE public.rest (a integer)")

    with pytest.raises(Unavailable):
        lose_half_way()
    assert opened.execute("SELECT to_regclass('public.half'), to_regclass('public.rest')") == [(None, None)]


def test_a_refused_transaction_is_rolled_back(empty_database: str, kind: Kind) -> None:
    """A statement's error rolls the whole block back, and the connection stays usable."""
    opened = kind(empty_database)

    def fail_half_way() -> None:
        with opened.transaction():
            opened.execute("CREATE TABLE public.half (a integer)")
            opened.execute("SELECT 1 / 0")

    with pytest.raises(DatabaseError):
        fail_half_way()
    assert opened.execute("SELECT to_regclass('public.half')") == [(None,)]


def test_each_new_session_is_verified(empty_database: str, kind: Kind) -> None:
    """The verification runs each time the connection opens, and its result is kept until the next time."""
    opened = kind(empty_database, lambda fresh: fresh.execute(OWN_PROCESS)[0][0])
    opened.execute("SELECT 1")
    first = opened.verified
    _end(empty_database, opened)
    opened.execute("SELECT 1")

    assert isinstance(first, int)
    assert first != opened.verified


def test_a_refused_verification_closes_the_connection(empty_database: str, kind: Kind) -> None:
    """No statement runs on a session that failed its verification, and the next use verifies again."""
    verdicts = iter([Misconfigured("wrong role"), None])

    def verify(_: Connection) -> None:
        if verdict := next(verdicts):
            raise verdict

    opened = kind(empty_database, verify)
    with pytest.raises(Misconfigured, match="wrong role"):
        opened.execute("SELECT 1")
    assert opened.execute("SELECT 1") == [(1,)]


def test_an_error_has_state_message_and_position(empty_database: str, kind: Kind) -> None:
    """The error has PostgreSQL's state and position, and its text contains no values of the statement."""
    with pytest.raises(DatabaseError) as caught:
        kind(empty_database).execute("SELECT 'secret'::integer")

    error = caught.value
    assert (error.sqlstate, error.position) == ("22P02", 8)
    assert "secret" in error.primary
    assert "secret" not in f"{error!r}{error}{error.__cause__}"


def test_too_many_connections_are_unavailable(empty_database: str, kind: Kind) -> None:
    """A role without a free connection raises Unavailable."""
    role = f"crowded_{kind.__module__.rpartition('.')[2]}"
    run(empty_database, f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0 PASSWORD '{role}'")

    with pytest.raises(Unavailable):
        kind(empty_database.replace(credentials(empty_database).user, role, 1)).execute("SELECT 1")


def test_an_address_is_never_shown() -> None:
    """The text of a connection or a login does not contain its password."""
    url = "postgresql://someone:hidden@127.0.0.1:1/none"

    assert "hidden" not in f"{Connection(url)!r}{credentials(url)!r}"
    assert credentials(url).password == "hidden"


@pytest.mark.parametrize(
    "url", ["", "postgresql://a:hidden@h:port/x?nonsense=1", "postgresql://a:hidden@h/x?connect_timeout=soon"]
)
def test_a_wrong_address_is_refused(url: str) -> None:
    """An empty or malformed address raises Misconfigured, which does not quote it."""
    with pytest.raises(Misconfigured) as caught:
        connection(url)
    assert "hidden" not in f"{caught.value}{caught.value.__cause__}"


def test_threads_do_not_share_a_connection(empty_database: str) -> None:
    """A thread always gets its own connection, never that of another thread."""
    others: list[Connection] = []
    thread = threading.Thread(target=lambda: others.append(connection(empty_database)))
    thread.start()
    thread.join()

    assert connection(empty_database) is connection(empty_database)
    assert connection(empty_database) is not others[0]


def test_a_plan_lasts_as_long_as_its_session(empty_database: str, kind: Kind) -> None:
    """A planned statement runs with new values each time, also on a later session."""
    opened = kind(empty_database)
    square = "SELECT %s::integer * %s::integer, '100%%'"
    answers = [opened.execute_planned(square, [number, number]) for number in (2, 3)]
    _end(empty_database, opened)

    assert [*answers, opened.execute_planned(square, [4, 4])] == [[(number**2, "100%")] for number in (2, 3, 4)]


def test_more_plans_than_a_session_keeps(empty_database: str, kind: Kind) -> None:
    """The oldest plans are dropped, and planned again when needed."""
    opened = kind(empty_database)
    numbers = [*range(PLANS_LIMIT + 1), 0]

    assert [opened.execute_planned(f"SELECT {number} + %s::integer", [1]) for number in numbers] == [
        [(number + 1,)] for number in numbers
    ]
    assert len(opened.execute("SELECT name FROM pg_prepared_statements")) == 2


def test_a_plan_of_a_failed_message_is_made_again(empty_database: str, kind: Kind) -> None:
    """After a failed message a statement is planned again, whether or not the failure came after its plan."""
    opened = kind(empty_database)
    with pytest.raises(DatabaseError):
        opened.execute_planned("SELECT 1 / %s::integer", [0])

    assert opened.execute_planned("SELECT 1 / %s::integer", [1]) == [(1,)]


def test_a_plan_whose_table_has_changed(empty_database: str) -> None:
    """A plan whose columns have changed fails once, and the next session plans again."""
    run(empty_database, "CREATE TABLE public.grown AS SELECT 1 AS a")
    opened = Connection(empty_database)
    opened.execute_planned("SELECT * FROM public.grown WHERE a = %s::integer", [1])
    run(empty_database, "ALTER TABLE public.grown ADD b integer")
    with pytest.raises(DatabaseError):
        opened.execute_planned("SELECT * FROM public.grown WHERE a = %s::integer", [1])

    assert opened.execute_planned("SELECT * FROM public.grown WHERE a = %s::integer", [1]) == [(1, None)]


def test_posted_statements_travel_with_the_next(empty_database: str, kind: Kind) -> None:
    """Posted statements run in order before the next statement or the COMMIT, and a failure rolls all back."""
    opened = kind(empty_database)
    opened.execute("CREATE TABLE public.posted (a integer)")
    add = "INSERT INTO public.posted VALUES (10 / %s::integer)"

    with opened.transaction():
        opened.post(add, [1])
        assert opened.execute("SELECT a FROM public.posted") == [(10,)]
        opened.post(add, [2])

    def fail_at_the_end() -> None:
        with opened.transaction():
            opened.post(add, [5])
            opened.post(add, [0])

    with pytest.raises(DatabaseError):
        fail_at_the_end()
    assert opened.execute("SELECT a FROM public.posted ORDER BY a") == [(5,), (10,)]


def test_work_while_the_server_is_busy(empty_database: str) -> None:
    """A connection that does not block allows other work while its statement runs."""
    opened = NonblockingConnection(empty_database)
    process = opened.execute(OWN_PROCESS)[0][0]
    busy = "SELECT state, query LIKE '%%pg_sleep%%' FROM pg_stat_activity WHERE pid = %s"

    seen: list[tuple[object, ...]] = []

    def look() -> None:
        seen.extend(run(empty_database, busy, [process]))

    assert opened.execute_while("SELECT 7, pg_sleep(%s::integer)::text", [1], look) == [(7, "")]
    assert seen == [("active", True)]


def test_the_work_during_a_statement_fails(empty_database: str, kind: Kind) -> None:
    """The caller gets the work's error, the transaction is rolled back, and the connection stays usable."""
    opened = kind(empty_database)

    def fail_half_way() -> None:
        with opened.transaction():
            opened.execute("CREATE TABLE public.half (a integer)")
            opened.execute_while("SELECT pg_sleep(%s::float)", [0.1], lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert opened.execute("SELECT to_regclass('public.half')") == [(None,)]


def test_a_statement_fails_during_the_work(empty_database: str, kind: Kind) -> None:
    """The caller gets the server's error, and the connection stays usable."""
    opened = kind(empty_database)

    with pytest.raises(DatabaseError):
        opened.execute_while("SELECT 1 / %s::integer", [0], lambda: 1)
    assert opened.execute_while("SELECT 1 / %s::integer", [1], lambda: 2) == [(1,)]


def test_a_server_that_never_answers(kind: Kind) -> None:
    """Opening a connection takes no longer than its address allows."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(Unavailable):
            kind(f"postgresql://unknown@127.0.0.1:{port}/none?connect_timeout=2").execute("SELECT 1")


def test_a_transaction_without_statements(empty_database: str, kind: Kind) -> None:
    """An empty transaction needs no server, and a posted statement opens a connection."""
    with kind("postgresql://unknown@127.0.0.1:1/none").transaction():
        pass
    opened = kind(empty_database)
    with opened.transaction():
        opened.post("SELECT %s::integer", [1])

    assert opened.execute("SELECT 1") == [(1,)]


def test_an_interrupted_statement_harms_no_later_one(empty_database: str, kind: Kind) -> None:
    """After an interrupted wait the connection runs the next statement."""
    opened = kind(empty_database)
    opened.execute("SELECT 1")
    threading.Timer(0.2, signal.raise_signal, (signal.SIGINT,)).start()

    def wait() -> None:
        for _ in range(20):
            opened.execute("SELECT pg_sleep(0.1)")

    with pytest.raises(KeyboardInterrupt):
        wait()
    assert opened.execute("SELECT 1") == [(1,)]


def test_kinds_do_not_share_a_connection(empty_database: str) -> None:
    """A caller that asks for a connection that does not block gets no other kind."""
    opened = connection(empty_database, kind=NonblockingConnection)

    assert opened is connection(empty_database, kind=NonblockingConnection)
    assert opened is not connection(empty_database)
