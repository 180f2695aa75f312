"""Telphin Ringme: the events of its extensions, as forms in a query or a body."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.calls.events import Event, Kind, Raw, Source, Unparsed, fingerprint
from chalicelib.calls.numbers import dialable, is_internal, without_domain
from chalicelib.providers.text import Fields, form, is_plausible, moment, whole

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
LONGEST_ID = 255
LONGEST_CALL = timedelta(days=30)
# From which number on EventTime is in which unit, of so many microseconds; the documented one needs no word.
_UNITS: tuple[tuple[int, int, str], ...] = (
    (10**14, 1, ""),
    (10**11, 1_000, "milliseconds"),
    (0, 1_000_000, "seconds"),
)
# Asking an enumeration for its member takes longer than most of what is done with it.
_DIAL_IN, _DIAL_OUT, _HANGUP = Kind.DIAL_IN, Kind.DIAL_OUT, Kind.HANGUP
_OF_NO_CALL = frozenset({Kind.OTHER, Kind.AGENT_STATE})


def read(raw: Raw) -> Fields | Unparsed:
    """The fields of a webhook by their names in small letters, or why it is not one of Telphin's."""
    fields = form(raw)
    if isinstance(fields, Unparsed):
        return fields
    for other, name in SPELLINGS.items():
        if other in fields:
            fields[name] = fields.pop(other)
    kind = _kind(fields)
    if kind is Kind.OTHER and "eventtype" not in fields:
        return Unparsed("There is no EventType")
    if kind not in _OF_NO_CALL and not fields.get("callid", "").strip():
        return Unparsed("There is no CallID")
    if len(fields.get("callid", "")) > LONGEST_ID or len(fields.get("subcallid", "")) > LONGEST_ID:
        return Unparsed(f"CallID and SubCallID may have {LONGEST_ID} characters")
    return fields


def events(raw: Raw, source: Source, fields: Fields) -> list[Event]:
    """The one event that a webhook with these fields tells of."""
    kind = _kind(fields)
    said = {name: value.strip() for name, value in fields.items()}
    return [_agent(raw, source, said) if kind is Kind.AGENT_STATE else _call(raw, source, kind, fields, said)]


def _kind(fields: Fields) -> Kind:
    word = fields.get("eventtype", "").strip().lower().replace("_", "-")
    return KINDS.get(word, Kind.AGENT_STATE if not word and "agent_status" in fields else Kind.OTHER)


def _call(raw: Raw, source: Source, kind: Kind, fields: Fields, said: Fields) -> Event:
    """`said` is trimmed; in numbers a blank at the beginning says something."""
    at, notes = _time(said, raw.accepted_at)
    flow = said.get("callflow", "").lower()
    caller, called = dialable(fields.get("calleridnum", "")), dialable(fields.get("callednumber", ""))
    caller_extension = without_domain(said.get("callerextension", ""))
    called_extension = without_domain(said.get("calledextension", ""))
    outgoing = kind is _DIAL_OUT or (kind is not _DIAL_IN and flow == "out")
    extension = _extension(source, (caller_extension, caller) if outgoing else (called_extension, called))
    leg = said.get("subcallid") or extension
    bridged = said.get("bridged", "").lower()
    return Event(
        raw_id=raw.id,
        provider=source.provider,
        client=source.client,
        call_id=said.get("callid", ""),
        leg_id=leg,
        kind=kind,
        at=at,
        accepted_at=raw.accepted_at,
        identity=_identity(said, source, leg),
        content=f"{source.id}:{raw.query}{raw.body.decode('latin-1')}",
        extension=extension,
        device=source.type,
        external_only=source.external_only,
        flow=flow,
        caller=caller,
        caller_name=said.get("calleridname", ""),
        remote=dialable(fields.get("remotenumber", "")) if kind is _DIAL_IN else "",
        called=called,
        did=dialable(fields.get("calleddid", "")),
        caller_extension=caller_extension,
        called_extension=called_extension,
        between_extensions=said.get("callerextensionid", "").isdigit() and said.get("calledextensionid", "").isdigit(),
        transferred=said.get("transfered", "").lower() == YES,
        callback=said.get("callbackid", ""),
        status=said.get("callstatus", "").upper(),
        bridged=bridged == YES if bridged in {YES, "no"} else None,
        duration=_duration(said),
        recording=said.get("recid", "") if kind is _HANGUP else "",
        notes=notes,
    )


def _agent(raw: Raw, source: Source, said: Fields) -> Event:
    word = said.get("eventtype", "").lower().replace("_", "-")
    agent = said.get("agent_id") or without_domain(said.get("extension_name", "")) or source.name
    content = fingerprint(source.provider, source.client, str(sorted(said.items())))
    return Event(
        raw_id=raw.id,
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
        extension=without_domain(said.get("extension_name", "")),
        device=source.type,
        agent=agent,
        state=said.get("agent_status", "").lower() or AGENT_STATES.get(word, ""),
        changed_by=said.get("event_source", ""),
    )


def _extension(source: Source, told: tuple[str, str]) -> str:
    """The extension whose event it is: as the event says, since one address may serve several; else as registered."""
    for number in told:
        if is_internal(number):
            return number
    name = without_domain(source.name)
    return next((number for number in (name, f"{source.client}*{name}") if is_internal(number)), name)


def _time(said: Fields, accepted_at: datetime) -> tuple[datetime, tuple[tuple[str, str], ...]]:
    """When it happened: EventTime is microseconds; smaller numbers can only be milliseconds or seconds."""
    number = whole(said.get("eventtime", ""))
    if number is None or number <= 0:
        return accepted_at, (("clock", "no EventTime: the time of receipt is taken"),)
    unit, name = next((each, word) for first, each, word in _UNITS if number >= first)
    at = moment(number * unit)
    if at is None or not is_plausible(at, accepted_at):
        return accepted_at, (("clock", f"EventTime {number} cannot be: the time of receipt is taken"),)
    return at, (("clock", f"EventTime is in {name}"),) if name else ()


def _duration(said: Fields) -> timedelta | None:
    number = whole(said.get("duration", ""))
    if number is None or not 0 <= number <= LONGEST_CALL / timedelta(microseconds=1):
        return None
    return timedelta(microseconds=number)


def _identity(said: Fields, source: Source, leg: str) -> tuple[str, ...]:
    """What two deliveries of one event have in common: its leg, its type and its time, else its status."""
    moment_of = said.get("eventtime") or said.get("callstatus", "")
    kind = said.get("eventtype", "").lower()
    return (source.provider, source.client, source.type, said.get("callid", ""), leg, kind, moment_of)
