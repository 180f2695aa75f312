"""The schedule's turn: every hour what is new, and at 23 o'clock in the site's zone the whole window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chalicelib import edge
from chalicelib.platform import configuration, functions, postgres
from chalicelib.replication import run, run_metrics, targets
from chalicelib.replication.run import Surroundings
from chalicelib.replication.runs import Run, RunRequest
from chalicelib.replication.turn import Turn
from chalicelib.settings import Settings

# The hour of the site's day in which the known script's cron job made its full run.
FULL_HOUR = 23


def handle(event: dict[str, Any], name: str, remaining: Callable[[], float]) -> None:
    """Do what the schedule's `event` asks for, as the function `name` with so many seconds remaining.

    Runs that were cut off come first. What does not fit into the time goes on in another invocation, whose event says
    so in its `detail`. Without CRM_URL nothing happens. Raises Misconfigured, Unavailable and DatabaseError, but when
    only a source is away, after everything else.
    """
    current = configuration.current()
    if not targets.configured(current):
        return
    around = Surroundings(postgres.connection(current.writer_database_url), current, remaining)
    detail = event.get("detail") or {}
    due = kind(current, datetime.fromisoformat(event["time"]))

    def order(source: str) -> RunRequest:
        return run.order(around, due, source, datetime.now(UTC).replace(tzinfo=None))

    turn = Turn(around, detail.get("sources", current.replication_sources), order, detail.get("run"))
    for ended in turn.runs():
        _tell(ended)
        if not ended.outcome:
            functions.start(name, {**event, "detail": {"run": ended.id, "sources": turn.waiting}})
            break


def kind(current: Settings, due: datetime) -> str:
    """What is due at a moment: in the site's zone it is the full run's hour, or any other."""
    return "full" if due.astimezone(current.site_zone).hour == FULL_HOUR else "incremental"


def _tell(ended: Run) -> None:
    edge.logger().info("replication", extra={"surface": "replication", **run_metrics.facts(ended)})
    if ended.outcome:
        run_metrics.publish(ended)
