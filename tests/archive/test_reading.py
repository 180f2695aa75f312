"""DuckDB reads the archive as it is: with the database it has the rows of before the retirement."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.archive.months import BUCKET, LATER, Archive
from tests.databases import run
from tests.ingest.telephony import BEGIN, answered, busy, missed, ring_group

LATE_SECOND = int((LATER - BEGIN).total_seconds())


def test_archive_and_database_have_every_row(archive: Archive, tmp_path: Path) -> None:
    """Each table of calls, read from Parquet files and PostgreSQL together, agrees to the row."""
    ledger = archive.ledger
    ledger.take(ring_group("C1", 0) + missed("C2", 60) + answered("C3", 400) + busy("C4", 500))
    ledger.take(missed("C5", LATE_SECOND) + ring_group("C7", LATE_SECOND + 200))
    tables = [str(name) for name in ledger.column("SELECT name FROM ledger.partitioned_tables")]
    before = {table: sorted(map(repr, run(ledger.url, f"SELECT * FROM {table}"))) for table in tables}
    archive.retire()
    for key in archive.objects():
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        archive.s3.download_file(BUCKET, key, str(tmp_path / key))

    with duckdb.connect() as duck:
        for table in tables:
            archived = duck.execute(
                f"SELECT * EXCLUDE (\"table\", month) FROM read_parquet('{tmp_path}/archive/table={table}/*/*.parquet',"
                " hive_partitioning = true)"
            ).fetchall()
            rows = [*archived, *run(ledger.url, f"SELECT * FROM {table}")]
            assert sorted(map(repr, rows)) == before[table]
    assert len(before["calls.success"]) == 3
