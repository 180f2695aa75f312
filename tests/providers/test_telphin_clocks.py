"""Telphin's clocks: EventTime and Duration in each unit and form in which they come."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from chalicelib.calls.records import SUCCESS
from chalicelib.providers import correlate
from tests.providers.test_telphin import ACCEPTED, DIAL_IN, HANGUP, read


@pytest.mark.parametrize(
    ("time", "note"),
    [
        ("1766736711480097", ""),
        ("1766736711480", "EventTime is in milliseconds"),
        ("1766736711", "EventTime is in seconds"),
        ("1766736711.480097", "EventTime is in seconds"),
        ("1766736711480097.5", ""),
        ("1.766736711480097E+15", ""),
        ("1,766736711480097e15", ""),
        ("2025-12-26T08:11:51.480097", "EventTime is in ISO text"),
        ("2025-12-26T11:11:51%2B03:00", "EventTime is in ISO text"),
        ("2025-12-26T11:11:51+03:00", "EventTime is in ISO text"),
        ("2025-12-26T11:11:51.480097+0300", "EventTime is in ISO text"),
        ("2025-12-26 08:11:51Z", "EventTime is in ISO text"),
    ],
)
def test_the_unit_of_event_time(time: str, note: str) -> None:
    """EventTime is microseconds; smaller numbers have another unit, which is noted."""
    event = read(DIAL_IN.replace("1766736711480097", time))

    assert event.at.replace(microsecond=0) == datetime.fromisoformat("2025-12-26T08:11:51")
    assert dict(event.notes).get("clock", "") == note


@pytest.mark.parametrize(
    "time",
    [
        "",
        "soon",
        "-5",
        "0",
        "9" * 17,
        "9" * 19,
        "1000901",
        "9" * 400,
        "1e400",
        "nan",
        "-1.79e15",
        "2026-13-01T10:00:00",
        "١٢٣",
    ],
)
def test_the_time_of_receipt_replaces_an_invalid_time(time: str) -> None:
    """An event without a usable EventTime has the time of its receipt."""
    event = read(DIAL_IN.replace("1766736711480097", time))

    assert event.at == ACCEPTED
    assert "clock" in dict(event.notes)


def test_a_time_that_a_spreadsheet_rounded() -> None:
    """1.79E+15 is read as microseconds."""
    assert read(DIAL_IN.replace("1766736711480097", "1.79E%2B15")).at == datetime.fromisoformat("2026-09-21T14:13:20")


def test_a_time_that_is_a_json_number() -> None:
    """Whole numbers and fractions in JSON are read as exactly as texts."""
    body = '{"EventType": "dial-in", "CallID": "1", "EventTime": 1766736711480097, "CallerIDNum": "1"}'

    assert read(body).at == read(body.replace("480097", "480097.0")).at == read(DIAL_IN).at


@pytest.mark.parametrize(
    ("dialled", "ended", "duration"),
    [
        # In seconds: as microseconds, the duration would put the beginning after the dial.
        ("1766736711", "1766736783", "60"),
        ("1766736711000", "1766736783000", "60000"),
        # Microseconds, as documented, beside an EventTime in seconds.
        ("1766736711", "1766736783", "60000000"),
        ("1766736711000000", "1766736783000000", "60000000"),
        ("1766736711000000", "1766736783000000", "6E%2B7"),
    ],
)
def test_the_duration_is_read_in_the_unit_that_fits(dialled: str, ended: str, duration: str) -> None:
    """Duration is microseconds, unless only the unit of EventTime agrees with the other events of the leg."""
    dial = read(DIAL_IN.replace("1766736711480097", dialled))
    hangup = read(HANGUP.replace("1766736731010096", ended).replace("7529999", duration))
    (row,) = correlate([dial, hangup]).rows[SUCCESS]

    assert row["duration"] == 60


def test_a_duration_longer_than_any_call_is_ignored() -> None:
    """A duration beyond thirty days is ignored."""
    longest = 30 * 24 * 3600 * 1_000_000
    assert read(HANGUP.replace("7529999", str(longest))).duration == timedelta(days=30)
    assert read(HANGUP.replace("7529999", str(longest + 1))).duration is None
    assert read(HANGUP.replace("7529999", "-1")).duration is None


@pytest.mark.parametrize(
    ("time", "note"),
    [
        ("", "no EventTime: the time of receipt is taken"),
        ("soon", "EventTime soon cannot be: the time of receipt is taken"),
        ("1e999", "EventTime 1e999 cannot be: the time of receipt is taken"),
        ("NaN", "EventTime NaN cannot be: the time of receipt is taken"),
    ],
)
def test_a_time_that_is_not_believed_is_noted(time: str, note: str) -> None:
    """The event says which time was sent, so that its sender can be corrected."""
    assert dict(read(DIAL_IN.replace("1766736711480097", time)).notes)["clock"] == note
