"""The migration to monthly partitions: an existing database keeps its rows, grants, comments and indexes."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.admin.database import SQL
from chalicelib.admin.migrations import files, migrate
from chalicelib.admin.roles import ensure_roles
from chalicelib.catalog import PARTITION_KEYS, TABLES
from tests.databases import Server, run, settings_of

BEFORE = "0030"
RECORD = "11111111-1111-1111-1111-111111111111"
MOVED = "22222222-2222-2222-2222-222222222222"
ROWS = f"""
INSERT INTO calls.success (inviteid, invitedt, anumber, duration)
SELECT md5(number::text)::uuid, date_trunc('month', now()) - number * interval '9 days', number::text, number
FROM generate_series(1, 60) AS number;
INSERT INTO calls.success (inviteid, invitedt, anumber) VALUES
    ('{RECORD}', NULL, 'without a time'), ('{RECORD}', 'infinity', 'at no time'),
    ('{RECORD}', '1970-01-01', 'reset clock');
INSERT INTO ivrhuntq.huntq_calls (inviteid, dt_enqueue) VALUES ('{MOVED}', '2026-10-31 23:59'), ('{MOVED}', NULL);
INSERT INTO ivrhuntqevents.final (inviteid, eventts) VALUES ('{MOVED}', '2026-11-01 00:01');
INSERT INTO ledger.records (inviteid, provider, client, call_id, complete, facts)
VALUES ('{RECORD}', 'mtt', '', '1', true, '{{}}'), ('{MOVED}', 'mtt', '', '2', true, '{{}}');
CREATE ROLE analyst;
GRANT USAGE ON SCHEMA calls TO analyst;
GRANT SELECT (anumber, duration) ON calls.success TO analyst;
GRANT SELECT ON calls.forks TO analyst WITH GRANT OPTION;
GRANT SELECT ON ivrhuntq.huntq_calls TO PUBLIC;
"""
CONTENT = "SELECT md5(string_agg(content::text, ' ' ORDER BY content::text)), count(*) FROM {table} AS content"
GRANTS = """
SELECT table_schema, table_name, column_name, grantee, privilege_type, is_grantable
FROM information_schema.column_privileges WHERE table_schema = ANY (%s) AND grantee <> 'ringledger'
ORDER BY 1, 2, 3, 4, 5
"""
COMMENTS = """
SELECT relnamespace::regnamespace::text, relname, objsubid, description
FROM pg_description JOIN pg_class ON pg_class.oid = objoid AND classoid = 'pg_class'::regclass
WHERE relnamespace::regnamespace::text = ANY (%s) ORDER BY 1, 2, 3
"""
INDEXES = """
SELECT schemaname, indexname, regexp_replace(indexdef, ' ON ONLY ', ' ON ') FROM pg_indexes
WHERE schemaname = ANY (%s) ORDER BY 1, 2
"""


@pytest.fixture
def earlier(empty_database: str, tmp_path: Path) -> Path:
    """Return a folder with the migrations before the partitions."""
    for migration in files(SQL / "migrations"):
        if migration.name < BEFORE:
            (tmp_path / f"{migration.name}.sql").write_text(migration.sql)
    migrate(empty_database, tmp_path)
    return tmp_path


def partitions(url: str, table: str) -> list[object]:
    """Return the partitions that hold rows of a table."""
    return [name for (name,) in run(url, f"SELECT DISTINCT tableoid::regclass::text FROM {table} ORDER BY 1")]


def test_a_database_with_rows_keeps_everything(empty_database: str, earlier: Path) -> None:
    """Rows, grants, comments and indexes are the same afterwards; rows without a month of their own are in the rest."""
    tables = [f"{schema}.{table}" for schema, table in PARTITION_KEYS]
    ensure_roles(settings_of(empty_database))
    run(empty_database, ROWS)

    def state() -> list[object]:
        contents = [run(empty_database, CONTENT.replace("{table}", table)) for table in tables]
        lists = [run(empty_database, query, [list(TABLES)]) for query in (GRANTS, INDEXES, COMMENTS)]
        return [contents, *lists]

    before = state()
    for migration in files(SQL / "migrations"):
        if migration.name in {"0030_monthly_partitions", "0031_partitioned_rows"}:
            (earlier / f"{migration.name}.sql").write_text(migration.sql)
    migrate(empty_database, earlier)

    assert state() == before
    assert len(partitions(empty_database, "calls.success")) > 15
    assert partitions(empty_database, "ivrhuntqevents.final") == ["partitions.ivrhuntqevents_final_2026_11"]
    assert run(empty_database, "SELECT count(*) FROM partitions.calls_success_rest") == [(3,)]
    assert run(empty_database, f"SELECT months FROM ledger.records WHERE inviteid = '{MOVED}'") == [
        (["2026_10", "2026_11", "rest"],)
    ]


def test_the_catalog_has_the_keys_of_the_partitions(server: Server) -> None:
    """The catalog names the partitioned tables and the columns of their months."""
    url = server.new_database()
    migrate(url)
    rows = run(url, "SELECT name, key FROM ledger.partitioned_tables ORDER BY name")
    assert sorted((f"{schema}.{table}", key) for (schema, table), key in PARTITION_KEYS.items()) == rows
