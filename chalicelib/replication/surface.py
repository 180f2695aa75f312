"""The Lambda `replicate`: an incremental run every hour, and a full run at 23 o'clock in the site's time zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chalicelib import edge
from chalicelib.platform import configuration, functions, postgres
from chalicelib.replication import replicate, run_metrics, run_order, targets
from chalicelib.replication.replicate import RunContext
from chalicelib.replication.runs import Run, RunRequest
from chalicelib.settings import Settings

# The cron job of NiMbox's example script makes its full run in this hour of the site's day.
FULL_HOUR = 23


def handle(event: dict[str, Any], name: str, remaining: Callable[[], float]) -> None:
    """Handle a scheduled event, in the function `name` that has `remaining` seconds left.

    Interrupted runs come first. Work that does not fit into the time continues in another invocation of the function,
    whose event has the run and the remaining sources in `detail`. Do nothing without CRM_URL. Raise Misconfigured,
    Unavailable and DatabaseError; SourceAway only after everything else is done.
    """
    current = configuration.current()
    if not targets.configured(current):
        return
    context = RunContext(postgres.connection(current.writer_database_url), current, remaining)
    detail = event.get("detail") or {}
    due = kind(current, datetime.fromisoformat(event["time"]))

    def plan(source: str) -> RunRequest:
        return replicate.plan(context, due, source, datetime.now(UTC).replace(tzinfo=None))

    sources = detail.get("sources", current.replication_sources)
    for run, _, waiting in run_order.run_sources(context, sources, plan, detail.get("run")):
        _log(run)
        if not run.outcome:
            functions.start(name, {**event, "detail": {"run": run.id, "sources": list(waiting)}})
            break


def kind(current: Settings, due: datetime) -> str:
    """Return the kind of run that is due: `full` in the full run's hour of the site, else `incremental`."""
    return "full" if due.astimezone(current.site_zone).hour == FULL_HOUR else "incremental"


def _log(run: Run) -> None:
    edge.logger().info("replication", extra={"surface": "replication", **run_metrics.facts(run)})
    if run.outcome:
        run_metrics.publish(run)
