"""Correlation besides rows: ids, reasons, bounds, and events that belong to no call."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from chalicelib import providers
from chalicelib.calls import presence
from chalicelib.calls.causes import by_cause, by_status
from chalicelib.calls.events import CLOSE, CallKey, Event, Kind, Raw, Source, closing, deduplicated, fingerprint
from chalicelib.calls.numbers import dialable, display_name, is_internal, national, without_domain
from chalicelib.calls.options import Options
from chalicelib.calls.records import CANCELLED, FORKS, SUCCESS, call_id, leg_id
from chalicelib.providers import correlate
from tests.scenarios.timeline import CALL, Scenario

ANSWERED = ["00:00 106 dial-in from=+79214567892", "00:10 106 answer", "00:40 106 hangup record=rec-1"]
MISSED = ["00:00 106 dial-in from=+79214567892", "00:30 106 hangup NOANSWER"]


def events(*lines: str) -> list[Event]:
    """Return the events of a timeline."""
    return Scenario("", "telphin", list(lines)).events


def test_ids_are_those_of_provider_client_and_leg() -> None:
    """A leg always has the same id, and another one in another call or at another client."""
    (row,) = correlate(events(*ANSWERED)).rows[SUCCESS]
    elsewhere = [event._replace(client="20000") for event in events(*ANSWERED)]
    (other,) = correlate(elsewhere).rows[SUCCESS]

    assert row["inviteid"] == leg_id(CallKey("telphin", "13596", CALL), "106")
    assert UUID(str(row["inviteid"])).version == 5
    assert row["inviteid"] != other["inviteid"]
    assert leg_id(CallKey("telphin", "13596", "another"), "106") != row["inviteid"]


def test_a_missed_call_that_is_answered_later_names_its_successor() -> None:
    """The id of the missed call leads to the record of who answered after all."""
    before = correlate(events(*MISSED))
    after = correlate(events(*MISSED, "00:35 107 dial-in", "00:40 107 answer", "00:50 107 hangup"))

    (missed,) = before.rows[CANCELLED]
    assert missed["inviteid"] == call_id(before.call)
    assert CANCELLED not in after.rows
    assert after.successors[str(missed["inviteid"])] == leg_id(after.call, "107")


def test_each_record_tells_why_it_is_what_it_is() -> None:
    """The reason, the recording's id, and whether the end is known stand beside the row."""
    (side,) = correlate(events(*ANSWERED)).sides
    (lost,) = correlate(events(MISSED[0], "4:00:00 closed")).sides

    assert (side.table, side.leg_id, side.complete, side.recording) == (SUCCESS, "106", True, "rec-1")
    assert side.reasons == ("answered: answer event",)
    assert not lost.complete
    assert lost.reasons == ("closed: no hangup came that says how the call ended",)


def test_an_answer_by_status_alone_is_events_of_two_and_can_be_refused() -> None:
    """By default a phone's hangup with ANSWER proves an answer; without that setting it proves nothing."""
    timeline = events("00:00 106 dial-in from=+79214567892", "00:40 106 hangup ANSWER lasted=30")

    (side,) = correlate(timeline).sides
    assert side.reasons == ("answered: its hangup says so, no answer event came",)
    literal = correlate(timeline, Options(answer_by_status=False))
    assert SUCCESS not in literal.rows
    assert CANCELLED not in literal.rows


def test_a_call_that_may_go_on_says_until_when() -> None:
    """MTT may try another number for 15 seconds after a failed attempt, which count from its acceptance."""
    pending = Scenario("", "mtt", ["00:08 o 79684881033", "00:10 h 79684881033 cause=17"]).events
    later = [event._replace(accepted_at=event.at + timedelta(minutes=1)) for event in pending]

    assert correlate(pending).close_at == pending[1].accepted_at + timedelta(seconds=15)
    assert correlate(later).close_at == pending[1].at + timedelta(seconds=75)
    assert correlate(pending[:1]).close_at is None


def test_one_call_can_not_have_endless_events() -> None:
    """Beyond the limit the earliest events are interpreted, the call says so, and its closing still counts."""
    timeline = events(*ANSWERED, "4:00:00 closed")
    short = correlate(timeline, Options(event_limit=2))

    assert short.flags == ("only the first 2 events are interpreted",)
    assert not short.sides[0].complete
    assert correlate(timeline).flags == ()


def test_events_of_no_call_prove_states_only() -> None:
    """Agents of several clients may come together: each event is a row of its own."""
    agents = events(
        "00:00 queue:300 agent-login agent_id=700001 agent_status=available",
        "00:05 queue:300 agent-logout agent_id=700001 agent_status=logged_out",
    )
    events_of_two = [*agents, agents[0]._replace(client="20000", agent="8", identity="x")]
    states = presence.changes(events_of_two)

    assert set(states) == {presence.AGENTS}
    assert len(states[presence.AGENTS]) == 3
    assert correlate(events_of_two).rows == {}
    assert not correlate(events_of_two).open


@pytest.mark.parametrize(
    ("first", "last", "states"),
    [
        ("106 dial-in", "106 hangup CHANUNAVAIL", ["early", "out_of_service"]),
        ("106 dial-out", "106 hangup CHANUNAVAIL flow=out", ["busy", "registered"]),
        ("106 dial-in", "106 hangup CANCEL", ["early", "registered"]),
    ],
)
def test_no_phone_stays_in_use(first: str, last: str, states: list[str]) -> None:
    """Every hangup ends what went before it; one that could not be reached is known to be out of service."""
    rows = presence.changes(events(f"00:00 {first}", f"00:05 {last}"))[presence.EXTENSIONS]

    assert [row["state"] for row in rows] == states


