"""Telphin Ringme: the events of its extensions, as forms in a query or a body."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from chalicelib.calls.events import CallKey, Event, Kind, Raw, Source, Unreadable, fingerprint
from chalicelib.calls.numbers import dialable, display_name, is_internal, without_domain
from chalicelib.calls.options import Options
from chalicelib.calls.records import Records
from chalicelib.providers.provider import Provider, Reply
from chalicelib.providers.text import MICROSECONDS, Fields, decimal, form, is_plausible, time_stamp

KINDS = {
    "dial-in": Kind.DIAL_IN,
    "dial-out": Kind.DIAL_OUT,
    "answer": Kind.ANSWER,
    "hangup": Kind.HANGUP,
    "agent-login": Kind.AGENT_STATE,
    "agent-logout": Kind.AGENT_STATE,
}
AGENT_STATES = {"agent-login": "available", "agent-logout": "logged_out"}

# The documents name some fields in two ways; the second spelling is read as the first.
SPELLINGS = {
    "callernum": "calleridnum",
    "callednum": "callednumber",
    "transferred": "transfered",
    "event_type": "eventtype",
}
YES = "yes"
_BRIDGED = {YES: True, "no": False}
LONGEST_ID = 255
LONGEST_CALL = timedelta(days=30)
_LONGEST_MICROSECONDS = LONGEST_CALL // timedelta(microseconds=1)
#: Fields that name a party, which may be a short number inside the PBX.
_PARTIES = ("calleridnum", "callednumber", "remotenumber")
_SHORT_NUMBER = range(2, 7)
# Looking up an enumeration's member takes longer than most of what is done with it.
_DIAL_IN, _DIAL_OUT, _HANGUP = Kind.DIAL_IN, Kind.DIAL_OUT, Kind.HANGUP
_OTHER, _AGENT_STATE = Kind.OTHER, Kind.AGENT_STATE
_WITHOUT_CALL = frozenset({Kind.OTHER, Kind.AGENT_STATE})
# The events of a call repeat its numbers. `form` has limited their length.
_dialable = lru_cache(maxsize=10_000)(dialable)


class _Clock(NamedTuple):
    """The time of an event, whether its sender gave it, in which unit (in microseconds), and notes on it."""

    at: datetime
    is_sent: bool
    unit: int = 1
    notes: tuple[tuple[str, str], ...] = ()


def read(raw: Raw) -> Fields:
    """Return the fields of a webhook by their names in small letters. Raises Unreadable."""
    fields = form(raw)
    for other in SPELLINGS.keys() & fields.keys():
        fields[SPELLINGS[other]] = fields.pop(other)
    kind = _kind(fields)
    if kind is _OTHER and "eventtype" not in fields:
        raise Unreadable("There is no EventType")
    if kind not in _WITHOUT_CALL and not fields.get("callid", "").strip():
        raise Unreadable("There is no CallID")
    if len(fields.get("callid", "")) > LONGEST_ID or len(fields.get("subcallid", "")) > LONGEST_ID:
        raise Unreadable(f"CallID and SubCallID may have {LONGEST_ID} characters")
    return fields


def events(raw: Raw, source: Source, fields: Fields) -> list[Event]:
    """Return the one event of a webhook with these fields."""
    kind = _kind(fields)
    trimmed = {name: value.strip() for name, value in fields.items()}
    if kind is _AGENT_STATE:
        return [_agent(raw, source, trimmed)]
    return [_call(raw, source, kind, fields, trimmed)]


def named_numbers(fields: Fields) -> set[str]:
    """Return the short numbers among the parties, which are internal if the client has extensions of these names."""
    numbers = {_dialable(fields.get(name, "")) for name in _PARTIES}
    return {number for number in numbers if len(number) in _SHORT_NUMBER and number.isascii() and number.isdecimal()}


def _kind(fields: Fields) -> Kind:
    word = _word(fields.get("eventtype", ""))
    return KINDS.get(word) or (_AGENT_STATE if not word and "agent_status" in fields else _OTHER)


@lru_cache(maxsize=64)
def _word(event_type: str) -> str:
    return event_type.strip().lower().replace("_", "-")


def _call(raw: Raw, source: Source, kind: Kind, fields: Fields, trimmed: Fields) -> Event:
    """Return the event of a call; numbers are read from `fields`, since a blank before them is a lost plus."""
    clock = _clock(trimmed, raw.accepted_at)
    flow = trimmed.get("callflow", "").lower()
    caller, called, remote = (_party(fields.get(name, ""), raw, source) for name in _PARTIES)
    caller_extension = without_domain(trimmed.get("callerextension", ""))
    called_extension = without_domain(trimmed.get("calledextension", ""))
    callers, calleds = (caller_extension, caller), (called_extension, called)
    extension = _extension(source, callers if _is_outgoing(kind, flow) else calleds)
    leg = trimmed.get("subcallid") or extension
    return Event(
        provider=source.provider,
        client=source.client,
        call_id=trimmed.get("callid", ""),
        leg_id=leg,
        kind=kind,
        at=clock.at,
        accepted_at=raw.accepted_at,
        identity=_identity(trimmed, source, leg, clock),
        content=f"{source.id}:{raw.query}{raw.body.decode('latin-1')}",
        extension=extension,
        device=source.type,
        owner=source.owner,
        external_only=source.external_only,
        flow=flow,
        caller=caller,
        caller_name=trimmed.get("calleridname") or display_name(fields.get("calleridnum", "")),
        remote=remote,
        called=called,
        did=_dialable(fields.get("calleddid", "")),
        caller_extension=caller_extension,
        called_extension=called_extension,
        between_extensions=_is_number(trimmed, "callerextensionid") and _is_number(trimmed, "calledextensionid"),
        transferred=trimmed.get("transfered", "").lower() == YES,
        callback=trimmed.get("callbackid", ""),
        status=trimmed.get("callstatus", "").upper(),
        bridged=_BRIDGED.get(trimmed.get("bridged", "").lower()),
        duration=_duration(trimmed, 1),
        duration_in_clock_unit=_duration(trimmed, clock.unit) if clock.unit != 1 else None,
        recording=trimmed.get("recid", "") if kind is _HANGUP else "",
        notes=clock.notes,
    )


def _party(text: str, raw: Raw, source: Source) -> str:
    """Return the number in `text`, in full if it is the short number of one of the client's extensions."""
    number = _dialable(text)
    return f"{_prefix(source)}*{number}" if raw.inner_numbers and number in raw.inner_numbers else number


