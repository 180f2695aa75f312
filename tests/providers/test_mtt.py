"""MTT's notifications: the samples of its document to the letter, and known deviations of its API."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib import providers
from chalicelib.calls.events import Event, Kind, Raw, Source, Unreadable
from chalicelib.calls.records import FORKS, SUCCESS, call_id
from chalicelib.providers import correlate

ACCEPTED = datetime(2026, 11, 21, 10)  # noqa: DTZ001 - times are naive UTC throughout
SOURCE = Source(7, "mtt", "79586488002", "redirects", "phone")
SAMPLES = (Path(__file__).parent / "mtt_samples.txt").read_text("utf-8").strip().split("\n\n")
CONFERENCE = "BC5F236C 5AD211E9 81BA5CB9 01FED6FC"


def at(text: str) -> datetime:
    """Return a time of the samples' day in UTC, three hours behind Moscow."""
    return datetime.fromisoformat(f"2019-05-23T{text}")


def read(body: str | dict[str, Any]) -> Event:
    """Return the event that a notification reports."""
    text = body if isinstance(body, str) else json.dumps(body)
    events = providers.parse(Raw("1", ACCEPTED, "mtt", body=text.encode()), SOURCE)
    assert isinstance(events, list), events
    return events[0]


def sample(number: int, **changes: object) -> dict[str, Any]:
    """Return a sample by its number in the document, with some members changed."""
    content: dict[str, Any] = json.loads(SAMPLES[number - 1])
    return content | changes


def test_the_documents_eight_samples_are_one_answered_call() -> None:
    """The document's announcements, dialling, answer, talk and hangup are one call of 79 seconds."""
    records = correlate([read(text) for text in SAMPLES])

    assert records.rows == {
        SUCCESS: [
            {
                "inviteid": call_id(records.call),
                "invitedt": at("12:15:11"),
                "acallid": CONFERENCE,
                "anumber": "79154368886",
                "acallednum": "79586488002",
                "aouter": True,
                "aprovidercode": "mtt",
                "bnumber": "79684881033",
                "bouter": True,
                "bprovidercode": "mtt",
                "dial_dt": at("12:15:19"),
                "start_dt": at("12:15:40"),
                "stop_dt": at("12:16:59"),
                "dial_duration": 21,
                "duration": 79,
                "stopreason": "Bye from side b",
                "isrec": False,
                "esgdlg": CONFERENCE,
                "isreplacing": False,
            }
        ],
        FORKS: [
            {
                "inviteid": call_id(records.call),
                "invitedt": at("12:15:11"),
                "busername": "79684881033",
                "bouter": True,
                "bprovidercode": "mtt",
                "isanswered": True,
                "forkstart_dt": at("12:15:19"),
                "forkansw_dt": at("12:15:30"),
                "sipcode": 200,
                "reason": "OK",
                "eventid": records.rows[FORKS][0]["eventid"],
            }
        ],
    }
    notes = records.sides[0].notes
    assert (notes["client_id"], notes["extension"]) == ("1235", "0004")


@pytest.mark.parametrize(
    ("number", "kind", "side", "time"),
    [
        (1, Kind.PREMEDIA_START, "a", "12:15:11"),
        (2, Kind.PREMEDIA_END, "a", "12:15:18"),
        (3, Kind.DIAL_OUT, "", "12:15:19"),
        (4, Kind.ANSWER, "", "12:15:30"),
        (5, Kind.PREMEDIA_START, "b", "12:15:30"),
        (6, Kind.PREMEDIA_END, "b", "12:15:39"),
        (7, Kind.TALK, "", "12:15:40"),
        (8, Kind.HANGUP, "b", "12:16:59"),
    ],
)
def test_a_sample_is_read_by_its_moscow_clock(number: int, kind: Kind, side: str, time: str) -> None:
    """The time in `data` is used and is Moscow time, since `date_time` is constant in the document."""
    event = read(SAMPLES[number - 1])

    assert (event.kind, event.side, event.at, event.call_id) == (kind, side, at(time), CONFERENCE)


