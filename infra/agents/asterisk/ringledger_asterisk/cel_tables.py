"""Reads events from a CEL table into the spool."""

from __future__ import annotations

import logging

from ringledger_asterisk import tables
from ringledger_asterisk.cel_settings import CelSource
from ringledger_asterisk.event_intake import EventIntake

logger = logging.getLogger(__name__)


class TableReader:
    """The table, from the row that the spool knows."""

    def __init__(self, source: CelSource, intake: EventIntake) -> None:
        """Follow the table of `source`."""
        self._table, self._history, self._intake = tables.opened(source), source.history, intake

    def step(self) -> bool:
        """Take what has come, and return False if there was nothing. Raise TableFault, OSError and SpoolFault."""
        stored = self._intake.place
        if not stored:
            self._intake.move("0" if self._history else str(self._table.last()))
            return True
        rows = self._table.rows(int(stored))
        if rows:
            self._intake.take([row.columns for row in rows], str(rows[-1].number))
        elif self._table.last() < int(stored):
            logger.warning("the CEL table was emptied; reading it from its beginning")
            self._intake.move("0")
        return bool(rows)
