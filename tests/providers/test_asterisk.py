"""Reading Asterisk's channel events: as tables have them, and as the manager interface sends them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from chalicelib import providers
from chalicelib.calls import presence
from chalicelib.calls.asterisk.channel_events import ChannelEvent
from chalicelib.calls.events import Event, Kind, Raw, Source, Unreadable

AT = datetime(2026, 11, 21, 10, 0, 0, 123000)  # noqa: DTZ001 - naive UTC
SOURCE = Source(7, "asterisk", "acme", "pbx")
TABLE = {
    "eventtype": "CHAN_START",
    "eventtime": "2026-11-21 10:00:00.123000",
    "cid_name": "Anna",
    "cid_num": "107",
    "exten": "103",
    "context": "internal",
    "channame": "PJSIP/107-0000002a",
    "uniqueid": "1795255200.1",
    "linkedid": "1795255200.1",
    "extra": "",
}
MANAGER = {
    "EventName": "CHAN_START",
    "EventTime": "1795255200.123",
    "CallerIDname": "Anna",
    "CallerIDnum": "107",
    "Exten": "103",
    "Context": "internal",
    "Channel": "PJSIP/107-0000002a",
    "UniqueID": "1795255200.1",
    "LinkedID": "1795255200.1",
    "Extra": None,
}


def read(*records: Any) -> list[Event]:
    """Return the events of a webhook with these records."""
    content = json.dumps({"events": records}).encode()
    raw = Raw("00000000-0000-4000-8000-000000000001", AT, "asterisk", body=content)
    return providers.events(providers.read(raw), raw, SOURCE)


def detail(event: Event) -> ChannelEvent:
    """Return the record behind an event."""
    assert isinstance(event.details, ChannelEvent)
    return event.details


def test_both_spellings_are_one_event() -> None:
    """A record of a table and its twin of the manager interface are equal, so that neither counts twice."""
    (table,), (manager,) = read(TABLE), read(MANAGER)

    assert table == manager
    assert (table.at, table.call_id, table.kind) == (AT, "pbx 1795255200.1", Kind.DIAL_OUT)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T10:00:00.123Z",
        "2026-11-21T13:00:00.123+03:00",
        "2026-11-21 10:00:00.123",
        "1795255200.123000",
    ],
)
def test_times(text: str) -> None:
    """A time has a zone, or is UTC, or counts seconds since 1970."""
    assert read(TABLE | {"eventtime": text})[0].at == AT


@pytest.mark.parametrize("linkedid", ["", None])
def test_a_record_without_linkedid(linkedid: str | None) -> None:
    """Its channel is a call of its own."""
    assert read(TABLE | {"linkedid": linkedid})[0].call_id == "pbx 1795255200.1"


def test_numbered_types() -> None:
    """A table can have numbers as types; a user-defined record has the name that the dialplan gave it."""
    answer, defined = read(TABLE | {"eventtype": 4}, TABLE | {"eventtype": 9, "userdeftype": "hold"})

    assert (detail(answer).kind, detail(defined).kind) == ("ANSWER", "HOLD")


@pytest.mark.parametrize("extra", ['{"bridge_id": "b1", "n": 5}', {"bridge_id": "b1", "n": 5}])
def test_extra_is_text_or_an_object(extra: object) -> None:
    """The members of `extra` are read as text, from JSON text too."""
    assert detail(read(TABLE | {"extra": extra})[0]).extra == {"bridge_id": "b1", "n": "5"}


def test_extra_that_is_no_json_is_kept() -> None:
    """Dialplans write what they like."""
    assert detail(read(TABLE | {"extra": "NUM: 1006"})[0]).text == "NUM: 1006"


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], "at least one"),
        ([1], "one CEL record each"),
        ([TABLE, {"eventtype": "ANSWER"}], r"events\[1\] has no valid eventtime"),
        ([TABLE | {"uniqueid": ""}], r"events\[0\] has no valid uniqueid"),
        ([TABLE | {"linkedid": "x" * 151}], r"events\[0\] has no valid linkedid"),
        ([TABLE | {"eventtime": "yesterday"}], ": 'yesterday' is not a time such as 2026-11-21T10:00:00.123Z"),
    ],
)
def test_wrong_records_are_refused(records: list[object], words: str) -> None:
    """The reason names the record and the field."""
    with pytest.raises(Unreadable, match=words):
        read(*records)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"events": {}}', b'{"events": null}', b"not json"])
def test_other_bodies_are_refused(body: bytes) -> None:
    """A body without a list of events is no webhook of Asterisk."""
    with pytest.raises(Unreadable):
        providers.read(Raw("1", AT, "asterisk", body=body))


def test_a_webhook_with_several_calls_is_divided() -> None:
    """Each call gets its own records as they were posted, under an id of its own that repeats."""
    records = [TABLE, TABLE | {"linkedid": "2.2", "uniqueid": "2.2", "private": 1}]
    raw = Raw("00000000-0000-4000-8000-000000000001", AT, "asterisk", body=json.dumps({"events": records}).encode())

    parts = providers.divided(providers.read(raw), raw)

    assert [json.loads(part.body) for part, _ in parts] == [{"events": [record]} for record in records]
    assert len({part.id for part, _ in parts}) == 2
    assert parts == providers.divided(providers.read(raw), raw)


def test_states_of_extensions() -> None:
    """An endpoint with a short number is an extension; Local channels and trunks are none."""
    called = TABLE | {"exten": "s", "channame": "PJSIP/103-00000001"}
    others = [TABLE | {"channame": name} for name in ("Local/103@x-00000001;1", "PJSIP/operator-00000001")]

    changes = presence.changes(read(TABLE, called, *others, called | {"eventtype": "ANSWER"}))

    assert [(row["login"], row["state"]) for row in changes[presence.EXTENSIONS]] == [
        ("107", "busy"),
        ("103", "early"),
        ("103", "busy"),
    ]


def test_states_of_queue_members() -> None:
    """Applications that change a queue's members are states of agents."""
    fields = {"eventtype": "APP_START", "appname": "PauseQueueMember", "appdata": "sales,PJSIP/107"}

    (row,) = presence.changes(read(TABLE | fields))[presence.AGENTS]

    assert (row["user_id"], row["state"]) == ("107", "paused")


def test_a_transfer_names_the_channels_of_both_calls() -> None:
    """An attended transfer's record connects two LINKEDIDs by itself."""
    (event,) = read(TABLE | {"eventtype": "ATTENDEDTRANSFER", "extra": {"channel2_uniqueid": "5.5"}})

    assert event.parts == ("pbx 1795255200.1", "pbx 5.5")
