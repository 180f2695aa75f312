"""EventBridge's schedules: calls the handlers of `@app.schedule`, in UTC.

It reads `rate(...)` and hourly `cron(...)` expressions, the two kinds that app.py uses; EventBridge reads many more.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from chalice.app import Chalice, ScheduledEventConfig, ScheduleExpression
from chalice.local import LambdaContext

from chalicelib.errors import Misconfigured
from infra.local.worker import Worker

UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
REGION = "us-east-1"
ACCOUNT = "123456789012"
LAMBDA_SECONDS = 900
#: A first run leaves the first seconds of the stack to its clients.
FIRST_RUN_SECONDS = 5

_RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)s?\)")
_HOURLY = re.compile(r"cron\(([0-5]?\d) \* \* \* \? \*\)")

logger = logging.getLogger(__name__)

Next = Callable[[datetime], datetime]


def moments(expression: str | ScheduleExpression) -> Next:
    """Return a function that gives the first moment of `expression` after a given one.

    Raises Misconfigured for anything but `rate(value unit)` and `cron(minute * * * ? *)`.
    """
    text = expression if isinstance(expression, str) else expression.to_string()
    if rate := _RATE.fullmatch(text):
        interval = int(rate[1]) * UNITS[rate[2]]
        return lambda moment: moment + interval
    if hourly := _HOURLY.fullmatch(text):
        minute = int(hourly[1])
        return lambda moment: _next_hourly(moment, minute)
    raise Misconfigured(f"the local stack runs rate(...) and cron(minute * * * ? *) only, not {text}")


def _next_hourly(moment: datetime, minute: int) -> datetime:
    due = moment.replace(minute=minute, second=0, microsecond=0)
    return due if due > moment else due + timedelta(hours=1)


class Scheduler(Worker):
    """One thread for one scheduled handler."""

    def __init__(self, app: Chalice, source: ScheduledEventConfig, following: Next) -> None:
        """Call the handler that `app` registered as `source` at each moment that `following` returns."""
        self._following = following
        self._name = source.name
        self._app = app
        super().__init__(f"schedule-{source.name}")

    def run(self) -> None:
        """Call the handler at each of its moments."""
        due = self._following(datetime.now(UTC))
        while not self.stopping.wait(max(0.0, (due - datetime.now(UTC)).total_seconds())):
            _invoke(self._app, self._name, due)
            due = self._following(due)
            # Moments that passed while a handler ran or the machine slept are skipped.
            if due < datetime.now(UTC):
                due = self._following(datetime.now(UTC))


class FirstRun(Worker):
    """One thread that calls one scheduled handler soon after the start, in addition to its schedule."""

    def __init__(self, app: Chalice, name: str, after: float = FIRST_RUN_SECONDS) -> None:
        """Call the handler of `app` with this name once, `after` so many seconds."""
        self._after = after
        self._app = app
        self._name = name
        super().__init__(f"first-run-{name}")

    def run(self) -> None:
        """Call the handler after a few seconds."""
        if not self.stopping.wait(self._after):
            _invoke(self._app, self._name, datetime.now(UTC))


def _invoke(app: Chalice, name: str, due: datetime) -> None:
    try:
        app.handler_map[name](event(name, due), LambdaContext(name, 128, LAMBDA_SECONDS * 1000))
    except Exception:
        logger.exception("the schedule %s failed", name)


def event(name: str, due: datetime) -> dict[str, Any]:
    """Return the event that EventBridge sends for the rule `name` at `due`."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"],
        "detail": {},
    }