def test_stray_spaces_in_names_and_values_do_not_matter() -> None:
    """`client_id ` and a padded h323_conf_id, as in samples 6 to 8, are read without the spaces."""
    padded, tidy = read(SAMPLES[6]), read(sample(7, h323_conf_id=CONFERENCE))

    assert padded == tidy
    assert ("client_id", "1235") in padded.notes


def test_a_conference_id_without_its_spaces_is_the_same_call() -> None:
    """The four groups of an id are one id with any spacing."""
    assert read(sample(1, h323_conf_id=CONFERENCE.replace(" ", ""))).call == read(SAMPLES[0]).call


def test_a_cause_counts_on_a_hangup_only() -> None:
    """The answer in the document has a cause 16, which is ignored."""
    assert read(SAMPLES[3]).cause is None
    assert read(SAMPLES[7]).cause == 16


def test_the_cause_of_a_hangup_may_be_in_data_alone() -> None:
    """Without event.cause, the cause in `data` is used."""
    assert read(sample(8, event={"type": "h", "side": "B"})).cause == 16


@pytest.mark.parametrize("cause", ["", "none", "-5", "4000", None, [], {}])
def test_an_invalid_cause_is_ignored(cause: object) -> None:
    """A value that is not a Q.850 cause is left out, and the call is kept."""
    event = {"type": "h", "cause": cause}
    assert read(sample(8, event=event, data="event=h_79684881033_2019-05-23-15-16-59")).cause is None


@pytest.mark.parametrize("number", ["+79154368886", "89154368886", "79154368886"])
def test_russian_numbers_are_written_in_one_way(number: str) -> None:
    """+7, 8 and 7 before ten digits are one caller."""
    assert read(sample(1, numberA=number)).caller == "79154368886"


def test_foreign_numbers_are_unchanged() -> None:
    """A foreign number is kept as sent."""
    assert read(sample(1, numberA="+375291831767")).caller == "+375291831767"


def test_date_time_replaces_a_missing_time_in_data() -> None:
    """`date_time` is used, and the event has a note."""
    event = read(sample(3, data="event=o"))

    assert event.at == at("12:15:11")
    assert dict(event.notes)["clock"] == "data has no time: date_time is taken"


@pytest.mark.parametrize(
    "data", ["event=o_1_2019-13-45-99-99-99", "event=o_1_5138-01-01-00-00-00", "", None, 17, {"a": 1}]
)
def test_the_time_of_receipt_replaces_a_missing_time(data: object) -> None:
    """An event without any time has the time of its receipt."""
    assert read(sample(3, data=data, date_time="soon")).at == ACCEPTED


def test_a_date_time_in_moscow_time_is_noted() -> None:
    """A clock that is ahead by the zone is named as such; any other difference is measured."""
    assert dict(read(sample(3, date_time=1558613719 + 10_800)).notes)["clock"] == "date_time is Moscow time"
    assert dict(read(SAMPLES[7]).notes)["clock"] == "date_time is off by 10740 s"
    assert "clock" not in dict(read(SAMPLES[0]).notes)


def test_event_type_wins_over_data() -> None:
    """When both disagree, event.type is used."""
    event = read(sample(3, event={"type": "s"}))

    assert event.kind is Kind.ANSWER
    assert dict(event.notes)["type"] == "data names the type o"


def test_an_unknown_type_is_kept() -> None:
    """A notification of an unknown type is an event that changes no call."""
    event = read(sample(3, event={"type": "crr"}))

    assert event.kind is Kind.OTHER
    assert correlate([event]).rows == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"{}",
        b'{"event": "h"}',
        b'{"event": {"type": "h"}}',
        b'{"event": {"type": ""}, "h323_conf_id": "1"}',
        b'{"event": {"type": "h"}, "h323_conf_id": "   "}',
        b"[" * 100_000,
    ],
)
def test_other_bodies_are_refused_with_a_reason(body: bytes) -> None:
    """Broken JSON is not guessed at: it goes to the quarantine."""
    raw = Raw("1", ACCEPTED, "mtt", body=body)

    with pytest.raises(Unreadable):
        providers.parse(raw, SOURCE)
    with pytest.raises(Unreadable):
        providers.read(raw)
