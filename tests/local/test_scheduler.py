"""The scheduler in the role of EventBridge."""

from __future__ import annotations

import queue
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalice.app import Chalice, CloudWatchEvent, Cron, Rate, ScheduledEventConfig, ScheduleExpression

from chalicelib.errors import Misconfigured
from infra.local.scheduler import FirstRun, Scheduler, moments

NOW = datetime(2026, 7, 15, 10, 30, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(1 minute)", "2026-07-15 10:31:20"),
        (Rate(2, unit=Rate.HOURS), "2026-07-15 12:30:20"),
        ("rate(1 day)", "2026-07-16 10:30:20"),
        ("cron(0 * * * ? *)", "2026-07-15 11:00:00"),
        ("cron(45 * * * ? *)", "2026-07-15 10:45:00"),
        (Cron(30, "*", "*", "*", "?", "*"), "2026-07-15 11:30:00"),
    ],
)
def test_next_moment(expression: str | ScheduleExpression, expected: str) -> None:
    """A rate counts from now; an hourly cron expression names the next full minute of its kind."""
    assert f"{moments(expression)(NOW):%Y-%m-%d %H:%M:%S}" == expected


@pytest.mark.parametrize(
    "expression",
    ["rate(0 minutes)", "rate(5 seconds)", "cron(0 3 * * ? *)", "cron(60 * * * ? *)", "cron(0 * * * * *)", "every day"],
)
def test_expression_that_the_local_stack_cannot_run(expression: str) -> None:
    """An expression of another kind is refused when the stack starts."""
    with pytest.raises(Misconfigured, match="only, not"):
        moments(expression)


def test_handler_is_called_again_and_again() -> None:
    """A handler receives EventBridge's event at each moment, also after it failed."""
    app = Chalice("tiny")
    seen: queue.Queue[dict[str, Any]] = queue.Queue()

    @app.schedule("rate(1 minute)", name="nightly")
    def nightly(event: CloudWatchEvent) -> None:
        seen.put(event.to_dict())
        raise RuntimeError("the scheduler must survive this")

    source = app.event_sources[0]
    assert isinstance(source, ScheduledEventConfig)
    scheduler = Scheduler(app, source, lambda moment: moment + timedelta(milliseconds=20))
    scheduler.start()
    first, second = (seen.get(timeout=30) for _ in range(2))
    scheduler.stop()

    assert (first["source"], first["detail-type"], first["version"]) == ("aws.events", "Scheduled Event", "0")
    assert first["resources"] == ["arn:aws:events:us-east-1:123456789012:rule/nightly"]
    assert first["id"] != second["id"]
    assert datetime.strptime(first["time"], "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007 - only the shape matters


def test_a_handler_is_called_once_after_the_start() -> None:
    """A first run has the event of now, and is the only one."""
    app = Chalice("tiny")
    seen: queue.Queue[dict[str, Any]] = queue.Queue()

    @app.schedule("rate(1 hour)", name="hourly")
    def hourly(event: CloudWatchEvent) -> None:
        seen.put(event.to_dict())

    first = FirstRun(app, "hourly", 0.0)
    first.start()
    event = seen.get(timeout=30)
    first.stop()

    assert event["resources"] == ["arn:aws:events:us-east-1:123456789012:rule/hourly"]
    assert seen.empty()
