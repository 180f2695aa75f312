"""Copies rows of Parquet files into tables."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.archive import parquet_columns, parquet_parts
from chalicelib.archive.archived_months import ArchivedFile
from chalicelib.archive.parquet_columns import TableColumn
from chalicelib.platform.postgres import Connection

_INSERT = "INSERT INTO {place} ({names}) SELECT {restored} FROM unnest({sent}) AS posted ({names})"


def fill(connection: Connection, bucket: str, file: ArchivedFile, place: str) -> int:
    """Insert the rows of an archived file into the table `place`, all or none, and return how many.

    A column that the table got later stays NULL. Raises ArchiveFault, Unavailable and DatabaseError.
    """
    with parquet_parts.opened(bucket, file) as stored, connection.transaction():
        columns = _shared(parquet_columns.of_table(connection, place), parquet_parts.schema_of(stored).names)
        statement = _statement(place, columns)
        count = 0
        for batch in parquet_parts.batches(stored):
            if batch.num_rows:
                connection.execute(statement, [parquet_columns.values(batch.column(each.name)) for each in columns])
            count += batch.num_rows
    return count


def _shared(columns: Sequence[TableColumn], names: Sequence[str]) -> list[TableColumn]:
    return [column for column in columns if column.name in names]


def _statement(place: str, columns: Sequence[TableColumn]) -> str:
    return _INSERT.format(
        place=place,
        names=", ".join(column.quoted for column in columns),
        restored=", ".join(column.kind.restored.format(column.quoted) for column in columns).replace("%", "%%"),
        sent=", ".join(f"%s::{column.kind.sent}[]" for column in columns),
    )
