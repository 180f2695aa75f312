"""Asterisk's Channel Event Logging: records of what channels did, several in one webhook, as a PBX's agent posts them.

The names of fields are those of Asterisk's CEL tables, or those of the CEL event of its manager interface.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import NAMESPACE_OID, uuid5

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from chalicelib.calls.asterisk.channel_events import (
    ANSWER,
    APP_START,
    ATTENDED_TRANSFER,
    CHAN_START,
    HANGUP,
    LINKEDID_END,
    ChannelEvent,
    endpoint_of,
    is_local,
    is_short,
)
from chalicelib.calls.asterisk.identities import call_name
from chalicelib.calls.events import PHONE, CallKey, Event, Kind, Raw, Source, Unreadable, fingerprint
from chalicelib.calls.options import Options
from chalicelib.calls.records import Records
from chalicelib.providers.provider import Covers, Provider, Reply
from chalicelib.providers.text import clean, parsed

EVENT_LIMIT = 5_000
LONGEST_ID = 150
LONGEST_TEXT = 4_096
#: The names in the CEL event of the manager interface, in small letters, and those of the tables.
_SPELLINGS = {
    "eventname": "eventtype",
    "calleridnum": "cid_num",
    "calleridname": "cid_name",
    "calleridani": "cid_ani",
    "calleridrdnis": "cid_rdnis",
    "calleriddnid": "cid_dnid",
    "channel": "channame",
    "application": "appname",
    "applicationdata": "appdata",
}
#: The numbers of the types, which a table with a whole number in `eventtype` has.
_TYPES = dict(
    enumerate(
        (
            *("CHAN_START", "CHAN_END", "HANGUP", "ANSWER", "APP_START", "APP_END", "PARK_START", "PARK_END"),
            *("USER_DEFINED", "BRIDGE_ENTER", "BRIDGE_EXIT", "BLINDTRANSFER", "ATTENDEDTRANSFER", "PICKUP"),
            *("FORWARD", "LINKEDID_END", "LOCAL_OPTIMIZE", "LOCAL_OPTIMIZE_BEGIN", "STREAM_BEGIN", "STREAM_END"),
        ),
        start=1,
    )
)
_USER_DEFINED = "USER_DEFINED"
_KINDS = {ANSWER: Kind.ANSWER, HANGUP: Kind.HANGUP}
_EPOCH = re.compile(r"[0-9]{9,11}(?:\.[0-9]{1,9})?")
#: Members of `extra` that name channels of the call by their UNIQUEIDs.
_OTHER_CHANNELS = ("channel2_uniqueid", "transferee_channel_uniqueid", "transfer_target_channel_uniqueid")
_UNREACHABLE = "20"
_AGENT_APPS = {
    "addqueuemember": "available",
    "removequeuemember": "logged_out",
    "pausequeuemember": "paused",
    "unpausequeuemember": "available",
    "agentlogin": "available",
}
_WITH_QUEUE = frozenset({"addqueuemember", "removequeuemember", "pausequeuemember", "unpausequeuemember"})


def _moment(value: object) -> datetime:
    """Return a time as naive UTC: ISO 8601, where UTC is meant without a zone, or seconds since 1970."""
    text = clean(value)
    try:
        if _EPOCH.fullmatch(text):
            return datetime(1970, 1, 1) + timedelta(seconds=float(text))  # noqa: DTZ001 - naive UTC throughout
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:40]!r} is not a time such as 2026-11-21T10:00:00.123Z") from None


Text = Annotated[str, BeforeValidator(clean)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Identity = Annotated[Text, Field(min_length=1, max_length=LONGEST_ID)]


class CelFields(BaseModel):
    """One record; fields that it does not name are kept in the raw event alone."""

    model_config = ConfigDict(extra="ignore")

    eventtype: Annotated[Text, Field(min_length=1, max_length=80)]
    eventtime: Moment
    uniqueid: Identity
    linkedid: Identity
    channame: Text = ""
    exten: Text = ""
    context: Text = ""
    cid_num: Text = ""
    cid_name: Text = ""
    cid_dnid: Text = ""
    appname: Text = ""
    appdata: Text = ""
    peer: Text = ""
    userdeftype: Text = ""
    extra: Any = None

    @model_validator(mode="before")
    @classmethod
    def spelt(cls, fields: object) -> object:
        """Read the manager interface's names as those of the tables. Without a LINKEDID a channel is its own call."""
        if not isinstance(fields, Mapping):
            return fields
        lower = {str(name).lower(): value for name, value in fields.items()}
        named = {_SPELLINGS.get(name, name): value for name, value in lower.items()}
        return named | {"linkedid": named.get("linkedid") or named.get("uniqueid")}


class CelRecords(BaseModel):
    """The body of a webhook."""

    events: Annotated[list[CelFields], Field(min_length=1)]


class Posted(BaseModel):
    """The records of one call in a webhook, as they were posted and as they are read."""

    call: str
    posted: list[Any]
    fields: list[CelFields]


def read(raw: Raw) -> list[Posted]:
    """Return the records of each call. Raises Unreadable, which names the wrong record."""
    body = parsed(raw.body)
    try:
        records = CelRecords.model_validate(body).events
    except ValidationError as error:
        raise Unreadable(_fault(error)) from None
    calls: dict[str, Posted] = {}
    for posted, fields in zip(body["events"], records, strict=True):
        call = calls.setdefault(fields.linkedid, Posted(call=fields.linkedid, posted=[], fields=[]))
        call.posted.append(posted)
        call.fields.append(fields)
    return list(calls.values())


