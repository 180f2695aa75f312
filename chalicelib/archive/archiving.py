"""Writes closed months to the archive: one file after the other, each compared with its table before it counts.

The row of a month in `ledger.retirements` has the files that are done, so that an interrupted run goes on with the next
one. A month whose rows changed meanwhile begins anew. Its manifest is stored before the month counts as archived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from chalicelib.archive import manifests, parquet_parts
from chalicelib.archive.archived_months import Manifest
from chalicelib.archive.parquet_parts import TablePart
from chalicelib.platform import objects
from chalicelib.platform.postgres import Connection

#: Days are put together up to so many rows a file; a day is never divided.
FILE_ROWS = 1_000_000
#: Seconds that must be left for another file.
RESERVE_SECONDS = 240.0

# Whoever changes rows of the month holds its row until the change is visible: this waits for it.
_BEGIN = """
UPDATE ledger.retirements SET state = 'closed', changed = false, manifest = NULL
WHERE changed AND state IN ('closed', 'archived')
"""
_NEXT = """
SELECT kind, month, continues, manifest FROM ledger.retirements
WHERE state = 'closed' AND (frozen OR kind = 'events') AND (kind, month) > (%s, %s) ORDER BY kind, month LIMIT 1
"""
_PARTS = "SELECT name, key FROM ledger.parts_of(%s, %s)"
_DAYS = """
SELECT date_trunc('day', {key}), count(*) FROM {table} WHERE {key} >= %s AND {key} < %s GROUP BY 1 ORDER BY 1
"""
_KEEP = """
UPDATE ledger.retirements SET manifest = %s
WHERE kind = %s AND month = %s AND state = 'closed' AND NOT changed RETURNING 1
"""
_DONE = """
UPDATE ledger.retirements SET state = 'archived', manifest = %s, archived_at = now()
WHERE kind = %s AND month = %s AND state = 'closed' AND NOT changed RETURNING 1
"""


def run(connection: Connection, bucket: str, remaining: Callable[[], float]) -> list[str]:
    """Archive the closed months while there is time, and return those that are done, as `calls 2024-01`.

    Raises ArchiveFault, Unavailable and DatabaseError; what is done stays done.
    """
    done: list[str] = []
    connection.execute(_BEGIN)
    last = ["", ""]
    while rows := connection.execute(_NEXT, last):
        kind, month, continues, progress = rows[0]
        last = [kind, month]
        started = Manifest.model_validate(progress) if progress else _started(bucket, kind, month, continues)
        finished = _written(connection, bucket, started, remaining)
        if finished is None:
            break
        if finished:
            done.append(f"{kind} {started.month}")
    return done


def _started(bucket: str, kind: str, month: str, continues: bool) -> Manifest:  # noqa: FBT001 - a column
    name = month.replace("_", "-")
    if not continues:
        return Manifest(kind=kind, month=name)
    manifest = manifests.read(bucket, kind, name)
    manifest.run += 1
    return manifest


def _written(connection: Connection, bucket: str, manifest: Manifest, remaining: Callable[[], float]) -> bool | None:
    """Write the files that `manifest` lacks; return False when rows changed meanwhile, and None when time is over."""
    for part, number in _plan(connection, manifest):
        if remaining() < RESERVE_SECONDS:
            return None
        key = manifests.file_key(part.table, manifest.month, number)
        file = parquet_parts.write(connection, bucket, part, key)
        manifest.files.append(file.model_copy(update={"run": manifest.run}))
        if not connection.execute(_KEEP, _row(manifest)):
            return False
    manifest.written_at = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    manifests.write(bucket, manifest)
    _tidy(bucket, manifest)
    return bool(connection.execute(_DONE, _row(manifest)))


def _row(manifest: Manifest) -> list[object]:
    return [manifest.model_dump_json(), manifest.kind, manifest.month.replace("-", "_")]


def _plan(connection: Connection, manifest: Manifest) -> Iterator[tuple[TablePart, int]]:
    """Return the parts that are not written yet, with the numbers of their files."""
    for table, key in connection.execute(_PARTS, [manifest.kind, manifest.month.replace("-", "_")]):
        written = [file for file in manifest.files if file.table == table]
        number = len(written)
        for part in _parts(connection, table, key, manifest.month):
            if not any(file.run == manifest.run and file.since == part.since for file in written):
                yield part, number
                number += 1


def _parts(connection: Connection, table: str, key: str, month: str) -> Iterator[TablePart]:
    """Return the parts of a month of a table, of whole days; an empty month is one part."""
    first = datetime.strptime(month, "%Y-%m")  # noqa: DTZ007 - naive UTC
    end = (first + timedelta(days=31)).replace(day=1)
    since, held = first, 0
    for day, rows in connection.execute(_DAYS.format(table=table, key=key), [first, end]):
        if held and held + rows > FILE_ROWS:
            yield TablePart(table, key, since, day)
            since, held = day, 0
        held += rows
    yield TablePart(table, key, since, end)


def _tidy(bucket: str, manifest: Manifest) -> None:
    """Delete files of an earlier archive of the month that the manifest does not name."""
    named = {file.key for file in manifest.files}
    for table in manifest.tables():
        folder = manifests.file_key(table, manifest.month, 0).rpartition("/")[0] + "/"
        for key in objects.keys(bucket, folder):
            if key not in named:
                objects.delete(bucket, key)
