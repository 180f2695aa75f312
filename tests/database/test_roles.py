"""Roles: the tests log in as each role."""

from __future__ import annotations

import pytest

from chalicelib.admin.roles import ensure_roles
from chalicelib.authentication import tokens
from chalicelib.catalog import TABLES
from chalicelib.errors import Misconfigured
from chalicelib.platform.postgres import Connection
from chalicelib.settings import Settings
from tests.databases import address, refusal, run

NOT_ALLOWED = "42501"
READ_ONLY = "25006"

SESSION = {
    "default_transaction_read_only": "on",
    "statement_timeout": "20s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
    "client_connection_check_interval": "2s",
    "search_path": '""',
    "work_mem": "16MB",
    "hash_mem_multiplier": "1",
    "max_parallel_workers_per_gather": "2",
    "jit": "off",
    "log_min_messages": "fatal",
    "temp_file_limit": "1GB",
    "DateStyle": "ISO, YMD",
    "TimeZone": "UTC",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "client_encoding": "UTF8",
}


@pytest.mark.parametrize(("name", "value"), SESSION.items())
def test_a_readers_session_starts_with_the_settings(database: Settings, name: str, value: str) -> None:
    """The role itself sets each setting, without a SET in the session."""
    assert run(database.reader_database_url, f"SHOW {name}") == [(value,)]


def test_the_reader_has_no_special_rights(database: Settings) -> None:
    """The reader can only log in, with a limited number of connections."""
    assert run(
        database.owner_database_url,
        "SELECT rolcanlogin, rolsuper, rolinherit, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,"
        " rolconnlimit FROM pg_roles WHERE rolname = 'ringledger_reader'",
    ) == [(True, False, False, False, False, False, False, 40)]


def test_the_reader_reads_every_documented_table(database: Settings) -> None:
    """The reader can select from all tables of the catalog."""
    refusals = [
        f"{schema}.{table}"
        for schema, tables in TABLES.items()
        for table in tables
        if refusal(database.reader_database_url, f"SELECT count(*) FROM {schema}.{table}")
    ]
    assert refusals == []


READER_REFUSED = {
    "writing a row": ("INSERT INTO calls.holds (side) VALUES ('a')", READ_ONLY),
    "writing after turning read-only off": (
        "BEGIN READ WRITE; INSERT INTO calls.holds (side) VALUES ('a')",
        NOT_ALLOWED,
    ),
    "deleting in a transaction of its own making": ("BEGIN READ WRITE; DELETE FROM calls.success", NOT_ALLOWED),
    "locking rows": ("BEGIN READ WRITE; SELECT 1 FROM calls.success FOR UPDATE", NOT_ALLOWED),
    "a temporary table": ("BEGIN READ WRITE; CREATE TEMP TABLE mine (a integer)", NOT_ALLOWED),
    "a table in public": ("BEGIN READ WRITE; CREATE TABLE public.mine (a integer)", NOT_ALLOWED),
    "a schema": ("BEGIN READ WRITE; CREATE SCHEMA mine", NOT_ALLOWED),
    "the tokens": ("SELECT 1 FROM ledger.tokens", NOT_ALLOWED),
    "the migrations": ("SELECT 1 FROM ledger.migrations", NOT_ALLOWED),
    "another schema's table": ("SELECT 1 FROM elsewhere.secrets", NOT_ALLOWED),
    "a table in public that everyone may read": ("SELECT 1 FROM public.notes", NOT_ALLOWED),
    "a function of ours": ("SELECT calls.count('a')", NOT_ALLOWED),
    "a table without its schema": ("SELECT 1 FROM success", "42P01"),
    "another role": ("SET ROLE ringledger_writer", NOT_ALLOWED),
    "large objects": ("BEGIN READ WRITE; SELECT lo_create(0)", NOT_ALLOWED),
    "notifications": ("SELECT pg_notify('a', 'b')", NOT_ALLOWED),
    "write-ahead log messages": ("SELECT pg_logical_emit_message(false, 'a', 'b')", NOT_ALLOWED),
    "transaction numbers": ("SELECT txid_current()", NOT_ALLOWED),
    "snapshots": ("SELECT pg_export_snapshot()", NOT_ALLOWED),
    "advisory locks": ("SELECT pg_advisory_lock(1)", NOT_ALLOWED),
    "sleeping": ("SELECT pg_sleep(0)", NOT_ALLOWED),
    "SQL in text": ("SELECT query_to_xml('select 1', true, true, '')", NOT_ALLOWED),
    "all tables as XML": ("SELECT database_to_xml(true, true, '')", NOT_ALLOWED),
    "SQL in a text search function": ("SELECT ts_stat('select 1')", NOT_ALLOWED),
    "ending another session": ("SELECT pg_terminate_backend(0)", NOT_ALLOWED),
    "a setting by function": ("SELECT set_config('search_path', 'calls', false)", NOT_ALLOWED),
    "files of the server": ("SELECT pg_read_file('PG_VERSION')", NOT_ALLOWED),
    "programs of the server": ("COPY (SELECT 1) TO PROGRAM 'true'", NOT_ALLOWED),
    "raising its own bound on temporary files": ("SET temp_file_limit = -1", NOT_ALLOWED),
}


