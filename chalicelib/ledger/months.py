"""The monthly partitions of a call's rows: a batch reads and writes them directly, so their number costs nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache

from chalicelib.calls.records import Row
from chalicelib.catalog import PARTITION_KEYS
from chalicelib.ledger.periods import REST
from chalicelib.platform.postgres import Connection

_KEYS = {f"{schema}.{table}": key for (schema, table), key in PARTITION_KEYS.items()}
# Maintenance locks this table exclusively before partitions come or go.
_HOLD = "SELECT FROM ledger.months LIMIT 0"

#: SQL: the names of all months, separated by blanks; those of retired months begin with a minus.
NAMES = "(SELECT string_agg(CASE WHEN retired THEN '-' ELSE '' END || name, ' ') FROM ledger.months)"


@lru_cache(maxsize=16)
def from_names(names: str | None) -> tuple[frozenset[str], frozenset[str]]:
    """Return the months with partitions in a column NAMES, and those that are retired, once a batch."""
    words = (names or "").split()
    retired = frozenset(word[1:] for word in words if word[0] == "-")
    return frozenset(word for word in words if word[0] != "-"), retired


def hold(writer: Connection) -> None:
    """Keep the partitions as they are until the transaction ends. Sent with the next statement."""
    writer.post(_HOLD, [])


def month_of(relation: str, row: Row) -> str:
    """Return the month that a row belongs to, as `2026_11`, or REST for a row without a time.

    Rows of tables without partitions belong to the month of their event.
    """
    moment = row.get(_KEYS.get(relation, "eventts"))
    return f"{moment.year:04}_{moment.month:02}" if isinstance(moment, datetime) else REST


def partition(relation: str, month: str, existing: Collection[str]) -> str:
    """Return the name of the partition that has the rows of a month, when `existing` are the months with partitions."""
    return f"partitions.{relation.replace('.', '_')}_{month if month in existing else REST}"
