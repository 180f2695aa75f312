"""The descriptions of the tables and views agree with the catalog and with the database."""

from __future__ import annotations

from chalicelib.catalog import READABLE, SOURCES, VIEWS
from chalicelib.settings import Settings
from chalicelib.statistics import descriptions
from tests.databases import run

#: Kept rows of views, and the days for which they are not used. They change no row of a view.
_KEPT = {
    f"ledger.{name}"
    for name in ("call_figures", "changed_days", "quarters", "peaks", "transfers", "agent_days", "missed_calls")
}
_SOURCES = """
WITH RECURSIVE reads (view, relation) AS (
    SELECT ev_class, refobjid FROM pg_rewrite JOIN pg_depend ON objid = pg_rewrite.oid
    WHERE refclassid = 'pg_class'::regclass AND refobjid <> ev_class AND ev_class::regclass::text LIKE 'metrics.%%'
    UNION
    SELECT reads.view, refobjid FROM reads
    JOIN pg_rewrite ON ev_class = relation JOIN pg_depend ON objid = pg_rewrite.oid
    WHERE refclassid = 'pg_class'::regclass AND refobjid <> ev_class
)
SELECT DISTINCT view::regclass::text, relation::regclass::text FROM reads JOIN pg_class ON oid = relation
WHERE relkind IN ('r', 'p')
"""


def test_everything_has_a_meaning() -> None:
    """Each schema, table and column has a sentence in English and in Russian."""
    for schema, tables in READABLE.items():
        assert all(descriptions.of(schema))
        for table, columns in tables.items():
            assert all(descriptions.of(schema, table))
            assert all(all(descriptions.of(schema, table, column)) for column, _ in columns)


def test_the_sources_of_views(database: Settings) -> None:
    """An ETag depends on the tables that a view really reads; a view over Ringledger's own tables has none."""
    live: dict[object, set[object]] = {}
    for view, table in run(database.owner_database_url, _SOURCES.replace("%%", "%")):
        if table not in _KEPT:
            live.setdefault(view, set()).add(table)
    own = {view for view, tables in live.items() if any(str(table).startswith("ledger.") for table in tables)}
    assert {view: frozenset(tables) for view, tables in live.items() if view not in own} == SOURCES
    assert own == {f"metrics.{name}" for name in VIEWS["metrics"]} - SOURCES.keys()


def test_the_comments_of_views(database: Settings) -> None:
    """Tools that read PostgreSQL's comments see the meanings of the channel's schema."""
    rows = run(
        database.owner_database_url,
        "SELECT relname || '.' || attname, col_description(attrelid, attnum) FROM pg_attribute"
        " JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'metrics'::regnamespace AND relkind = 'v'",
    )
    comments = {str(row[0]): row[1] for row in rows}
    assert comments == {
        f"{table}.{column}": descriptions.of("metrics", table, column).en
        for table, columns in VIEWS["metrics"].items()
        for column, _ in columns
    }