@pytest.fixture(scope="module")
def foreign_objects(database: Settings) -> Settings:
    """Add objects to the database that the reader may not use."""
    for statement in (
        "CREATE SCHEMA elsewhere CREATE TABLE secrets (a integer)",
        "CREATE TABLE public.notes (a integer)",
        "GRANT SELECT ON public.notes TO PUBLIC",
        "CREATE FUNCTION calls.count(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    ):
        run(database.owner_database_url, statement)
    return database


@pytest.mark.parametrize(("statement", "state"), READER_REFUSED.values(), ids=list(READER_REFUSED))
def test_the_reader_is_refused(foreign_objects: Settings, statement: str, state: str) -> None:
    """The reader changes nothing and reads only the documented tables, with any session setting."""
    assert refusal(foreign_objects.reader_database_url, statement) == state


def test_the_gate_verifies_tokens(database: Settings) -> None:
    """The gate's rights are enough for authentication."""
    value = tokens.create(database.owner_database_url, "gate", ["statistics"])

    token = tokens.verify(Connection(database.gate_database_url), value)

    assert token == tokens.Token("gate", ("statistics",))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT created_at FROM ledger.tokens",
        "UPDATE ledger.tokens SET revoked_at = NULL",
        "UPDATE ledger.tokens SET scopes = '{oktell}'",
        "DELETE FROM ledger.tokens",
        "INSERT INTO ledger.tokens (name, digest, scopes) VALUES ('x', 'x', '{}')",
        "SELECT 1 FROM ledger.migrations",
        "SELECT anumber FROM calls.success",
        "SELECT path FROM ledger.recordings",
        "CREATE TEMP TABLE mine (a integer)",
    ],
)
def test_the_gate_is_refused(database: Settings, statement: str) -> None:
    """The gate can verify a token and update its last use, but cannot create, change or restore one."""
    assert refusal(database.gate_database_url, statement) == NOT_ALLOWED


def test_the_writer_changes_rows_of_the_documented_tables(database: Settings) -> None:
    """The writer inserts, updates and deletes rows."""
    for statement in (
        "INSERT INTO calls.holds (side) VALUES ('a')",
        "UPDATE calls.holds SET side = 'b'",
        "DELETE FROM calls.holds",
    ):
        assert refusal(database.writer_database_url, statement) == ""


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE calls.more (a integer)",
        "ALTER TABLE calls.success ADD more integer",
        "TRUNCATE calls.success",
        "SELECT 1 FROM ledger.tokens",
        "CREATE TEMP TABLE mine (a integer)",
    ],
)
def test_the_writer_is_refused(database: Settings, statement: str) -> None:
    """The writer cannot change tables or read tokens."""
    assert refusal(database.writer_database_url, statement) == NOT_ALLOWED


def test_another_login_may_not_connect(database: Settings) -> None:
    """A login that is not one of Ringledger's roles cannot connect to the database."""
    run(database.owner_database_url, "CREATE ROLE passer_by LOGIN PASSWORD 'passer_by'")

    assert refusal(address(database.owner_database_url, "passer_by", "passer_by"), "SELECT 1") == "refused"


def test_a_second_run_changes_nothing(database: Settings) -> None:
    """A second run only sets the passwords again, because the stored ones cannot be read."""
    assert ensure_roles(database) == [
        f"done: ALTER ROLE ringledger_{role} PASSWORD '…'"
        for role in ("reader", "gate", "writer", "bi", "operator", "archiver")
    ]