def test_a_provider_without_rules_gives_no_records() -> None:
    """Events without rules are only stored, and give no rows."""
    assert correlate([event._replace(provider="unheard", device="") for event in events(*ANSWERED)]).rows == {}


def test_a_closing_is_an_event_of_its_call() -> None:
    """A closing is read like any webhook and belongs to the call; one that is delivered twice counts once."""
    at = datetime(2026, 11, 21, 14)  # noqa: DTZ001 - times are naive UTC throughout
    source = Source(0, "telphin", "13596", "")
    raws = [Raw(str(hour), at, "telphin", CLOSE, body=closing(CALL, at + timedelta(hours=hour))) for hour in (0, 1)]
    closings = [event for raw in [*raws, *raws] for event in _parsed(raw, source)]

    assert {event.call for event in closings} == {events(*MISSED)[0].call}
    assert [event.kind for event in deduplicated(closings)] == [Kind.CLOSED, Kind.CLOSED]
    assert correlate(closings).rows == {}


def _parsed(raw: Raw, source: Source) -> list[Event]:
    found = providers.parse(raw, source)
    assert isinstance(found, list)
    return found


def test_of_two_versions_of_one_event_the_same_one_always_stays() -> None:
    """The earlier counts; at equal times the hash decides, not the order of delivery."""
    first = events(*ANSWERED)[1]
    later = first._replace(at=first.at + timedelta(seconds=1), content="0")
    other = first._replace(content="0")

    assert deduplicated([later, first]) == deduplicated([first, later]) == [first]
    assert deduplicated([first, other]) == deduplicated([other, first]) == [other]


def test_fingerprints_tell_parts_apart() -> None:
    """The border between two parts is part of what they say."""
    assert fingerprint("a", "bc") != fingerprint("ab", "c")


def test_both_ends_of_a_conversation_share_their_recording() -> None:
    """The recording of the calling end is kept when the called end made none."""
    timeline = events(
        "00:00 106 dial-out to=107",
        "00:00 107 dial-in from=106",
        "00:05 107 answer",
        "00:30 107 hangup",
        "00:30 106 hangup record=rec-106",
    )
    records = correlate(timeline)

    assert records.sides[0].recording == "rec-106"
    assert records.rows[SUCCESS][0]["isrec"] is True
    assert len(records.rows[FORKS]) == 1


@pytest.mark.parametrize(
    ("number", "internal"),
    [
        ("13596*099", True),
        ("000*09", True),
        ("13596*09912", False),
        ("12*100", False),
        ("+79214567892", False),
        ("79214567892", False),
        ("13596099", False),
        ("", False),
    ],
)
def test_an_extension_is_prefix_star_name(number: str, internal: bool) -> None:
    """Three to six digits, a star, two to four digits: nothing else is an extension."""
    assert is_internal(number) is internal


@pytest.mark.parametrize(
    ("text", "number", "name"),
    [
        ("+79214567892", "+79214567892", ""),
        (" 79214567892", "+79214567892", ""),
        ("%2B79214567892", "+79214567892", ""),
        ("sip:+79214567892@gw.example.net", "+79214567892", ""),
        ("SIPS:+79214567892@gw.example.net;transport=tls", "+79214567892", ""),
        ("sip:%2B79214567892@gw.example.net", "+79214567892", ""),
        ("tel:+79214567892;ext=5", "+79214567892", ""),
        ('"Ivan" <sip:+79214567892@gw.example.net;user=phone>', "+79214567892", "Ivan"),
        ("Ivan Petrov <+79214567892>", "+79214567892", "Ivan Petrov"),
        ("<sip:106@13596.example.net>", "106", ""),
        ("<sip:106", "106", ""),
        ("13596*106@sipproxy.example.net", "13596*106", ""),
        ("*8106", "*8106", ""),
        ("<>", "", ""),
        ("", "", ""),
    ],
)
def test_numbers_stand_in_addresses(text: str, number: str, name: str) -> None:
    """SIP and tel URIs, with a name and parameters or without, are the number in them."""
    assert (dialable(text), display_name(text)) == (number, name)


def test_numbers_are_read_as_they_are_meant() -> None:
    """A lost plus comes back, domains go, Russian numbers have one form."""
    assert dialable(" 79214567892 ") == "+79214567892"
    assert dialable(" Ivan") == "Ivan"
    assert without_domain("13596*106@sipproxy.telphin.ru") == "13596*106"
    assert national("8154368886") == "8154368886"


@pytest.mark.parametrize(
    ("status", "sip", "reached"),
    [
        ("BUSY", 486, True),
        ("CANCEL", 487, True),
        ("NOANSWER", 480, True),
        ("CHANUNAVAIL", 480, False),
        ("CONGESTION", 503, False),
        ("ODD", None, True),
    ],
)
def test_statuses_have_their_sip_codes(status: str, sip: int | None, reached: bool) -> None:
    """The documented statuses and their codes; any other is kept without one."""
    ending = by_status(status)
    assert (ending.sip, ending.reached, ending.words) == (sip, reached, status)


@pytest.mark.parametrize("cause", [16, 17, 18, 19, 21])
def test_some_causes_reached_side_b(cause: int) -> None:
    """Busy, no answer, cancelled and rejected calls were not failures of the network."""
    assert by_cause(cause, "").reached


@pytest.mark.parametrize("cause", [None, 1, 2, 3, 20, 22, 27, 28, 31, 34, 38, 41, 42, 47, 55, 57, 87, 127])
def test_other_causes_are_failures(cause: int | None) -> None:
    """Unavailable, bad number, congestion, barred and unknown causes are failures."""
    assert not by_cause(cause, "b").reached
