"""Telphin's webhooks in every known form."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from chalicelib import providers
from chalicelib.calls.events import Event, Kind, Raw, Source, Unreadable
from chalicelib.calls.records import CANCELLED, FORKS, SUCCESS
from chalicelib.providers import correlate

ACCEPTED = datetime(2026, 11, 21, 10)  # noqa: DTZ001 - times are naive UTC throughout
PHONE = Source(4, "telphin", "13596", "13596*106")
IVR = Source(5, "telphin", "13596", "13596*099", "ivr")
IDS = (
    "CallID=62FE8C5A0B1D4E8FA3C2D1E0F9A8B7C6&SubCallID=1138241-62fe8c5a&CallAPIID=87623746-8f7c&CallFlow=IN"
    "&CallerIDNum=%2B79214567892&CallerIDName=Ivan&CalledNumber=13596*106&CalledDID=79300369446"
    "&CalledExtension=13596*106%40sipproxy.telphin.ru&CalledExtensionID=1138241"
)
DIAL_IN = f"EventType=dial-in&CallStatus=CALLING&{IDS}&EventTime=1766736711480097"
ANSWER = f"EventType=answer&CallStatus=ANSWER&{IDS}&EventTime=1766736723480097"
HANGUP = f"EventType=hangup&CallStatus=ANSWER&{IDS}&EventTime=1766736731010096&Duration=7529999&RecID=1138241-ab"


def raw(body: str = "", query: str = "", content_type: str = "application/x-www-form-urlencoded") -> Raw:
    """Return a webhook with this body and query."""
    return Raw("1", ACCEPTED, "telphin", "POST", query, content_type, body.encode())


def read(body: str = "", query: str = "", source: Source = PHONE) -> Event:
    """Return the event that a webhook reports."""
    events = providers.parse(raw(body, query), source)
    assert isinstance(events, list), events
    return events[0]


def test_a_documented_sequence_is_one_answered_call() -> None:
    """The documented bodies of dial-in, answer and hangup are one call with its fork."""
    records = correlate([read(body) for body in (DIAL_IN, ANSWER, HANGUP)])

    assert set(records.rows) == {SUCCESS, FORKS}
    (row,) = records.rows[SUCCESS]
    assert row | {"inviteid": "", "invitedt": ""} == {
        "inviteid": "",
        "invitedt": "",
        "acallid": "62FE8C5A0B1D4E8FA3C2D1E0F9A8B7C6",
        "bcallid": "1138241-62fe8c5a",
        "anumber": "+79214567892",
        "adisplayname": "Ivan",
        "acallednum": "79300369446",
        "aouter": True,
        "aprovidercode": "telphin",
        "bnumber": "13596*106",
        "busername": "13596*106",
        "bouter": False,
        "dial_dt": datetime.fromisoformat("2025-12-26T08:11:51.480097"),
        "start_dt": datetime.fromisoformat("2025-12-26T08:12:03.480097"),
        "stop_dt": datetime.fromisoformat("2025-12-26T08:12:11.010096"),
        "dial_duration": 12,
        "duration": 7,
        "stopreason": "ANSWER",
        "isrec": True,
        "esgdlg": "62FE8C5A0B1D4E8FA3C2D1E0F9A8B7C6",
        "isreplacing": False,
    }
    assert records.sides[0].recording == "1138241-ab"


def test_a_documented_hangup_of_an_ivr_is_one_missed_call() -> None:
    """Bridged=no alone proves a missed call, which began Duration before its hangup."""
    body = HANGUP.replace("CallStatus=ANSWER", "CallStatus=NOANSWER") + "&Bridged=no"
    records = correlate([read(body, source=IVR)])

    (row,) = records.rows[CANCELLED]
    assert row["fromnumber"] == "+79214567892"
    assert row["callednum"] == "79300369446"
    assert row["invitedt"] == datetime.fromisoformat("2025-12-26T08:12:03.480097")


def test_a_webhook_may_come_in_the_query() -> None:
    """A GET subscription sends the same event in the query."""
    assert read(query=DIAL_IN) == read(DIAL_IN)


def test_query_and_body_are_merged_and_the_body_wins() -> None:
    """The body's value of a field is used when the query has it too."""
    event = read("CallStatus=ANSWER&EventType=answer", DIAL_IN)

    assert (event.kind, event.status, event.called) == (Kind.ANSWER, "ANSWER", "13596*106")


def test_names_are_read_in_any_case() -> None:
    """EVENTTYPE, eventType and EventType are one field."""
    shouted = "&".join(f"{name.upper()}={value}" for name, value in (pair.split("=") for pair in DIAL_IN.split("&")))
    assert read(shouted).call_id == read(DIAL_IN).call_id


def test_a_json_object_is_read() -> None:
    """A sender may post JSON instead of a form."""
    assert read('{"EventType": "hangup", "CallID": "1", "Bridged": false}', source=IVR).bridged is False


