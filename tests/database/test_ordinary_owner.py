"""Roles on a database whose owner is not a superuser, and on a managed server, where no customer is one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.admin.migrations import migrate
from chalicelib.admin.roles import ensure_roles
from chalicelib.platform.postgres import Connection
from chalicelib.settings import Settings
from chalicelib.statistics.execution import BytesSink
from chalicelib.statistics.reader import UnsafeRole, examine
from tests.databases import Server, address, refusal, run, settings_of, start_server

NOT_ALLOWED = "42501"


@pytest.fixture(scope="module")
def modest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, list[str]]]:
    """Return a database whose owner is not a superuser, on a new server, and the report about its roles."""
    for server in start_server(tmp_path_factory.mktemp("modest")):
        run(server.url, "CREATE ROLE modest LOGIN CREATEROLE PASSWORD 'modest'")
        url = server.new_database("modest")
        migrate(url)
        yield settings_of(url), ensure_roles(settings_of(url))


def test_an_ordinary_owner_does_all_but_the_administrators_part(modest: tuple[Settings, list[str]]) -> None:
    """Without a superuser only temporary files and built-in functions stay unlimited, and the report says so."""
    undone = [line for line in modest[1] if not line.startswith("done: ")]

    assert undone
    needs_superuser = ("temp_file_limit", "log_min_messages", "EXECUTE ON FUNCTION pg_catalog.")
    assert all(any(word in line for word in needs_superuser) for line in undone)
    assert all("let an administrator run: " in line for line in undone)


def test_the_reader_of_an_ordinary_owner_is_restricted(modest: tuple[Settings, list[str]]) -> None:
    """The reader of such an owner can neither write nor read tokens."""
    reader = modest[0].reader_database_url
    assert refusal(reader, "SELECT 1 FROM calls.success") == ""
    assert refusal(reader, "SELECT 1 FROM ledger.tokens") == NOT_ALLOWED
    assert refusal(reader, "BEGIN READ WRITE; CREATE TEMP TABLE mine (a integer)") == NOT_ALLOWED


def test_an_administrator_can_run_the_reported_statements(server: Server) -> None:
    """After a superuser runs them nothing is left to do, and the owner can still migrate and dump."""
    run(server.url, "CREATE ROLE thrifty LOGIN CREATEROLE PASSWORD 'thrifty'")
    for role in ("reader", "gate", "writer", "operator", "archiver", "bi"):
        # Another module may have made it.
        refusal(server.url, f"CREATE ROLE ringledger_{role} LOGIN NOINHERIT")
        run(server.url, f"GRANT ringledger_{role} TO thrifty WITH ADMIN OPTION")
    url = server.new_database("thrifty")
    migrate(url)
    settings = settings_of(url)
    undone = [line.rpartition("let an administrator run: ")[2] for line in ensure_roles(settings) if "not done" in line]
    administrator = address(url, *_login(server.url))
    for statement in undone:
        run(administrator, statement)

    assert [line for line in ensure_roles(settings) if "not done" in line] == []
    assert migrate(url) == []
    assert run(url, "SELECT set_config('a.b', 'c', false), pg_try_advisory_xact_lock(1)") == [("c", True)]


def _login(url: str) -> tuple[str, str]:
    user, _, password = url.partition("//")[2].rpartition("@")[0].partition(":")
    return user, password


@pytest.fixture(scope="module")
def managed(modest: tuple[Settings, list[str]]) -> tuple[Settings, list[str]]:
    """Return the same database as on RDS, where no customer is a superuser, and the report about its roles."""
    run(modest[0].owner_database_url, "CREATE ROLE rds_superuser")
    return modest[0], ensure_roles(modest[0])


def test_on_a_managed_server_the_report_asks_for_nothing_impossible(managed: tuple[Settings, list[str]]) -> None:
    """It says what is expected there, and what a parameter group can do, instead of statements that none can run."""
    undone = [line for line in managed[1] if not line.startswith("done: ")]

    assert [line.partition(": ")[0] for line in undone] == ["optional", "expected on a managed server"]
    assert "temp_file_limit = 1GB and log_min_messages = fatal" in undone[0]
    assert "the guard refuses all of them" in undone[1]


def test_on_a_managed_server_a_query_cannot_lift_a_limit_that_lasts(managed: tuple[Settings, list[str]]) -> None:
    """set_config remains there, but its effects end with the query's own transaction, and it opens no right."""
    url = managed[0].reader_database_url
    connection = Connection(url)
    sink = BytesSink()
    lifted = (
        "BEGIN READ ONLY; COPY (SELECT set_config('statement_timeout', '0', false),"
        " set_config('default_transaction_read_only', 'off', false), set_config('search_path', 'calls', false))"
        " TO STDOUT; ROLLBACK"
    )

    connection.copy_out(lifted, sink, seconds=10)

    assert sink.count == 1
    assert [connection.execute(f"SHOW {name}")[0][0] for name in ("statement_timeout", "search_path")] == ["20s", '""']
    assert connection.execute("SHOW default_transaction_read_only") == [("on",)]
    for setting, value in {"temp_file_limit": "-1", "log_min_messages": "debug1", "role": "ringledger_writer"}.items():
        assert refusal(url, f"SELECT set_config('{setting}', '{value}', false)") == NOT_ALLOWED
    assert examine(connection)


def test_a_reader_with_a_setting_of_administrators_is_refused(server: Server) -> None:
    """The examination notices a right that would lift such a limit."""
    url = server.new_database()
    migrate(url)
    ensure_roles(settings_of(url))
    run(url, "GRANT SET ON PARAMETER temp_file_limit TO ringledger_reader")
    try:
        with pytest.raises(UnsafeRole) as refused:
            examine(Connection(settings_of(url).reader_database_url))
    finally:
        run(url, "REVOKE SET ON PARAMETER temp_file_limit FROM ringledger_reader")
    assert refused.value.details == "it may change the settings of administrators"
