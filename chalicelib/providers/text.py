"""Helpers for the readers of all providers: fields of forms and JSON, storable text, numbers and times."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from urllib.parse import unquote

from chalicelib.calls.events import Raw, Unreadable
from chalicelib.texts import storable

#: In characters. PostgreSQL cannot index much longer texts, and no name in a PBX is as long.
LENGTH_LIMIT = 500
FIELDS_LIMIT = 200
LONGEST_NUMBER = 40
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - times are naive UTC throughout
MICROSECONDS = "microseconds"
# The smallest number of each unit, and the unit in microseconds: no other reading gives a time of this century.
_UNITS = ((10**14, 1, MICROSECONDS), (10**11, 1_000, "milliseconds"), (0, 1_000_000, "seconds"))
# A plus that its sender did not encode arrives as a space: in an exponent, and before the offset of a zone.
_LOST_EXPONENT_SIGN = re.compile(r"(?<=[Ee]) (?=[0-9])")
_LOST_ZONE_SIGN = re.compile(r"(?<=:[0-9]{2}|[0-9]{3}) (?=[0-9]{2}:?[0-9]{2}$)")
_LAST_SECOND = 253_402_300_799  # of the year 9999
# A clock may be wrong by hours and by its zone; one that is off by more is not used.
_FIRST = datetime(2000, 1, 1)  # noqa: DTZ001 - as above
_AHEAD = timedelta(days=1)
_CHARACTERS = {pattern % code: chr(code) for code in range(256) for pattern in ("%02x", "%02X")}

Fields = dict[str, str]


class TimeStamp(NamedTuple):
    """A time that a sender gave, and the unit of its number: in microseconds, and by name."""

    at: datetime
    unit: int
    name: str


_AS_NUMBERS = json.JSONDecoder()
_AS_WRITTEN = json.JSONDecoder(parse_int=str, parse_float=str)


def clean(value: object) -> str:
    """Return `value` as text that PostgreSQL can store and index; booleans become yes and no, None becomes empty."""
    if isinstance(value, str) and value.isascii() and "\x00" not in value:
        return value[:LENGTH_LIMIT]
    if value is None:
        return ""
    text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return storable(text[:LENGTH_LIMIT])


def form(raw: Raw) -> Fields:
    """Return query and body merged, with names in small letters; where both have a field, the body's value counts.

    The body is a form or a JSON object in UTF-8. Numbers in JSON stay as they were written. Raises Unreadable.
    """
    body = raw.body.decode("utf-8", "replace").lstrip()
    is_json = body.startswith("{")
    if raw.query.count("&") + body.count("&") >= FIELDS_LIMIT and not is_json:
        raise Unreadable(f"A form may have {FIELDS_LIMIT} fields")
    if is_json:
        values = _json_object(raw.body, _AS_WRITTEN)
        return _named([*_pairs(raw.query), *((name, clean(value)) for name, value in values.items())])
    return _named(_pairs(raw.query) + _pairs(body.rstrip("\r\n")))


def parsed(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`, with names and texts trimmed throughout. Raises Unreadable."""
    return _json_object(body, _AS_NUMBERS)


def _json_object(body: bytes, decoder: json.JSONDecoder) -> dict[str, Any]:
    try:
        content = _trimmed(decoder.decode(body.decode()))
    except json.JSONDecodeError as fault:
        raise Unreadable(f"The body is not JSON: {fault.msg} (line {fault.lineno}, column {fault.colno})") from None
    except UnicodeDecodeError as fault:
        raise Unreadable(f"The body is not JSON: byte {fault.start} is not {fault.encoding.upper()}") from None
    except RecursionError:
        raise Unreadable("The body is nested too deeply") from None
    except ValueError:
        raise Unreadable("The body has a number with too many digits") from None
    if not isinstance(content, dict):
        raise Unreadable("The body must be a JSON object")
    return content


def moment(microseconds: int) -> datetime | None:
    """Return the UTC time that many microseconds after 1970, or None when there is no such time."""
    if not 0 <= microseconds < _LAST_SECOND * 1_000_000:
        return None
    return EPOCH + timedelta(microseconds=microseconds)


def is_plausible(at: datetime, accepted_at: datetime) -> bool:
    """Return whether an event can have happened `at` that time: since 2000, and at most a day after its receipt."""
    return _FIRST <= at <= accepted_at + _AHEAD


def whole(text: str) -> int | None:
    """Return the whole number in `text`, or None."""
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.removeprefix("-").isdigit() and len(digits) < 20 else None


def decimal(text: str) -> Decimal | int | None:
    """Return the number in `text`, also with a fraction or an exponent (`1.79E+15`), or None."""
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < LONGEST_NUMBER:
        return int(text)
    written = _LOST_EXPONENT_SIGN.sub("+", text.strip()).replace(",", ".")
    try:
        number = Decimal(written) if len(written) <= LONGEST_NUMBER else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() and abs(number.adjusted()) < LONGEST_NUMBER else None


def time_stamp(text: str) -> TimeStamp | None:
    """Return the time in `text`: seconds, milli- or microseconds since 1970, or ISO 8601; None otherwise."""
    number = decimal(text)
    if number is None:
        at = iso_time(text)
        return TimeStamp(at, 1, "ISO text") if at else None
    unit, name = next((unit, name) for smallest, unit, name in _UNITS if number >= smallest or not smallest)
    at = moment(int(number * unit)) if number > 0 else None
    return TimeStamp(at, unit, name) if at else None


def iso_time(text: str) -> datetime | None:
    """Return the time in ISO 8601 `text` as naive UTC, where a time without a zone is; None if it is none."""
    try:
        at = datetime.fromisoformat(_LOST_ZONE_SIGN.sub("+", text.strip()))
        return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    except (ValueError, OverflowError):
        return None


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return the pairs of a form with clean values, as urllib.parse.parse_qsl and `clean` do in four times the time."""
    if not text:
        return []
    is_clean = text.isascii() and "\x00" not in text
    pairs = []
    for pair in text.replace("+", " ").split("&"):
        name, equals, value = pair.partition("=")
        if "%" in value:
            value = clean(_unquoted(value))
        elif not is_clean or len(value) > LENGTH_LIMIT:
            value = clean(value)
        if name or equals:
            pairs.append((_unquoted(name) if "%" in name else name, value))
    return pairs


def _unquoted(text: str) -> str:
    if not text.isascii():
        return unquote(text, errors="replace")
    begin, *parts = text.split("%")
    try:
        unquoted = begin + "".join([_CHARACTERS[part[:2]] + part[2:] for part in parts])
        return unquoted if unquoted.isascii() else unquoted.encode("latin-1").decode()
    except (KeyError, UnicodeDecodeError):
        # Broken escapes stay as they are.
        return unquote(text, errors="replace")


def _named(pairs: Iterable[tuple[str, str]]) -> Fields:
    return {name.strip().lower(): value for name, value in pairs if value and not value.isspace()}


def _trimmed(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Mapping):
        return {str(name).strip(): _trimmed(inner) for name, inner in value.items()}
    return value
