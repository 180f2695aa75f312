"""One process of a replication, for tests that kill it."""

from __future__ import annotations

import os
import signal
from datetime import date, datetime
from itertools import count
from typing import Any

from chalicelib.platform.postgres import Connection, Row
from chalicelib.replication import correcting, replicate, sources
from chalicelib.replication.replicate import RunContext
from chalicelib.settings import Settings

#: So that few calls are several pages.
PAGE_ROWS = 50


def go(settings: Settings, now: datetime) -> None:
    """Resume the interrupted run, or read and send everything. The test kills this process."""
    sources.PAGE_ROWS = PAGE_ROWS
    context = RunContext(Connection(settings.writer_database_url), settings)
    if replicate.resume(context) is None:
        replicate.start(context, replicate.plan(context, "full", "calls", now))


class Mortal(Connection):
    """A connection that kills its process before its statement number `last`."""

    def __init__(self, url: str, last: int) -> None:
        """Count statements from 1."""
        super().__init__(url)
        self._last = last
        self._numbers = count(1)

    def execute(self, sql: str, parameters: Any = None) -> list[Row]:
        """Run a statement, or die."""
        if next(self._numbers) == self._last:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(sql, parameters)


def correct(settings: Settings, day: date, now: datetime, last: int) -> None:
    """Correct a day, and die before the statement number `last`."""
    context = RunContext(Mortal(settings.owner_database_url, last), settings)
    correcting.correct(context, correcting.day_of(settings, day), now)
