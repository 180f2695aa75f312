"""A provider for tests, as `docs/adding-a-provider.md` describes one: a single file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.calls.events import CallKey, Event, Kind, Raw, Source, Unreadable, fingerprint
from chalicelib.calls.options import Options
from chalicelib.calls.records import CANCELLED, Records, Row, Side, call_id
from chalicelib.providers.provider import Covers, Provider, Reply
from chalicelib.providers.text import Fields, form


def _read(raw: Raw) -> Fields:
    fields = form(raw)
    if "call" not in fields:
        raise Unreadable("There is no call")
    return fields


def _events(raw: Raw, source: Source, fields: Fields) -> list[Event]:
    event = Event(
        provider=source.provider,
        client=source.client,
        call_id=fields["call"],
        leg_id="",
        kind=Kind.HANGUP,
        at=datetime.fromisoformat(fields["at"]),
        accepted_at=raw.accepted_at,
        identity=fingerprint(fields["call"], fields["at"]),
        content=fingerprint(str(sorted(fields.items()))),
        caller=fields["from"],
    )
    return [event]


def _rules(key: CallKey, events: Sequence[Event], _options: Options) -> Records:
    row: Row = {"inviteid": call_id(key), "invitedt": events[0].at, "fromnumber": events[-1].caller}
    side = Side(call_id(key), CANCELLED, "", complete=True, reasons=(f"{len(events)} events",))
    return Records(key, rows={CANCELLED: [row]}, sides=(side,))


PROVIDER = Provider(
    name="acme",
    read=_read,
    events=_events,
    rules=_rules,
    reply=lambda raw, _fields: Reply(f"<ok>{raw.id}</ok>", 201, "application/xml"),
    options=Options(event_limit=2),
    key_covers=Covers.PBX,
)
