"""One process of a replication, for tests that kill it."""

from __future__ import annotations

from datetime import datetime

from chalicelib.platform.postgres import Connection
from chalicelib.replication import run, sources
from chalicelib.replication.run import Surroundings
from chalicelib.settings import Settings

#: So that few calls are several pages.
PAGE_ROWS = 50


def go(settings: Settings, now: datetime) -> None:
    """Take up what was cut off, or else read and send everything; whoever starts this kills it meanwhile."""
    sources.PAGE_ROWS = PAGE_ROWS
    around = Surroundings(Connection(settings.writer_database_url), settings)
    if run.resume(around) is None:
        run.start(around, run.order(around, "full", "calls", now))
