"""The documented tables: the protocol, the catalog in Python and the live database agree on every name and type."""

from __future__ import annotations

import pytest

from chalicelib.catalog import NEEDED, READABLE, TABLES
from chalicelib.settings import Settings
from tests.database import seed
from tests.databases import run

# The constraints and defaults of the protocol. Every other column may be null.
CONSTRAINTS = {
    ("ivrhuntq.huntq_calls", "inviteid", "NOT NULL"),
    ("ivrhuntqevents.queue_greeting", "sys_iscopied", "DEFAULT false"),
    ("sipuserevents.sipuser_state_changed", "login", "NOT NULL"),
    ("sipuserevents.sipuser_state_changed", "state", "NOT NULL"),
    ("sipuserevents.sipuser_state_changed", "sys_iscopied", "DEFAULT false"),
    ("sipuserevents.sipuser_state_changed", "eventts", "NOT NULL"),
    ("sipuserevents.sipuser_transtate_set", "login", "NOT NULL"),
    ("sipuserevents.sipuser_transtate_set", "state", "NOT NULL"),
    ("sipuserevents.sipuser_transtate_set", "sys_iscopied", "DEFAULT false"),
    ("sipuserevents.sipuser_transtate_set", "eventts", "NOT NULL"),
    ("userevents.usr_state_changed", "user_id", "NOT NULL"),
}


@pytest.fixture
def documented() -> dict[str, seed.Columns]:
    """Return the tables of the protocol document."""
    if not seed.SEED.exists():
        pytest.skip(f"the protocol document is not beside this checkout: {seed.SEED.name}")
    return seed.tables(seed.SEED.read_text(encoding="utf-8"))


def test_the_catalog_matches_the_protocol(documented: dict[str, seed.Columns]) -> None:
    """The catalog has each documented table and column in order, and the names of the alert call tables."""
    ours = {f"{schema}.{table}": columns for schema, tables in TABLES.items() for table, columns in tables.items()}
    protocol = {
        table: tuple((name, kind.partition(" NOT NULL")[0].partition(" DEFAULT")[0]) for name, kind in columns.items())
        for table, columns in documented.items()
        if columns
    }
    alerts = {table: ours[table] for table, columns in documented.items() if not columns}

    assert protocol | alerts == ours
    assert all(table.startswith("alertcallevents.") for table in alerts)


def test_the_constraints_match_the_protocol(documented: dict[str, seed.Columns]) -> None:
    """The expected constraints are exactly those of the protocol."""
    constraints = {
        (table, name, word)
        for table, columns in documented.items()
        for name, kind in columns.items()
        for word in ("NOT NULL", "DEFAULT false")
        if kind.endswith(word)
    }
    assert constraints == CONSTRAINTS


def test_the_database_has_the_catalog_and_nothing_else(database: Settings) -> None:
    """The documented schemas have only the catalog's tables and columns; the others are Ringledger's own."""
    rows = run(
        database.owner_database_url,
        "SELECT table_schema, table_name, column_name,"
        " CASE data_type WHEN 'ARRAY' THEN udt_name::regtype::text ELSE data_type END FROM information_schema.columns"
        " WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'ledger', 'partitions')"
        " ORDER BY ordinal_position",
    )
    live: dict[object, dict[object, tuple[tuple[object, object], ...]]] = {}
    for schema, table, column, kind in rows:
        tables = live.setdefault(schema, {})
        tables[table] = (*tables.get(table, ()), (column, kind))

    assert live == READABLE


def test_the_database_has_the_constraints_of_the_protocol(database: Settings) -> None:
    """A column is NOT NULL or has a default only where the protocol says so."""
    rows = run(
        database.owner_database_url,
        "SELECT table_schema || '.' || table_name, column_name, is_nullable, column_default"
        " FROM information_schema.columns WHERE table_schema = ANY (%s)",
        [list(TABLES)],
    )
    constraints = {(table, column, "NOT NULL") for table, column, nullable, _ in rows if nullable == "NO"}
    constraints |= {(table, column, f"DEFAULT {default}") for table, column, _, default in rows if default}

    assert constraints == CONSTRAINTS


def test_the_catalog_has_the_required_columns() -> None:
    """A row without a required column is refused when it is posted, not when it is stored."""
    required = {(f"{schema}.{table}", name) for (schema, table), names in NEEDED.items() for name in names}
    assert required == {(table, name) for table, name, word in CONSTRAINTS if word == "NOT NULL"}


def test_rows_of_one_call_may_repeat(database: Settings) -> None:
    """The documented tables have no unique index: a provider's own rows may repeat an inviteid."""
    rows = run(
        database.owner_database_url,
        "SELECT indexrelid::regclass FROM pg_index JOIN pg_class ON pg_class.oid = indrelid"
        " WHERE indisunique AND relnamespace::regnamespace::text = ANY (%s)",
        [list(TABLES)],
    )
    assert rows == []


def test_alert_call_tables_are_marked_as_own_tables(database: Settings) -> None:
    """A comment in the database says that the protocol has no columns for alert calls."""
    rows = run(
        database.owner_database_url,
        "SELECT relname, obj_description(oid) FROM pg_class"
        " WHERE relnamespace = 'alertcallevents'::regnamespace AND relkind = 'r'",
    )
    assert {name for name, _ in rows} == set(TABLES["alertcallevents"])
    assert all("Ringledger's own" in str(comment) for _, comment in rows)


@pytest.mark.parametrize("table", ["calls.success", "calls.cancelled", "calls.failed", "calls.forks", "calls.routes"])
def test_a_period_uses_an_index(database: Settings, table: str) -> None:
    """A report on a period does not read all rows."""
    plan = run(
        database.owner_database_url,
        f"SET enable_seqscan = off; EXPLAIN SELECT * FROM {table}"
        " WHERE invitedt >= '2026-10-01' AND invitedt < '2026-10-02'",
    )
    assert any("_invitedt" in str(line) for line in plan)


def test_changes_of_every_table_are_counted(database: Settings) -> None:
    """Each documented table has the trigger that moves its counter, so that the channel can tell versions apart."""
    counted = run(
        database.owner_database_url,
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'count_change' AND tgenabled = 'A'"
        " AND NOT (SELECT relispartition FROM pg_class WHERE oid = tgrelid)",
    )
    assert {name for (name,) in counted} == {
        f"{schema}.{table}" for schema, tables in TABLES.items() for table in tables
    }
