"""Splits the text of a CEL CSV file into records: values may contain line breaks, and lines may be cut off."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import NamedTuple

#: The longest record, in bytes.
RECORD_LIMIT = 65_536
#: In a text with more quotes than two records have, no whole record is searched for.
QUOTES_LIMIT = 400

_EVENT = re.compile(r"[A-Z][A-Z0-9_]+")


class CsvChunk(NamedTuple):
    """A part of a file: its records, the bytes of it that are done with, and texts that are no records."""

    records: list[dict[str, str]]
    done: int
    broken: list[str]


class CsvRecords:
    """Reads records whose columns are those of one of several layouts; a column called `-` is left out."""

    def __init__(self, layouts: Sequence[Sequence[str]]) -> None:
        """Read records with `layouts`, which the number of columns tells apart."""
        self._layouts = {len(names): names for names in layouts}

    def read(self, data: bytes, *, is_last: bool = False) -> CsvChunk:
        """Return the records in `data`. Only if `is_last`, its end is the end of the last record."""
        chunk = CsvChunk([], 0, [])
        pending, done = b"", 0
        for line in io.BytesIO(data):
            if not (line.endswith(b"\n") or is_last):
                break
            if pending and self._record(line):
                # A record that stands for itself ends whatever was cut off before.
                self._give_up(pending, chunk)
                done, pending = done + len(pending), b""
            pending += line
            if self._settle(pending, chunk, is_last=False):
                done, pending = done + len(pending), b""
        if is_last and pending and self._settle(pending, chunk, is_last=True):
            done += len(pending)
        return chunk._replace(done=done)

    def _settle(self, text: bytes, chunk: CsvChunk, *, is_last: bool) -> bool:
        """Add the record that `text` is, or give it up. Return False while more of it may come."""
        record = self._record(text)
        if record:
            chunk.records.append(record)
        elif is_last or text.count(b'"') % 2 == 0 or len(text) > RECORD_LIMIT:
            self._give_up(text, chunk)
        else:
            return False
        return True

    def _give_up(self, text: bytes, chunk: CsvChunk) -> None:
        """Add a text that is no record, apart from the whole record that may follow a cut-off one without a break."""
        start = text.find(b'"', 1) if text.count(b'"') <= QUOTES_LIMIT else -1
        while start > 0:
            record = self._record(text[start:])
            if record and _EVENT.fullmatch(record.get("eventtype", "")):
                chunk.broken.append(text[:start].decode(errors="replace"))
                chunk.records.append(record)
                return
            start = text.find(b'"', start + 1)
        if text.strip():
            chunk.broken.append(text.decode(errors="replace"))

    def _record(self, text: bytes) -> dict[str, str] | None:
        try:
            rows = list(csv.reader(io.StringIO(text.decode(errors="replace"), newline=""), strict=True))
        except csv.Error:
            return None
        names = self._layouts.get(len(rows[0])) if len(rows) == 1 else None
        return {name: value for name, value in zip(names, rows[0]) if name != "-"} if names else None