def divide(raw: Raw, calls: list[Posted]) -> list[tuple[Raw, list[Posted]]]:
    """Return one webhook for each call, so that the records of a call are stored together."""
    if len(calls) == 1:
        return [(raw, calls)]
    return [(_own(raw, call), [call]) for call in calls]


def events(raw: Raw, source: Source, calls: list[Posted]) -> list[Event]:
    """Return an event for each record."""
    return [_event(raw, source, fields) for call in calls for fields in call.fields]


def _own(raw: Raw, call: Posted) -> Raw:
    body = json.dumps({"events": call.posted}, ensure_ascii=False, separators=(",", ":")).encode()
    return replace(raw, id=str(uuid5(NAMESPACE_OID, f"{raw.id} {call.call}")), body=body)


def _fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = first["loc"]
    if len(place) < 3:
        return 'The body is {"events": [...]} with one CEL record each, at least one'
    return f"events[{place[1]}] has no valid {place[2]}: {first['msg'].removeprefix('Value error, ')}"


def _event(raw: Raw, source: Source, fields: CelFields) -> Event:
    record = _record(source, fields)
    kind = _kind(record)
    agent = _agent(record)
    content = fingerprint(*map(str, record[:-2]), *sum(sorted(record.extra.items()), ()))
    return Event(
        provider=source.provider,
        client=source.client,
        call_id=call_name(source.name, record.linkedid),
        leg_id=record.uniqueid,
        kind=Kind.AGENT_STATE if agent else kind,
        at=record.at,
        accepted_at=raw.accepted_at,
        identity=content,
        content=content,
        extension=_extension(record),
        device=PHONE if _extension(record) else "",
        external_only=source.external_only,
        flow="in" if kind is Kind.DIAL_IN else "",
        status="CHANUNAVAIL" if record.extra.get("hangupcause") == _UNREACHABLE else "",
        agent=agent,
        state=_AGENT_APPS.get(record.app.lower(), "") if agent else "",
        details=record,
        parts=_parts(source, record),
    )


def _record(source: Source, fields: CelFields) -> ChannelEvent:
    kind = _TYPES.get(int(fields.eventtype), fields.eventtype) if fields.eventtype.isdecimal() else fields.eventtype
    if kind == _USER_DEFINED and fields.userdeftype:
        kind = fields.userdeftype
    endpoint = endpoint_of(fields.channame)
    return ChannelEvent(
        kind=kind.upper(),
        at=fields.eventtime,
        channel=fields.channame[:LONGEST_TEXT],
        uniqueid=fields.uniqueid,
        linkedid=fields.linkedid,
        exten=fields.exten,
        context=fields.context,
        number=fields.cid_num,
        name=fields.cid_name,
        dnid=fields.cid_dnid,
        app=fields.appname,
        app_data=fields.appdata[:LONGEST_TEXT],
        peer=fields.peer[:LONGEST_TEXT],
        extra=_extra(fields.extra),
        is_trunk=endpoint in source.trunks.split() if source.trunks else None,
    )


def _extra(value: object) -> dict[str, str]:
    """Return the members of `extra`, which is JSON text in the tables; other text is what the dialplan wrote."""
    if isinstance(value, str):
        try:
            value = json.loads(value) if value else {}
        except ValueError:
            return {"extra": clean(value)}
    return {str(name): clean(member) for name, member in value.items()} if isinstance(value, Mapping) else {}


def _extension(record: ChannelEvent) -> str:
    """Return the extension whose state a record proves alone: the endpoint where that is a short number."""
    if record.is_trunk or is_local(record.channel) or record.kind not in (*_KINDS, CHAN_START):
        return ""
    endpoint = endpoint_of(record.channel)
    return endpoint if is_short(endpoint) else ""


def _kind(record: ChannelEvent) -> Kind:
    if record.kind != CHAN_START:
        return _KINDS.get(record.kind, Kind.OTHER)
    # A channel that the PBX creates to call a phone begins without a dialled number.
    return Kind.DIAL_IN if record.exten in ("", "s") else Kind.DIAL_OUT


def _agent(record: ChannelEvent) -> str:
    """Return the agent whose state an application changes: the member of a queue, else the phone that runs it."""
    app = record.app.lower()
    if record.kind != APP_START or app not in _AGENT_APPS:
        return ""
    arguments = record.app_data.split(",")
    member = arguments[1] if app in _WITH_QUEUE and len(arguments) > 1 else arguments[0] if app == "agentlogin" else ""
    return (member.partition("/")[2] or member or endpoint_of(record.channel)).partition("@")[0]


def _parts(source: Source, record: ChannelEvent) -> tuple[str, ...]:
    """Return the channels that a record names. A Local channel goes where the channel goes that it connects."""
    if is_local(record.channel) or record.kind == LINKEDID_END:
        return ()
    channels = [record.uniqueid]
    if record.kind == ATTENDED_TRANSFER:
        channels += [record.extra[name] for name in _OTHER_CHANNELS if record.extra.get(name)]
    return tuple(call_name(source.name, channel) for channel in channels)


def _rules(key: CallKey, events: Sequence[Event], options: Options) -> Records:
    from chalicelib.calls.asterisk import rules  # noqa: PLC0415 - accepting a webhook needs no rules

    return rules.understand(key, events, options)


PROVIDER = Provider(
    name="asterisk",
    read=read,
    divide=divide,
    events=events,
    rules=_rules,
    reply=lambda _raw, _calls: Reply(),
    options=Options(event_limit=EVENT_LIMIT),
    key_covers=Covers.PBX,
    joins_calls=True,
    uploads_recordings=True,
)