@pytest.mark.parametrize(
    ("deviation", "correction"),
    [
        ("GRANT INSERT ON calls.success TO ringledger_reader", "REVOKE INSERT ON TABLE calls.success FROM"),
        ("GRANT USAGE ON SCHEMA public TO PUBLIC", "REVOKE USAGE ON SCHEMA public FROM PUBLIC"),
        ("GRANT TEMPORARY ON DATABASE {name} TO PUBLIC", "REVOKE TEMPORARY ON DATABASE"),
        ("REVOKE SELECT ON calls.forks FROM ringledger_reader", "GRANT SELECT ON TABLE calls.forks TO"),
        ("ALTER ROLE ringledger_reader SET search_path TO calls", "ALTER ROLE ringledger_reader SET search_path TO ''"),
        ("ALTER ROLE ringledger_reader IN DATABASE {name} SET jit TO on", "ALTER ROLE ringledger_reader IN DATABASE"),
        ("ALTER ROLE ringledger_reader CREATEDB", "ALTER ROLE ringledger_reader NOCREATEDB"),
        ("GRANT ringledger_writer TO ringledger_reader", "REVOKE ringledger_writer FROM ringledger_reader"),
        ("GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC", "REVOKE EXECUTE ON FUNCTION pg_catalog.lo_create(oid)"),
    ],
)
def test_a_deviation_is_corrected(database: Settings, deviation: str, correction: str) -> None:
    """A manual change is detected in the live catalog and corrected, and nothing else changes."""
    name = database.owner_database_url.rpartition("/")[2]
    run(database.owner_database_url, deviation.format(name=name))

    lines = [line for line in ensure_roles(database) if "PASSWORD" not in line]

    assert len(lines) == 1
    assert lines[0].startswith(f"done: {correction}")


def test_no_password_reaches_the_server(database: Settings) -> None:
    """The client sends only a SCRAM verifier, and the report contains no password."""
    rows = run(database.owner_database_url, "SELECT rolpassword FROM pg_authid WHERE rolname = 'ringledger_reader'")
    assert str(rows[0][0]).startswith("SCRAM-SHA-256$")
    assert "password" not in " ".join(ensure_roles(database))


def test_an_address_of_another_role_is_refused(database: Settings) -> None:
    """A reader's address that logs in as the owner is an error."""
    swapped = Settings(owner_database_url=database.owner_database_url, reader_database_url=database.owner_database_url)
    with pytest.raises(Misconfigured, match="READER_DATABASE_URL must log in as ringledger_reader"):
        ensure_roles(swapped)


def test_the_bi_role_reads_every_documented_table(database: Settings) -> None:
    """BI tools read the documented tables and nothing else, without changing anything."""
    assert [
        f"{schema}.{table}"
        for schema, tables in TABLES.items()
        for table in tables
        if refusal(database.bi_database_url, f"SELECT count(*) FROM {schema}.{table}")
    ] == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT FROM ledger.tokens",
        "SELECT FROM pg_catalog.pg_authid",
        "SET transaction_read_only = off; DELETE FROM calls.success",
        "SET transaction_read_only = off; CREATE TABLE calls.mine (a integer)",
        "SET transaction_read_only = off; CREATE TEMP TABLE mine (a integer)",
        "SET ROLE ringledger_writer",
        "COPY calls.success TO PROGRAM 'true'",
        "SELECT pg_sleep(1)",
    ],
)
def test_the_bi_role_is_refused(database: Settings, statement: str) -> None:
    """Even with other settings of its session, the role cannot write or read more."""
    assert refusal(database.bi_database_url, statement) == NOT_ALLOWED


def test_the_bi_role_has_limits_of_its_own(database: Settings) -> None:
    """It has few connections, a longer time limit than the channel, and times in UTC."""
    values = [run(database.bi_database_url, f"SHOW {name}")[0][0] for name in ("statement_timeout", "TimeZone")]
    assert values == ["1min", "UTC"]
    limits = run(database.owner_database_url, "SELECT rolconnlimit FROM pg_roles WHERE rolname = 'ringledger_bi'")
    assert limits == [(10,)]
