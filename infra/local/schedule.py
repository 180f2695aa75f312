"""EventBridge's schedules: calls the handlers of `@app.schedule` when `rate(...)` or `cron(...)` says so, in UTC.

Cron has AWS's six fields with numbers, names, `*`, `?`, lists, ranges and steps; its `L`, `W` and `#` are refused.
"""

from __future__ import annotations

import logging
import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalice.app import Chalice, ScheduledEventConfig, ScheduleExpression
from chalice.local import LambdaContext

from chalicelib.errors import Misconfigured

UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
# A leap day on a given weekday comes within twenty-eight years, but no handler waits for that.
HORIZON = timedelta(days=5 * 366)
REGION = "us-east-1"
ACCOUNT = "123456789012"
LAMBDA_SECONDS = 900
STOP_SECONDS = 10

logger = logging.getLogger(__name__)

Next = Callable[[datetime], datetime]


@dataclass(frozen=True)
class Cron:
    """The minutes that a cron expression names, as one set of numbers a field."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int]

    def after(self, moment: datetime) -> datetime:
        """The first matching minute later than `moment`; Misconfigured when there is none for years."""
        found = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = moment + HORIZON
        while found < end:
            if not self._has_day(found):
                found = found.replace(hour=0, minute=0) + timedelta(days=1)
            elif found.hour not in self.hours:
                found = found.replace(minute=0) + timedelta(hours=1)
            elif found.minute not in self.minutes:
                found += timedelta(minutes=1)
            else:
                return found
        raise Misconfigured("a cron expression names no moment in the next five years")

    def _has_day(self, moment: datetime) -> bool:
        return (
            moment.year in self.years
            and moment.month in self.months
            and moment.day in self.days
            and moment.isoweekday() % 7 + 1 in self.weekdays
        )


def moments(expression: str | ScheduleExpression) -> Next:
    """Read `expression`: what answers the first moment later than a given one.

    Raises Misconfigured for anything but `rate(value unit)` and `cron(six fields)`.
    """
    text = expression if isinstance(expression, str) else expression.to_string()
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", text):
        interval = int(rate[1]) * UNITS[rate[2]]
        if interval:
            return lambda moment: moment + interval
    if cron := re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)", text):
        return _cron(list(cron.groups()), text).after
    raise Misconfigured(f"not a schedule: {text}")


def _cron(texts: list[str], expression: str) -> Cron:
    # AWS lets exactly one of the two speak; with both given they would contradict each other.
    if (texts[2] == "?") == (texts[4] == "?"):
        raise Misconfigured(f"one of day-of-month and day-of-week must be ?: {expression}")
    for place, names, first in ((3, MONTHS, 1), (4, DAYS, 1)):
        for number, name in enumerate(names, first):
            texts[place] = texts[place].upper().replace(name, str(number))
    try:
        return Cron(*(_numbers(text, *bounds) for text, bounds in zip(texts, FIELDS, strict=True)))
    except ValueError:
        raise Misconfigured(f"not a schedule: {expression}") from None


def _numbers(text: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            first, last = low, high
        else:
            begin, _, end = span.partition("-")
            first = int(begin)
            last = int(end) if end else (high if step else first)
        if not low <= first <= last <= high or step == "0":
            raise ValueError(part)
        found.update(range(first, last + 1, int(step or 1)))
    return frozenset(found)


class Scheduler:
    """One thread for one scheduled handler."""

    def __init__(self, app: Chalice, source: ScheduledEventConfig, following: Next) -> None:
        """Call the handler that `app` registered as `source` at the moments that `following` names."""
        self._following = following
        self._name = source.name
        self._handler = app.handler_map[source.name]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"schedule-{source.name}", daemon=True)

    def start(self) -> None:
        """Begin to wait for the first moment."""
        self._thread.start()

    def stop(self) -> None:
        """Wait for no more moments, and give a running handler ten seconds to end."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        due = self._following(datetime.now(UTC))
        while not self._stopping.wait(max(0.0, (due - datetime.now(UTC)).total_seconds())):
            self._invoke(due)
            due = self._following(due)
            # What was missed while a handler ran or the machine slept is not made up for.
            if due < datetime.now(UTC):
                due = self._following(datetime.now(UTC))

    def _invoke(self, due: datetime) -> None:
        try:
            self._handler(event(self._name, due), LambdaContext(self._name, 128, LAMBDA_SECONDS * 1000))
        except Exception:
            logger.exception("the schedule %s failed", self._name)


def event(name: str, due: datetime) -> dict[str, Any]:
    """What EventBridge sends to the target of the rule `name` at `due`."""
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
