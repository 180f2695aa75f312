"""Reads events from a CEL table into the spool."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Callable

from ringledger_asterisk import tables
from ringledger_asterisk.cel_settings import CelSource
from ringledger_asterisk.event_intake import EventIntake
from ringledger_asterisk.tables import CelRow

#: A missing number may belong to an open transaction of another PBX; after this time, in seconds, it is given up.
GAP_SECONDS = 10.0

logger = logging.getLogger(__name__)


class TableReader:
    """The table, from the row that the spool knows."""

    def __init__(self, source: CelSource, intake: EventIntake, clock: Callable[[], float] = time.monotonic) -> None:
        """Follow the table of `source`."""
        self._table, self._history, self._intake = tables.opened(source), source.history, intake
        self._clock = clock
        self._seen: dict[int, float] = {}

    def step(self) -> bool:
        """Take what has come, and return False if there was nothing. Raise TableFault, OSError and SpoolFault."""
        stored = self._intake.place
        if not stored:
            self._intake.move("0" if self._history else str(self._table.last()))
            return True
        rows = self._table.rows(int(stored))
        complete = self._complete(rows, int(stored))
        if complete:
            self._intake.take([row.columns for row in complete], str(complete[-1].number))
        elif not rows and self._table.last() < int(stored):
            logger.warning("the CEL table was emptied; reading it from its beginning")
            self._intake.move("0")
        return bool(complete)

    def _complete(self, rows: Sequence[CelRow], place: int) -> Sequence[CelRow]:
        """Return the rows before the first missing number that may still come."""
        if len(rows) == tables.ROWS:
            # So many rows after it, no transaction is open any longer.
            return rows
        now = self._clock()
        self._seen = {row.number: self._seen.get(row.number, now) for row in rows}
        for index, row in enumerate(rows):
            if row.number != place + 1 and now - self._seen[row.number] < GAP_SECONDS:
                return rows[:index]
            place = row.number
        return rows
