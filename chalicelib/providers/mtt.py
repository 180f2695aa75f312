"""MTT's «Smart» call control: notifications on the course of a redirected call, as JSON objects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from chalicelib.calls.events import CallKey, Event, Kind, Raw, Source, Unreadable, fingerprint
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

# Numbers and booleans are read as text too, whatever MTT sends.
Text = Annotated[str, BeforeValidator(clean)]


class NotificationEvent(BaseModel):
    """The member `event` of a notification: a type such as `o` or `h`, the side, and the cause of a hangup."""

    type: Annotated[Text, Field(min_length=1)]
    side: Text = ""
    cause: Text = ""


class Notification(BaseModel):
    """A notification of MTT; members that it does not name are kept in the raw event alone."""

    event: NotificationEvent
    h323_conf_id: Annotated[Text, Field(min_length=1, max_length=LONGEST_ID)]
    data: Text = ""
    date_time: Text = ""
    caller: Annotated[Text, Field(alias="numberA")] = ""
    sip_id: Text = ""
    redirect_number: Text = ""
    client_id: Text = ""
    extension: Text = ""


def read(raw: Raw) -> Notification:
    """Return a notification with trimmed names and values. Raises Unreadable."""
    try:
        return Notification.model_validate(parsed(raw.body))
    except ValidationError as error:
        member = error.errors(include_url=False, include_input=False)[0]["loc"][0]
        if member == "event":
            raise Unreadable("There is no event.type") from None
        raise Unreadable(f"h323_conf_id must be given, with at most {LONGEST_ID} characters") from None


def events(raw: Raw, source: Source, notification: Notification) -> list[Event]:
    """Return the one event that a notification reports."""
    kind = notification.event.type.lower()
    data = _DATA.match(notification.data)
    at, notes = _time(notification, data, raw.accepted_at)
    if data and data["type"].lower() != kind:
        notes["type"] = f"data names the type {data['type']}"
    call = _conference(notification.h323_conf_id)
    side = notification.event.side.lower()
    redirect = _redirect_number(notification, data, kind, side)
    return [
        Event(
            provider=source.provider,
            client=source.client,
            call_id=call,
            leg_id=redirect,
            kind=KINDS.get(kind, Kind.OTHER),
            at=at,
            accepted_at=raw.accepted_at,
            identity=_identity(source, call, (kind, side, redirect), notification),
            content=fingerprint(notification.model_dump_json()),
            extension=source.name,
            caller=national(notification.caller),
            called=national(notification.sip_id),
            remote=redirect,
            cause=_cause(notification, data) if kind == "h" else None,
            side=side if side in {"a", "b"} else "",
            notes=(*_named(notification), *sorted(notes.items())),
        )
    ]


def _redirect_number(notification: Notification, data: re.Match[str] | None, kind: str, side: str) -> str:
    """Return the number that an event is about; without redirect_number it is in `data`, except for side A's events."""
    names_redirect = kind in _ABOUT_B or (side == "b" and kind in _OF_EITHER_SIDE)
    return national(notification.redirect_number or (data["number"] if data and names_redirect else ""))


def _conference(text: str) -> str:
    """Return the call's id: four groups of eight capitals, or as it was sent, with single spaces."""
    joined = text.replace(" ", "").upper()
    if _HEXADECIMAL.fullmatch(joined):
        return " ".join(joined[start : start + 8] for start in range(0, 32, 8))
    return " ".join(text.split())


def _time(
    notification: Notification, data: re.Match[str] | None, accepted_at: datetime
) -> tuple[datetime, dict[str, str]]:
    """Return when an event happened: the Moscow time in `data` is the only clock that runs; others are noted."""
    stamp = time_stamp(notification.date_time)
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


def _cause(notification: Notification, data: re.Match[str] | None) -> int | None:
    number = whole(notification.event.cause or (data["cause"] if data else "") or "")
    return number if number is not None and 0 < number < 128 else None


def _identity(source: Source, call: str, part: tuple[str, str, str], notification: Notification) -> str:
    return fingerprint(source.provider, source.client, call, *part, notification.data or notification.date_time)


def _named(notification: Notification) -> tuple[tuple[str, str], ...]:
    """Return the members without a column: the API client's id of the call, the extension behind the called number."""
    members = (("client_id", notification.client_id), ("extension", notification.extension))
    return tuple((name, text) for name, text in members if text)


def _rules(key: CallKey, events: Sequence[Event], options: Options) -> Records:
    from chalicelib.calls.mtt import rules  # noqa: PLC0415 - accepting a webhook needs no rules

    return rules.understand(key, events, options)


PROVIDER = Provider(name="mtt", read=read, events=events, rules=_rules, reply=lambda _raw, _fields: Reply())
