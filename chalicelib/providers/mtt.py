"""MTT's «Smart» call control: notifications on the course of a redirected call, as JSON objects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.calls.events import CallKey, Event, Kind, Raw, Source, Unparsed, fingerprint
from chalicelib.calls.numbers import national
from chalicelib.calls.options import Options
from chalicelib.calls.records import Records
from chalicelib.providers.provider import Provider, Reply
from chalicelib.providers.text import clean, is_plausible, parsed, time_stamp, whole

KINDS = {
    "o": Kind.DIAL_OUT,
    "s": Kind.ANSWER,
    "h": Kind.HANGUP,
    "sp": Kind.PREMEDIA_START,
    "ep": Kind.PREMEDIA_END,
    "t": Kind.TALK,
}
# event=<type>_<number>_<Moscow time>[&cause=<number>]
_DATA = re.compile(r"event=(?P<type>\w+?)_(?P<number>[^_]*)_(?P<time>\d{4}(?:-\d{2}){5})(?:&cause=(?P<cause>\d+))?")
MOSCOW = timedelta(hours=3)
TOLERANCE = timedelta(seconds=5)
LONGEST_ID = 255
_HEXADECIMAL = re.compile(r"[0-9A-F]{32}")

#: Events that are about side B; those that are about either side.
_ABOUT_B = frozenset({"o", "s", "t"})
_OF_EITHER_SIDE = frozenset({"h", "sp", "ep"})

Fields = dict[str, Any]


def read(raw: Raw) -> Fields | Unparsed:
    """The members of a notification, trimmed, or why it is not one of MTT's."""
    fields = parsed(raw.body)
    if isinstance(fields, Unparsed):
        return fields
    if not isinstance(fields.get("event"), dict) or not clean(fields["event"].get("type")):
        return Unparsed("There is no event.type")
    conference = clean(fields.get("h323_conf_id"))
    if not conference or len(conference) > LONGEST_ID:
        return Unparsed(f"h323_conf_id must be given, with at most {LONGEST_ID} characters")
    return fields


def events(raw: Raw, source: Source, fields: Fields) -> list[Event]:
    """The one event that a notification with these members tells of."""
    kind = clean(fields["event"]["type"]).lower()
    data = _DATA.match(clean(fields.get("data")))
    at, notes = _time(fields, data, raw.accepted_at)
    if data and data["type"].lower() != kind:
        notes["type"] = f"data names the type {data['type']}"
    call = _conference(clean(fields["h323_conf_id"]))
    side = clean(fields["event"].get("side")).lower()
    redirect = _redirect_number(fields, data, kind, side)
    return [
        Event(
            raw_id=raw.id,
            provider=source.provider,
            client=source.client,
            call_id=call,
            leg_id=redirect,
            kind=KINDS.get(kind, Kind.OTHER),
            at=at,
            accepted_at=raw.accepted_at,
            identity=_identity(source, call, (kind, side, redirect), fields),
            content=fingerprint(str(sorted(fields.items(), key=str))),
            extension=source.name,
            caller=national(clean(fields.get("numberA"))),
            called=national(clean(fields.get("sip_id"))),
            remote=redirect,
            cause=_cause(fields, data) if kind == "h" else None,
            side=side if side in {"a", "b"} else "",
            notes=(*_named(fields), *sorted(notes.items())),
        )
    ]


def _redirect_number(fields: Fields, data: re.Match[str] | None, kind: str, side: str) -> str:
    """Return the number that an event is about; without redirect_number it is in `data`, except for side A's events."""
    number = clean(fields.get("redirect_number"))
    names_redirect = kind in _ABOUT_B or (side == "b" and kind in _OF_EITHER_SIDE)
    return national(number or (data["number"] if data and names_redirect else ""))


def _conference(text: str) -> str:
    """Return the call's id: four groups of eight capitals, or as it was sent, with single spaces."""
    joined = text.replace(" ", "").upper()
    if _HEXADECIMAL.fullmatch(joined):
        return " ".join(joined[start : start + 8] for start in range(0, 32, 8))
    return " ".join(text.split())


def _time(fields: Fields, data: re.Match[str] | None, accepted_at: datetime) -> tuple[datetime, dict[str, str]]:
    """Return when an event happened: the Moscow time in `data` is the only clock that runs; others are noted."""
    stamp = time_stamp(clean(fields.get("date_time")))
    stamped = _likely(stamp.at if stamp else None, accepted_at)
    at = _likely(_moscow(data["time"]) if data else None, accepted_at)
    if at is None:
        return stamped or accepted_at, {"clock": f"data has no time: {'date_time' if stamped else 'receipt'} is taken"}
    if stamped is None or abs(stamped - at) <= TOLERANCE:
        return at, {}
    if abs(stamped - at - MOSCOW) <= TOLERANCE:
        return at, {"clock": "date_time is Moscow time"}
    return at, {"clock": f"date_time is off by {int((stamped - at).total_seconds())} s"}


def _likely(at: datetime | None, accepted_at: datetime) -> datetime | None:
    return at if at and is_plausible(at, accepted_at) else None


def _moscow(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d-%H-%M-%S") - MOSCOW  # noqa: DTZ007 - Moscow has no summer time
    except (ValueError, OverflowError):
        return None


def _cause(fields: Fields, data: re.Match[str] | None) -> int | None:
    told = clean(fields["event"].get("cause")) or (data["cause"] if data else "") or ""
    number = whole(told)
    return number if number is not None and 0 < number < 128 else None


def _identity(source: Source, call: str, part: tuple[str, str, str], fields: Fields) -> str:
    when = clean(fields.get("data")) or clean(fields.get("date_time"))
    return fingerprint(source.provider, source.client, call, *part, when)


def _named(fields: Fields) -> tuple[tuple[str, str], ...]:
    """What has no column of its own: the API client's id of the call, the extension behind the called number."""
    return tuple((name, text) for name in ("client_id", "extension") if (text := clean(fields.get(name))))


def _rules(key: CallKey, events: Sequence[Event], options: Options) -> Records:
    from chalicelib.calls.mtt import rules  # noqa: PLC0415 - accepting a webhook needs no rules

    return rules.understand(key, events, options)


PROVIDER = Provider(name="mtt", read=read, events=events, rules=_rules, reply=lambda _raw, _fields: Reply())
