"""Times of events in the forms in which Asterisk writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from ringledger_asterisk.event_times import EventTimes

MADRID = ZoneInfo("Europe/Madrid")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("1633542834.410847", "2021-10-06T17:53:54.410847+00:00"),
        ("1633542834", "2021-10-06T17:53:54.000000+00:00"),
        ("2021-10-06 17:53:54", "2021-10-06T15:53:54.000000+00:00"),
        ("2021-07-19 11:12:54.23216-04", "2021-07-19T15:12:54.232160+00:00"),
        ("2021-10-06T17:53:54.410847+00:00", "2021-10-06T17:53:54.410847+00:00"),
        ("2021-10-06 17:53:54,5 +0530", "2021-10-06T12:23:54.500000+00:00"),
        ("2021-10-06 17:53:54Z", "2021-10-06T17:53:54.000000+00:00"),
    ],
)
def test_every_form_becomes_utc(text: str, utc: str) -> None:
    """Seconds since 1970 need no zone; a date without an offset is in the zone of the settings."""
    assert EventTimes(MADRID).utc(text) == utc


def test_order_within_a_second_is_kept() -> None:
    """Times of whole seconds get a microsecond each, so that their order shows; the next second begins anew."""
    times = EventTimes(UTC)
    texts = [f"2021-10-06 17:53:{second}" for second in ("54", "54", "54", "55")]
    assert [times.utc(text)[17:26] for text in texts] == ["54.000000", "54.000001", "54.000002", "55.000000"]


@pytest.mark.parametrize(
    ("before", "utc"), [("2026-10-25 01:50:00", "00:10"), ("2026-10-25 03:05:00", "01:10")], ids=["first", "second"]
)
def test_the_hour_that_occurs_twice_follows_the_last_event(before: str, utc: str) -> None:
    """In autumn 02:10 comes twice; the one that is nearer to the event before it counts."""
    times = EventTimes(MADRID)
    times.utc(before)
    assert times.utc("2026-10-25 02:10:00")[11:16] == utc


def test_a_live_event_in_the_hour_that_occurs_twice_is_now() -> None:
    """An event that has just happened is near to the clock."""
    now = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert EventTimes(MADRID).utc("2026-10-25 02:10:00", now)[11:16] == "01:10"


@pytest.mark.parametrize("text", ["", "yesterday", "2021-13-06 17:53:54", "06/10/2021 17:53:54"])
def test_other_texts_are_refused(text: str) -> None:
    """The reason has an example of a right one."""
    with pytest.raises(ValueError, match=r"no time|must be in"):
        EventTimes(UTC).utc(text)
