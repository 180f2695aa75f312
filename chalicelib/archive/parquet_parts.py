"""Parts of tables as Parquet files: written from a cursor a page at a time, and compared with the table again.

At most one row group is in memory, and one file on the disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from tempfile import TemporaryFile
from typing import BinaryIO

import pyarrow as pa
from pyarrow import parquet

from chalicelib.archive import parquet_columns
from chalicelib.archive.archived_months import ArchivedFile
from chalicelib.archive.parquet_columns import TableColumn
from chalicelib.errors import RingledgerError
from chalicelib.platform import objects
from chalicelib.platform.postgres import Connection

Pages = Iterator[pa.RecordBatch]
#: Bodies of raw events may be large, so that few of them are fetched at once.
PAGE_ROWS = 2_000
GROUP_ROWS = 50_000
GROUP_BYTES = 32_000_000
TYPE = "application/vnd.apache.parquet"
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
_CURSOR = """
DECLARE {cursor} NO SCROLL CURSOR FOR
SELECT {selected} FROM {table} WHERE {key} >= %s AND {key} < %s ORDER BY {key}, tableoid, ctid
"""


class ArchiveFault(RingledgerError):
    """A file of the archive is missing or not what its manifest says."""

    code = "archive-fault"


@dataclass(frozen=True)
class TablePart:
    """The rows of a table whose `key` is within a period, naive UTC."""

    table: str
    key: str
    since: datetime
    until: datetime


def write(connection: Connection, bucket: str, part: TablePart, key: str) -> ArchivedFile:
    """Store the rows of `part` as the object `key`, read it back, and compare it with the table.

    Raises ArchiveFault when they differ, Unavailable and DatabaseError.
    """
    columns = parquet_columns.of_table(connection, part.table)
    with connection.transaction():
        connection.execute(_SNAPSHOT)
        with TemporaryFile() as file:
            rows = save(file, columns, _pages(connection, "written", columns, part))
            described = ArchivedFile(
                key=key, table=part.table, since=part.since, until=part.until, rows=rows, bytes=file.tell(),
                sha256=checksum(file),
            )  # fmt: skip
            objects.put(bucket, key, file, TYPE)
        with opened(bucket, described) as stored:
            _compare(described, _pages(connection, "compared", columns, part), batches(stored))
    return described


def save(file: BinaryIO, columns: Sequence[TableColumn], pages: Iterator[pa.RecordBatch]) -> int:
    """Write pages to a Parquet file, and return the number of rows; the file's position is its end."""
    schema = parquet_columns.schema(columns)
    return save_batches(file, schema, pages)


def save_batches(file: BinaryIO, schema: pa.Schema, pages: Iterator[pa.RecordBatch]) -> int:
    """Write batches of `schema` to a Parquet file as `save` does."""
    count, group = 0, list[pa.RecordBatch]()
    with parquet.ParquetWriter(file, schema, compression="zstd", write_statistics=True) as writer:
        for page in pages:
            count += page.num_rows
            group.append(page)
            if sum(each.num_rows for each in group) >= GROUP_ROWS or sum(each.nbytes for each in group) >= GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(group, schema))
                group = []
        writer.write_table(pa.Table.from_batches(group, schema))
    file.seek(0, 2)
    return count


@contextmanager
def opened(bucket: str, described: ArchivedFile) -> Iterator[BinaryIO]:
    """Yield a copy of the file that `described` names, after a check of it. Raises ArchiveFault and Unavailable."""
    with TemporaryFile() as file:
        _check(bucket, described, file)
        yield file


def _check(bucket: str, described: ArchivedFile, file: BinaryIO) -> None:
    if not objects.fetch(bucket, described.key, file):
        raise ArchiveFault(f"{described.key} is missing")
    if checksum(file) not in {described.sha256, described.replacing}:
        raise ArchiveFault(f"{described.key} has another checksum than its manifest")
    with suppress(pa.ArrowException):
        if parquet.ParquetFile(file).metadata.num_rows == described.rows:
            file.seek(0)
            return
    raise ArchiveFault(f"{described.key} has not the {described.rows} rows of its manifest")


def checksum(file: BinaryIO) -> str:
    """Return the SHA-256 of a file's content."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(GROUP_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def schema_of(file: BinaryIO) -> pa.Schema:
    """Return the schema of a Parquet file."""
    return parquet.ParquetFile(file).schema_arrow


def batches(file: BinaryIO, size: int = PAGE_ROWS) -> Iterator[pa.RecordBatch]:
    """Return the rows of a Parquet file in batches of up to `size`."""
    yield from parquet.ParquetFile(file).iter_batches(batch_size=size)


def _pages(connection: Connection, cursor: str, columns: Sequence[TableColumn], part: TablePart) -> Pages:
    selected = ", ".join(column.kind.selected.format(column.quoted) for column in columns)
    declared = _CURSOR.format(cursor=cursor, selected=selected.replace("%", "%%"), table=part.table, key=part.key)
    connection.execute(declared, [part.since, part.until])
    while rows := connection.execute(f"FETCH {PAGE_ROWS} FROM {cursor}"):
        yield parquet_columns.batch(columns, rows)
    connection.execute(f"CLOSE {cursor}")


def _compare(described: ArchivedFile, expected: Iterator[pa.RecordBatch], stored: Iterator[pa.RecordBatch]) -> None:
    for left, right in zip_longest(_rows(expected), _rows(stored)):
        if left is None or right is None or not left.equals(right):
            raise ArchiveFault(f"{described.key} differs from its table")


def _rows(pages: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Return the rows in tables of exactly PAGE_ROWS, the last one excepted: row groups cut batches elsewhere."""
    held = list[pa.RecordBatch]()
    for page in pages:
        held.append(page)
        if sum(each.num_rows for each in held) >= PAGE_ROWS:
            whole = pa.Table.from_batches(held).combine_chunks()
            yield whole.slice(0, PAGE_ROWS)
            held = whole.slice(PAGE_ROWS).to_batches()
    if any(each.num_rows for each in held):
        yield pa.Table.from_batches(held).combine_chunks()
