"""Brings a month back from the archive: its rows fill tables that no reader sees, which then become its partitions.

An interrupted restoration begins anew when it is ordered again; until it is finished, readers see nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.archive.archived_months import ArchivedFile, Manifest
from chalicelib.errors import InvalidRequest, Unavailable
from chalicelib.platform import schema_changes
from chalicelib.platform.postgres import Connection

_BEGIN = "SELECT ledger.begin_restoring(%s, %s)"
_PARTS = "SELECT name, format('%%I.%%I', schema_name, part_name) FROM ledger.parts_of(%s, %s)"
_FINISH = "SELECT ledger.finish_restoring(%s, %s, %s)"

#: Copies the rows of an archived file into a table; returns their number.
Fill = Callable[[ArchivedFile, str], int]
Tell = Callable[[int], None]


def restore(owner: Connection, manifest: Manifest, kept_until: datetime, fill: Fill, tell: Tell) -> int:
    """Make the rows of an archived month partitions again until a time, naive UTC, and return how many rows these are.

    Call `tell` with the number of files that are read. Raises InvalidRequest when the month is not retired, and
    Unavailable when its tables are in use.
    """
    month = [manifest.kind, manifest.month.replace("-", "_")]
    if not owner.execute(_BEGIN, month)[0][0]:
        raise InvalidRequest(f"{manifest.kind} of {manifest.month} are not retired; `archive list` shows the states")
    places: dict[str, str] = dict(owner.execute(_PARTS, month))
    rows = 0
    for number, file in enumerate(manifest.files, 1):
        rows += fill(file, places[file.table])
        tell(number)
    _check(owner, manifest, places)
    if not schema_changes.attempt(
        owner, f"restoring {manifest.month}", lambda: owner.execute(_FINISH, [*month, kept_until])
    ):
        raise Unavailable("The tables of the month are in use: repeat the restoration later")
    return rows


def _check(owner: Connection, manifest: Manifest, places: dict[str, str]) -> None:
    for table, place in places.items():
        (count,) = owner.execute(f"SELECT count(*) FROM {place}")[0]  # noqa: S608 - a name of the catalog
        if count != manifest.rows_of(table):
            raise InvalidRequest(
                f"{place} has {count} rows instead of {manifest.rows_of(table)}: repeat the restoration"
            )
