"""Columns of a table in PostgreSQL and in Parquet, and the conversion of their values in both directions.

Times are microseconds since 1970 without a zone. Infinity is the largest number, as DuckDB has it. Ids, JSON and types
that Parquet lacks are text as PostgreSQL writes it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from chalicelib.platform.postgres import Connection, Row

_COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_LAST = 2**63 - 1
_TO_MICROSECONDS = (
    "CASE WHEN isfinite({0}) THEN (extract(epoch FROM {0}) * 1000000)::bigint"
    f" WHEN {{0}} > '2000-01-01' THEN {_LAST} WHEN {{0}} IS NOT NULL THEN -{_LAST} END"
)
_FROM_MICROSECONDS = (
    f"CASE {{0}} WHEN {_LAST} THEN 'infinity'::timestamp WHEN -{_LAST} THEN '-infinity'"
    " ELSE '1970-01-01'::timestamp + ({0} / 86400000000)::integer * interval '1 day'"
    " + ({0} % 86400000000) * interval '1 microsecond' END"
)
_FROM_LIST = "CASE WHEN {0} IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text({0}::jsonb)) END"


@dataclass(frozen=True)
class ColumnKind:
    """How values of a type are selected, kept in Parquet, and given back: SQL with `{0}` for the column or value.

    `sent` is PostgreSQL's type of the values that are given back.
    """

    arrow: pa.DataType
    selected: str
    sent: str
    restored: str


def _same(arrow: pa.DataType, name: str) -> ColumnKind:
    return ColumnKind(arrow, "{0}", name, "{0}")


_KINDS = {
    "bigint": _same(pa.int64(), "bigint"),
    "integer": _same(pa.int32(), "integer"),
    "smallint": _same(pa.int16(), "smallint"),
    "boolean": _same(pa.bool_(), "boolean"),
    "bytea": _same(pa.binary(), "bytea"),
    "timestamp without time zone": ColumnKind(pa.timestamp("us"), _TO_MICROSECONDS, "bigint", _FROM_MICROSECONDS),
    "text[]": ColumnKind(pa.list_(pa.string()), "{0}", "text", _FROM_LIST),
}


@dataclass(frozen=True)
class TableColumn:
    """A column of a table."""

    name: str
    type: str

    @property
    def kind(self) -> ColumnKind:
        """Return how its values are converted."""
        return _KINDS.get(self.type) or ColumnKind(pa.string(), "{0}::text", "text", f"{{0}}::{self.type}")

    @property
    def quoted(self) -> str:
        """Return its name for SQL."""
        return f'"{self.name}"'


def of_table(connection: Connection, table: str) -> list[TableColumn]:
    """Return the columns of a table in their order."""
    return [TableColumn(*row) for row in connection.execute(_COLUMNS, [table])]


def schema(columns: Sequence[TableColumn]) -> pa.Schema:
    """Return the schema of a Parquet file with these columns."""
    return pa.schema([(column.name, column.kind.arrow) for column in columns])


def batch(columns: Sequence[TableColumn], rows: Sequence[Row]) -> pa.RecordBatch:
    """Return rows, as the expressions `selected` give them, as a batch."""
    values = zip(*rows, strict=True) if rows else ([] for _ in columns)
    arrays = [_array(column.kind.arrow, list(each)) for column, each in zip(columns, values, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema(columns))


def _array(arrow: pa.DataType, values: list[Any]) -> pa.Array:
    if pa.types.is_timestamp(arrow):
        return pa.array(values, pa.int64()).cast(arrow)
    if pa.types.is_binary(arrow):
        values = [None if value is None else bytes(value) for value in values]
    return pa.array(values, arrow)


def values(array: pa.Array) -> list[Any]:
    """Return the values of a column of a batch, as the expressions `restored` take them."""
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.int64())
    plain: list[Any] = array.to_pylist()
    if pa.types.is_list(array.type):
        return [None if value is None else json.dumps(value) for value in plain]
    return plain
