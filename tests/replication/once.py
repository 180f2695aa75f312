"""One process of a replication, for tests that kill it."""

from __future__ import annotations

from datetime import datetime

from chalicelib.platform.postgres import Connection
from chalicelib.replication import replicate, sources
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
