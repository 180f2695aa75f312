"""Erases a person's number from archived months: files that hold it are written anew, and their manifest with them.

As in the database, each digit becomes a zero and the rows stay, so that reports count as before. A manifest announces
the new content of a file before the file is replaced, so that an interruption leaves no file without a checksum. The
bucket keeps replaced versions for seven days.
"""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import compute

from chalicelib.archive import manifests, parquet_parts
from chalicelib.archive.archived_months import ArchivedFile, Manifest
from chalicelib.calls.events import Raw
from chalicelib.ledger import forgetting, raw_events
from chalicelib.ledger.written_numbers import SEPARATORS, erased
from chalicelib.platform import objects

RECORDED = "calls.success"


class Erased(NamedTuple):
    """The extent of an erasure: the rows of each table, and the calls whose recordings are to be deleted."""

    rows: dict[str, int]
    recorded: list[str]


def erase(bucket: str, manifest: Manifest, digits: str, *, preview: bool = False) -> Erased:
    """Erase these digits from the files of a month. With `preview`, count only.

    May be repeated after an interruption. Raises ArchiveFault and Unavailable.
    """
    rows: dict[str, int] = {}
    recorded: list[str] = []
    for file in manifest.files:
        search = _Search(file, digits)
        with parquet_parts.opened(bucket, file) as stored, TemporaryFile() as new:
            schema = parquet_parts.schema_of(stored)
            parquet_parts.save_batches(new, schema, map(search.erased, parquet_parts.batches(stored)))
            if search.rows and not preview:
                _replace(bucket, manifest, file, new)
        _settle(bucket, manifest, file)
        if search.rows:
            rows[file.table] = rows.get(file.table, 0) + search.rows
            recorded += search.recorded
    return Erased(rows, recorded)


def _replace(bucket: str, manifest: Manifest, file: ArchivedFile, new: Any) -> None:  # noqa: ANN401 - a temporary file
    size = new.seek(0, 2)
    file.replacing = parquet_parts.checksum(new)
    manifests.write(bucket, manifest)
    objects.put(bucket, file.key, new, parquet_parts.TYPE)
    file.bytes = size


def _settle(bucket: str, manifest: Manifest, file: ArchivedFile) -> None:
    """Let the manifest name the content that the file has now."""
    if not file.replacing:
        return
    with parquet_parts.opened(bucket, file) as stored:
        file.sha256, file.replacing = parquet_parts.checksum(stored), ""
        file.bytes = stored.seek(0, 2)
    manifests.write(bucket, manifest)


class _Search:
    """The search for a number in one file: how many rows held it, and which recorded calls."""

    def __init__(self, file: ArchivedFile, digits: str) -> None:
        """Search `file` for `digits`."""
        self.rows = 0
        self.recorded: list[str] = []
        self._table = file.table
        self._digits = digits
        # A quick look: the digits with any separators between them.
        self._look = f"[{SEPARATORS}]*".join(digits)

    def erased(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch without the number."""
        if self._table == "ledger.events":
            return self._events(batch)
        held: set[int] = set()
        arrays = [self._texts(array, held) for array in batch.columns]
        self._note(batch, held)
        return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)

    def _texts(self, array: pa.Array, held: set[int]) -> pa.Array:
        if not pa.types.is_string(array.type):
            return array
        found = compute.match_substring_regex(array, self._look).to_pylist()
        places = [place for place, match in enumerate(found) if match]
        if not places:
            return array
        texts = array.to_pylist()
        for place in places:
            new = erased(texts[place].encode(), self._digits).decode()
            if new != texts[place]:
                texts[place] = new
                held.add(place)
        return pa.array(texts, array.type)

    def _note(self, batch: pa.RecordBatch, held: set[int]) -> None:
        self.rows += len(held)
        if self._table == RECORDED:
            ids = batch.column("inviteid")
            self.recorded += [each for place in sorted(held) if (each := ids[place].as_py())]

    def _events(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        rows = [self._event(row) for row in batch.to_pylist()]
        return pa.RecordBatch.from_pylist(rows, schema=batch.schema)

    def _event(self, row: dict[str, Any]) -> dict[str, Any]:
        posted = forgetting.erased_webhook(row["query"], row["body"], row["content_encoding"], self._digits)
        if posted == (row["query"], row["body"], row["content_encoding"]):
            return row
        self.rows += 1
        query, body, coding = posted
        raw = Raw(
            row["id"], row["accepted_at"], row["provider"], row["method"], query, row["content_type"], body, coding
        )
        digest = raw_events.digest(row["extension"], raw)
        return {**row, "query": query, "body": body, "content_encoding": coding, "digest": digest}