@pytest.mark.parametrize("number", ["%2B79214567892", "+79214567892", " 79214567892", "%2079214567892"])
def test_a_plus_that_became_a_space_is_restored(number: str) -> None:
    """Some senders do not encode the plus, which a form reads as a space."""
    assert read(DIAL_IN.replace("%2B79214567892", number)).caller == "+79214567892"


@pytest.mark.parametrize("name", ["CallerNum", "CallerIDNum"])
def test_both_documented_names_of_the_caller_are_read(name: str) -> None:
    """CallerNum, the name in the filter, is CallerIDNum."""
    assert read(DIAL_IN.replace("CallerIDNum", name)).caller == "+79214567892"


def test_transfered_is_read_with_one_r_and_with_two() -> None:
    """Telphin sends the misspelt name; the correct one is read too."""
    assert read(DIAL_IN + "&Transfered=yes").transferred
    assert read(DIAL_IN + "&Transferred=YES").transferred
    assert not read(DIAL_IN + "&Transfered=no").transferred


def test_an_extension_loses_its_domain() -> None:
    """Registered names have the PBX's domain, numbers do not."""
    event = read(DIAL_IN)
    assert (event.extension, event.called_extension) == ("13596*106", "13596*106")


@pytest.mark.parametrize("name", ["13596*106", "106", "Reception", "13596*106@sipproxy.telphin.ru"])
def test_an_extension_may_be_registered_under_several_names(name: str) -> None:
    """The registry may have the full number, the short one, or another name."""
    assert read(DIAL_IN, source=Source(4, "telphin", "13596", name)).extension == "13596*106"


def test_one_address_may_serve_several_extensions() -> None:
    """The event names its extension: the called number of an incoming leg, the caller's of an outgoing one."""
    incoming = read(DIAL_IN.replace("13596*106", "13596*107"))
    outgoing = read(
        "EventType=dial-out&CallID=1&CallerIDNum=%2B74950000000&CallerExtension=13596*108@sip&CalledNumber=1"
    )

    assert (incoming.extension, outgoing.extension) == ("13596*107", "13596*108")


@pytest.mark.parametrize("word", ["in", "IN", "In"])
def test_the_flow_is_read_in_any_case(word: str) -> None:
    """The documents write IN, and systems send in."""
    assert read(DIAL_IN.replace("CallFlow=IN", f"CallFlow={word}")).flow == "in"


@pytest.mark.parametrize("duration", ["", "-1", "long", "9" * 18])
def test_an_invalid_duration_is_left_out(duration: str) -> None:
    """A negative, malformed or impossibly long duration is ignored."""
    assert read(HANGUP.replace("7529999", duration)).duration is None


def test_a_duration_is_microseconds() -> None:
    """7529999 is about seven and a half seconds."""
    assert read(HANGUP).duration == timedelta(seconds=7, microseconds=529_999)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("EventType=agent-login&agent_id=77&agent_status=available&event_source=api", ("77", "available", "api")),
        ("EventType=agent-logout&agent_id=77&agent_status=logged_out", ("77", "logged_out", "")),
        ("agent_id=77&agent_status=Available&agent_type=local", ("77", "available", "")),
        ("EventType=agent-logout&extension_name=000*094@ringme.ru", ("000*094", "logged_out", "")),
    ],
)
def test_agents_have_states_and_no_clock(query: str, expected: tuple[str, str, str]) -> None:
    """Agent events name agent and state, and have the time of their receipt."""
    event = read(query=query, source=Source(6, "telphin", "13596", "13596*300", "queue"))

    assert (event.agent, event.state, event.changed_by) == expected
    assert (event.kind, event.at, event.call_id) == (Kind.AGENT_STATE, ACCEPTED, "")


@pytest.mark.parametrize("word", ["message-in", "voicemail", "call-status-change", "что-то"])
def test_an_unknown_type_is_kept(word: str) -> None:
    """Unknown types are accepted, with or without a call, and change nothing."""
    event = read(f"EventType={word}&EventTime=1766736711480097")

    assert event.kind is Kind.OTHER
    assert correlate([event]).rows == {}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "CallID=1",
        "EventType=hangup",
        "EventType=dial-in&CallID=",
        "EventType=hangup&CallID=%20",
        "{",
        f"EventType=hangup&CallID={'9' * 256}",
    ],
)
def test_incomplete_events_are_refused_with_a_reason(body: str) -> None:
    """An event needs a type, and most types need a call."""
    with pytest.raises(Unreadable):
        providers.parse(raw(body), PHONE)
    with pytest.raises(Unreadable):
        providers.read(raw(body))


def test_unstorable_text_is_corrected() -> None:
    """NUL, broken UTF-8 and very long texts do not make an event fail."""
    event = read(f"{DIAL_IN.replace('Ivan', 'I%00v%FFan')}&CallBackID={'x' * 9_000}")

    assert event.caller_name == "Ivяan"
    assert len(event.callback) == 500


def test_a_repeated_delivery_is_one_event() -> None:
    """Repeated deliveries have the same leg, type and time, and are one event."""
    first, again = read(HANGUP), read(f"{HANGUP}&Attempt=2")

    assert first.identity == again.identity
    assert correlate([first, again]) == correlate([again, first])