def _prefix(source: Source) -> str:
    """Return what the extensions of a client have before their star: its number at the PBX."""
    name = without_domain(source.name)
    return name.partition("*")[0] if is_internal(name) else source.client


def _is_outgoing(kind: Kind, flow: str) -> bool:
    return kind is _DIAL_OUT or (kind is not _DIAL_IN and flow == "out")


def _is_number(trimmed: Fields, name: str) -> bool:
    return trimmed.get(name, "").isdigit()


def _agent(raw: Raw, source: Source, trimmed: Fields) -> Event:
    word = _word(trimmed.get("eventtype", ""))
    agent = trimmed.get("agent_id") or without_domain(trimmed.get("extension_name", "")) or source.name
    content = fingerprint(source.provider, source.client, str(sorted(trimmed.items())))
    return Event(
        provider=source.provider,
        client=source.client,
        call_id="",
        leg_id="",
        kind=Kind.AGENT_STATE,
        # These webhooks carry no time of their own.
        at=raw.accepted_at,
        accepted_at=raw.accepted_at,
        identity=fingerprint(content, raw.accepted_at.isoformat()),
        content=content,
        extension=without_domain(trimmed.get("extension_name", "")),
        device=source.type,
        agent=agent,
        state=trimmed.get("agent_status", "").lower() or AGENT_STATES.get(word, ""),
        changed_by=trimmed.get("event_source", ""),
    )


def _extension(source: Source, names: tuple[str, str]) -> str:
    """Return the extension that sent an event: one of the event's `names`, else the registered one.

    One address may serve several extensions.
    """
    for number in names:
        if is_internal(number):
            return number
    name = without_domain(source.name)
    return next((number for number in (name, f"{source.client}*{name}") if is_internal(number)), name)


def _clock(trimmed: Fields, accepted_at: datetime) -> _Clock:
    """Return when an event happened: EventTime is microseconds; other units and ISO text are read too."""
    text = trimmed.get("eventtime", "")
    stamp = time_stamp(text)
    if stamp is None or not is_plausible(stamp.at, accepted_at):
        fault = f"EventTime {text} cannot be" if text else "no EventTime"
        return _receipt(accepted_at, f"{fault}: the time of receipt is taken")
    notes = () if stamp.name == MICROSECONDS else (("clock", f"EventTime is in {stamp.name}"),)
    return _Clock(stamp.at, is_sent=True, unit=stamp.unit, notes=notes)


def _receipt(accepted_at: datetime, reason: str) -> _Clock:
    return _Clock(accepted_at, is_sent=False, notes=(("clock", reason),))


def _duration(trimmed: Fields, unit: int) -> timedelta | None:
    """Return Duration as a number of `unit` microseconds, None if it is missing or longer than any call."""
    text = trimmed.get("duration")
    number = decimal(text) if text else None
    if number is None or not 0 <= number * unit <= _LONGEST_MICROSECONDS:
        return None
    return timedelta(microseconds=int(number * unit))


def _identity(trimmed: Fields, source: Source, leg: str, clock: _Clock) -> tuple[str, ...]:
    """Return what two deliveries of one event have in common: its leg, its type and its time, else its status."""
    time_or_status = (
        clock.at.isoformat() if clock.is_sent else trimmed.get("eventtime") or trimmed.get("callstatus", "")
    )
    kind = trimmed.get("eventtype", "").lower()
    return (source.provider, source.client, source.type, trimmed.get("callid", ""), leg, kind, time_or_status)


def _rules(key: CallKey, events: Sequence[Event], options: Options) -> Records:
    from chalicelib.calls.telphin import rules  # noqa: PLC0415 - accepting a webhook needs no rules

    return rules.understand(key, events, options)


PROVIDER = Provider(
    name="telphin",
    read=read,
    events=events,
    named_numbers=named_numbers,
    rules=_rules,
    reply=lambda _raw, _fields: Reply("OK"),
    # The address that Telphin's own documents recommend.
    path="ext-event",
)
