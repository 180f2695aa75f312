"""The schedule's turn: every hour what is new, and at 23 o'clock in the site's zone the whole window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chalicelib import edge, settings
from chalicelib.platform import functions, postgres
from chalicelib.replication import metrics, run, targets
from chalicelib.replication.run import Surroundings
from chalicelib.replication.runs import Run
from chalicelib.settings import Settings

# The hour of the site's day in which the known script's cron job made its full run.
FULL_HOUR = 23


def handle(event: dict[str, Any], name: str, remaining: Callable[[], float]) -> None:
    """Do what the schedule's `event` asks for, as the function `name` with so many seconds remaining.

    Runs that were cut off come first. What does not fit into the time goes on in another invocation, whose event says
    so in its `detail`. Without CRM_URL nothing happens. Raises Misconfigured, Unavailable and DatabaseError.
    """
    current = settings.current()
    if not targets.configured(current):
        return
    around = Surroundings(postgres.connection(current.writer_database_url), current, remaining)
    detail = event.get("detail") or {}
    waiting = list(detail.get("sources", current.replication_sources))
    due = kind(current, datetime.fromisoformat(event["time"]))
    ended = run.resume(around, detail.get("run"))
    while ended or waiting:
        if ended:
            _tell(ended)
            if not ended.outcome:
                functions.start(name, {**event, "detail": {"run": ended.id, "sources": waiting}})
                return
        ended = run.resume(around) or _next(around, due, waiting)


def _next(around: Surroundings, due: str, waiting: list[str]) -> Run | None:
    if not waiting:
        return None
    return run.start(around, run.order(around, due, waiting.pop(0), datetime.now(UTC).replace(tzinfo=None)))


def kind(current: Settings, due: datetime) -> str:
    """What is due at a moment: in the site's zone it is the full run's hour, or any other."""
    return "full" if due.astimezone(current.site_zone).hour == FULL_HOUR else "incremental"


def _tell(ended: Run) -> None:
    edge.logger().info("replication", extra={"surface": "replication", **metrics.facts(ended)})
    if ended.outcome:
        metrics.publish(ended)
