"""The notifications of MTT's document, to the letter, and what else its API is known to send."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib import providers
from chalicelib.calls.events import Event, Kind, Raw, Source, Unparsed
from chalicelib.calls.records import FORKS, SUCCESS, call_id
from chalicelib.providers import correlate

ACCEPTED = datetime(2026, 11, 21, 10)  # noqa: DTZ001 - times are naive UTC throughout
SOURCE = Source(7, "mtt", "79586488002", "redirects", "phone")
SAMPLES = (Path(__file__).parent / "mtt_samples.txt").read_text("utf-8").strip().split("\n\n")
CONFERENCE = "BC5F236C 5AD211E9 81BA5CB9 01FED6FC"


def at(text: str) -> datetime:
    """A time of the samples' day in UTC, three hours behind Moscow."""
    return datetime.fromisoformat(f"2019-05-23T{text}")


def read(body: str | dict[str, Any]) -> Event:
    """The event that a notification tells of."""
    text = body if isinstance(body, str) else json.dumps(body)
    found = providers.parse(Raw("1", ACCEPTED, "mtt", body=text.encode()), SOURCE)
    assert isinstance(found, list), found
    return found[0]


def sample(number: int, **changes: object) -> dict[str, Any]:
    """A sample by its number in the document, with some of its members changed."""
    content: dict[str, Any] = json.loads(SAMPLES[number - 1])
    return content | changes


def test_the_documents_eight_samples_are_one_answered_call() -> None:
    """Announcements, dialling, answer, talk and hangup of the document come to one call of 79 seconds."""
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
    """The time in `data` counts and is Moscow's, since `date_time` stands still in the document."""
    event = read(SAMPLES[number - 1])

    assert (event.kind, event.side, event.at, event.call_id) == (kind, side, at(time), CONFERENCE)


def test_stray_spaces_in_names_and_values_do_not_matter() -> None:
    """`client_id ` and a padded h323_conf_id, as in samples 6 to 8, are read as if they were written properly."""
    padded, tidy = read(SAMPLES[6]), read(sample(7, h323_conf_id=CONFERENCE))

    assert padded == tidy
    assert ("client_id", "1235") in padded.notes


def test_a_conference_id_without_its_spaces_is_the_same_call() -> None:
    """The four groups of an id are one id, however they are set apart."""
    assert read(sample(1, h323_conf_id=CONFERENCE.replace(" ", ""))).call == read(SAMPLES[0]).call


def test_a_cause_counts_on_a_hangup_only() -> None:
    """The document's answer carries a 16 that means nothing."""
    assert read(SAMPLES[3]).cause is None
    assert read(SAMPLES[7]).cause == 16


def test_the_cause_of_a_hangup_may_stand_in_data_alone() -> None:
    """Where event.cause is missing, the one of `data` is taken."""
    assert read(sample(8, event={"type": "h", "side": "B"})).cause == 16


@pytest.mark.parametrize("cause", ["", "none", "-5", "4000", None, [], {}])
def test_a_cause_that_is_none_is_no_cause(cause: object) -> None:
    """Whatever is not a Q.850 cause is left out, and the call is kept."""
    event = {"type": "h", "cause": cause}
    assert read(sample(8, event=event, data="event=h_79684881033_2019-05-23-15-16-59")).cause is None


@pytest.mark.parametrize("number", ["+79154368886", "89154368886", "79154368886"])
def test_russian_numbers_are_written_in_one_way(number: str) -> None:
    """+7, 8 and 7 before ten digits are the same caller."""
    assert read(sample(1, numberA=number)).caller == "79154368886"


def test_other_numbers_stay_as_they_are() -> None:
    """A foreign number is nobody's to rewrite."""
    assert read(sample(1, numberA="+375291831767")).caller == "+375291831767"


def test_without_a_time_in_data_date_time_is_taken() -> None:
    """`date_time` is what is left then, and the event says so."""
    event = read(sample(3, data="event=o"))

    assert event.at == at("12:15:11")
    assert dict(event.notes)["clock"] == "data has no time: date_time is taken"


@pytest.mark.parametrize(
    "data", ["event=o_1_2019-13-45-99-99-99", "event=o_1_5138-01-01-00-00-00", "", None, 17, {"a": 1}]
)
def test_without_any_time_that_of_receipt_is_taken(data: object) -> None:
    """An event without a clock happened when it came."""
    assert read(sample(3, data=data, date_time="soon")).at == ACCEPTED


def test_a_date_time_in_moscow_time_is_noted() -> None:
    """A clock that is ahead by just the zone is named, and one that is off otherwise is measured."""
    assert dict(read(sample(3, date_time=1558613719 + 10_800)).notes)["clock"] == "date_time is Moscow time"
    assert dict(read(SAMPLES[7]).notes)["clock"] == "date_time is off by 10740 s"
    assert "clock" not in dict(read(SAMPLES[0]).notes)


def test_event_type_wins_over_data() -> None:
    """Where the two disagree, the structured one is right."""
    event = read(sample(3, event={"type": "s"}))

    assert event.kind is Kind.ANSWER
    assert dict(event.notes)["type"] == "data names the type o"


def test_an_unknown_type_is_kept() -> None:
    """What MTT may add one day is an event, and none that changes a call."""
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
def test_what_is_no_notification_is_refused_with_a_reason(body: bytes) -> None:
    """No guessing at broken JSON: it goes to the quarantine."""
    raw = Raw("1", ACCEPTED, "mtt", body=body)

    assert isinstance(providers.parse(raw, SOURCE), Unparsed)
    assert isinstance(providers.read(raw), Unparsed)
