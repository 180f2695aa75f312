"""The scheduler that plays EventBridge."""

from __future__ import annotations

import queue
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalice.app import Chalice, CloudWatchEvent, Cron, Rate, ScheduledEventConfig, ScheduleExpression

from chalicelib.errors import Misconfigured
from infra.local.schedule import Scheduler, moments

# A Wednesday.
NOW = datetime(2026, 7, 15, 10, 30, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(1 minute)", "2026-07-15 10:31:20"),
        (Rate(2, unit=Rate.HOURS), "2026-07-15 12:30:20"),
        ("rate(1 day)", "2026-07-16 10:30:20"),
        ("cron(* * * * ? *)", "2026-07-15 10:31:00"),
        ("cron(0/15 * * * ? *)", "2026-07-15 10:45:00"),
        ("cron(30 10 * * ? *)", "2026-07-16 10:30:00"),
        (Cron(0, 3, "*", "*", "?", "*"), "2026-07-16 03:00:00"),
        ("cron(0 8 1 * ? *)", "2026-08-01 08:00:00"),
        ("cron(0 8 ? * MON-FRI *)", "2026-07-16 08:00:00"),
        ("cron(0 8 ? * 1,SAT *)", "2026-07-18 08:00:00"),
        ("cron(0 0 29 FEB ? *)", "2028-02-29 00:00:00"),
        ("cron(5 4 ? jan/3 2 2027)", "2027-01-04 04:05:00"),
    ],
)
def test_next_moment(expression: str | ScheduleExpression, expected: str) -> None:
    """Rates count from now, cron names whole minutes later than now, weekdays count from Sunday as 1."""
    assert f"{moments(expression)(NOW):%Y-%m-%d %H:%M:%S}" == expected


@pytest.mark.parametrize(
    "expression",
    [
        "rate(0 minutes)",
        "rate(5 seconds)",
        "cron(* * * * * *)",
        "cron(* * ? * ? *)",
        "cron(60 * * * ? *)",
        "cron(0 0 L * ? *)",
        "cron(0 0 ? * 6#3 *)",
        "cron(0/0 * * * ? *)",
        "cron(0 0 * * ?)",
        "every day",
    ],
)
def test_expressions_refused(expression: str) -> None:
    """What is not understood exactly is refused, not guessed."""
    with pytest.raises(Misconfigured):
        moments(expression)


def test_moment_that_never_comes() -> None:
    """A date that no year has is said to be one."""
    with pytest.raises(Misconfigured, match="no moment"):
        moments("cron(0 0 30 2 ? *)")(NOW)


def test_handler_is_called_again_and_again() -> None:
    """A handler gets EventBridge's event at every moment, also after it failed."""
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
