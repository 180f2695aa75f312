"""An archived month: its files with their counts and checksums."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class ArchivedFile(BaseModel):
    """A Parquet file: the period of its rows (naive UTC), its size in bytes, and its checksum.

    `run` counts how often rows were added to the archived month, `replacing` is the checksum of a content that is about
    to replace this one.
    """

    model_config = ConfigDict(extra="forbid")

    key: str
    table: str
    since: datetime
    until: datetime
    rows: int
    bytes: int
    sha256: str
    run: int = 0
    replacing: str = ""


class Manifest(BaseModel):
    """All files of one month of calls or of raw events. `month` is written as 2024-01."""

    model_config = ConfigDict(extra="forbid")

    version: int = 1
    kind: str
    month: str
    run: int = 0
    written_at: datetime | None = None
    files: list[ArchivedFile] = []

    def rows_of(self, table: str) -> int:
        """Return the number of a table's rows."""
        return sum(file.rows for file in self.files if file.table == table)

    def tables(self) -> list[str]:
        """Return the names of the tables."""
        return sorted({file.table for file in self.files})
