"""Reads events from the CSV file of cel_custom into the spool."""

from __future__ import annotations

import json
import logging

from ringledger_asterisk.cel_settings import CelSource
from ringledger_asterisk.csv_files import FilePlace, Piece, RotatedFile
from ringledger_asterisk.csv_records import CsvRecords
from ringledger_asterisk.event_intake import EventIntake

logger = logging.getLogger(__name__)


class CsvReader:
    """The file, from the place that the spool knows."""

    def __init__(self, source: CelSource, intake: EventIntake) -> None:
        """Follow the file of `source`."""
        self._file, self._records = RotatedFile(source.file), CsvRecords(source.layouts)
        self._path, self._intake, self._history = source.file, intake, source.history
        self._is_awaited = False

    def step(self) -> bool:
        """Take what has come, and return False if there was nothing. Raise OSError and SpoolFault."""
        stored = self._intake.place
        if not stored:
            self._intake.move(json.dumps(FilePlace("", 0) if self._history else self._file.end()))
            return True
        piece = self._file.read(FilePlace(*json.loads(stored)))
        if piece is None and not self._is_awaited:
            logger.warning("there is no event in %s yet", self._path)
        self._is_awaited = piece is None
        return piece is not None and self._take(piece)

    def _take(self, piece: Piece) -> bool:
        chunk = self._records.read(piece.data)
        following: FilePlace | None = piece.place._replace(offset=piece.place.offset + chunk.done)
        if not chunk.done:
            # Nothing more is written into a file that was rotated away: its rest is the last record.
            following = self._file.following(piece.place) if piece.is_old else None
            chunk = self._records.read(piece.data, is_last=True)
        if following is None:
            return False
        self._intake.take(chunk.records, json.dumps(following), chunk.broken)
        return True
