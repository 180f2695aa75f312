"""The values of a report's parameters: texts of an address, or JSON, as constants for its query."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.errors import InvalidRequest
from chalicelib.statistics import unknown_names
from chalicelib.statistics.report_definitions import ZONE, ReportDefinition, ReportParameter

TEXT_LIMIT = 1_000
_DAYS_AGO = re.compile(r"-([0-9]{1,5})d", re.ASCII)
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})", re.ASCII)
_WORDS = {"today": 0, "yesterday": 1}
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_LOST_PLUS = re.compile(r"(?<=:[0-9]{2}) (?=[0-9]{2}:[0-9]{2}$)", re.ASCII)
_TIME_HINT = "a date or time such as 2026-11-30, 2026-11-30T08:30, 2026-11, today, yesterday, now or -7d"


class SiteClock(NamedTuple):
    """The present moment (aware), and the zone in which dates and times without an offset are read."""

    now: datetime
    zone: ZoneInfo


def values(definition: ReportDefinition, given: Mapping[str, object], clock: SiteClock) -> dict[str, object]:
    """Return the value of each parameter of the report. Raise InvalidRequest with the name of the wrong one."""
    parameters = definition.every_parameter()
    _check_names(parameters, given, definition.description.en)
    clock = clock._replace(zone=_zone(given[ZONE])) if given.get(ZONE) else clock
    found = {parameter.name: _value(parameter, given, clock) for parameter in parameters}
    _check_order(found)
    return found | {ZONE: clock.zone.key}


def check_defaults(definition: ReportDefinition) -> None:
    """Check that the default of each parameter is of its type. Raise InvalidRequest."""
    clock = SiteClock(datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("UTC"))
    for parameter in definition.parameters:
        _value(parameter.model_copy(update={"required": False}), {}, clock)


def _check_names(parameters: Sequence[ReportParameter], given: Mapping[str, object], remark: str) -> None:
    known = [*(parameter.name for parameter in parameters), ZONE]
    unknown = [name for name in given if name not in known]
    if unknown:
        refusal = unknown_names.unknown("parameter", unknown[0], known, "this report takes")
        # The remark says why a report has no filter that others have.
        raise InvalidRequest(f"{refusal}. {remark}" if remark else refusal)


def _check_order(found: Mapping[str, object]) -> None:
    since, until = found.get("from"), found.get("to")
    if isinstance(since, str) and isinstance(until, str) and since > until:
        raise InvalidRequest(f"from ({since}Z) is later than to ({until}Z)")


def _value(parameter: ReportParameter, given: Mapping[str, object], clock: SiteClock) -> object:
    value = given.get(parameter.name)
    if value is None or value == "":
        value = parameter.default
    if value is None:
        if parameter.required:
            raise InvalidRequest(f"parameter {parameter.name} is missing: it is {_KINDS[parameter.type].words}")
        return None
    kind = _KINDS[parameter.type]
    try:
        return kind.read(value, clock)
    except (ValueError, OverflowError):
        raise InvalidRequest(f"parameter {parameter.name} must be {kind.words}, not {_shown(value)}") from None


def _text(value: object, _clock: SiteClock) -> str:
    if not isinstance(value, str) or len(value) > TEXT_LIMIT:
        raise ValueError
    return value


def _integer(value: object, _clock: SiteClock) -> int:
    if isinstance(value, bool) or not _INTEGER.fullmatch(str(value)):
        raise ValueError
    return int(str(value))


def _number(value: object, _clock: SiteClock) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > 40:
        raise ValueError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _boolean(value: object, _clock: SiteClock) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() not in _TRUTH:
        raise ValueError
    return _TRUTH[str(value).lower()]


def _time(value: object, clock: SiteClock) -> str:
    return _utc(_span(value, clock)[0])


def _until(value: object, clock: SiteClock) -> str:
    return _utc(_span(value, clock)[1])


def _span(value: object, clock: SiteClock) -> tuple[datetime, datetime]:
    """Return the beginning and the end of a date or a month in the zone; both are equal for a time."""
    if not isinstance(value, str) or len(value) > 40:
        raise ValueError
    text = value.strip().lower()
    if text == "now":
        return clock.now, clock.now
    first = _day(text, clock)
    if first:
        return _midnight(first, clock), _midnight(first + timedelta(days=1), clock)
    month = _MONTH.fullmatch(text)
    if month:
        first = date(int(month[1]), int(month[2]), 1)
        following = (first + timedelta(days=31)).replace(day=1)
        return _midnight(first, clock), _midnight(following, clock)
    # A plus that an address did not encode is a space.
    moment = datetime.fromisoformat(_LOST_PLUS.sub("+", text.upper()))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=clock.zone)
    return moment, moment


def _day(text: str, clock: SiteClock) -> date | None:
    days_ago = _DAYS_AGO.fullmatch(text)
    ago = int(days_ago[1]) if days_ago else _WORDS.get(text)
    if ago is not None:
        return clock.now.astimezone(clock.zone).date() - timedelta(days=ago)
    return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII) else None


def _midnight(day: date, clock: SiteClock) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=clock.zone)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):
        raise InvalidRequest(f"parameter zone must be a time zone such as Europe/Moscow, not {_shown(value)}") from None


def _shown(value: object) -> str:
    return ascii(str(value)[:60])


class _Kind(NamedTuple):
    """The reader of a type, and the words for its values."""

    read: Callable[[object, SiteClock], object]
    words: str


_KINDS = {
    "time": _Kind(_time, _TIME_HINT),
    "until": _Kind(_until, _TIME_HINT),
    "text": _Kind(_text, f"a text of up to {TEXT_LIMIT} characters"),
    "integer": _Kind(_integer, "a whole number"),
    "number": _Kind(_number, "a number"),
    "boolean": _Kind(_boolean, "true or false"),
}
