"""The parameters: times with and without a zone, numbers, dates, and hostile texts."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.nimbox.parameters import BadParameters, Clock, period, phonecall
from tests.examples import examples
from tests.nimbox.service import EXAMPLE, UTC

CARACAS = Clock(ZoneInfo("America/Caracas"))
BERLIN = Clock(ZoneInfo("Europe/Berlin"))
NAMES = ("initiated", "source", "destination", "duration", "url")


def _initiated(text: str, clock: Clock = UTC) -> str:
    return phonecall(EXAMPLE | {"initiated": text}, clock).initiated.isoformat()


def _faults(**parameters: str) -> set[str]:
    with pytest.raises(BadParameters) as caught:
        phonecall(EXAMPLE | parameters, UTC)
    return set(caught.value.faults)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-20T12:20:33", "2026-11-20T16:20:33"),
        ("2026-11-20 12:20:33", "2026-11-20T16:20:33"),
        ("20261120T122033", "2026-11-20T16:20:33"),
        ("2026-11-20T12:20", "2026-11-20T16:20:00"),
        ("2026-11-20T12:20:33.25", "2026-11-20T16:20:33.250000"),
        ("2026-11-20T12:20:33Z", "2026-11-20T12:20:33"),
        ("2026-11-20t12:20:33z", "2026-11-20T12:20:33"),
        ("2026-11-20T12:20:33+03:00", "2026-11-20T09:20:33"),
        ("2026-11-20T12:20:33 03:00", "2026-11-20T09:20:33"),
        ("2026-11-20T12:20:33-0430", "2026-11-20T16:50:33"),
        (" 2026-11-20T12:20:33Z ", "2026-11-20T12:20:33"),
    ],
)
def test_a_time_is_an_instant(text: str, utc: str) -> None:
    """A time without a zone is local. A zone counts, `Z` too, and a lost plus sign is restored."""
    assert _initiated(text, CARACAS) == utc


def test_z_may_be_declared_local() -> None:
    """NiMbox's script marks local times with `Z`. The setting makes both spellings one instant."""
    clock = Clock(CARACAS.zone, z_is_local=True)
    assert _initiated("2026-11-20T12:20:33Z", clock) == _initiated("2026-11-20T12:20:33", clock)
    assert _initiated("2026-11-20T12:20:33+00:00", clock) == "2026-11-20T12:20:33"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2012-08-23",
        "2012-W34-4",
        "12:20:33",
        "0000-00-00 00:00:00",
        "0000-01-01T00:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1969-12-31T23:59:59",
        "2100-01-01T00:00:00",
        "2012-02-30T00:00:00",
        "2012-08-23T25:00:00",
        "2012-08-23T12:20:33; DROP TABLE ledger.phonecalls",
        "\u0662\u0660\u0661\u0662-08-23T12:20:33",
        "2012-08-23T12:20:33\0",
        "1345724433",
        "now",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """A date alone, an Asterisk's empty date and distant centuries are refused."""
    assert _faults(initiated=text) == {"initiated"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("7222", "7222"),
        (" 582122853348", "+582122853348"),
        ("+58 (212) 285-33-48", "+582122853348"),
        ("13596*106", "13596*106"),
        ("13596*106@sipproxy.telphin.ru", "13596*106"),
        ("SIP/7222", "7222"),
        ("0", "0"),
    ],
)
def test_numbers_lose_their_decoration(text: str, kept: str) -> None:
    """The stored number can be dialled and searched."""
    call = phonecall(EXAMPLE | {"source": text, "destination": text}, UTC)
    assert (call.source, call.destination) == (kept, kept)


@pytest.mark.parametrize(
    "text", ["", "  ", "anonymous", "\u0667\u0662", "72\uff122", "7222\0", "72\n22", "1" * 81, "+", "'--"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    """Digits of other scripts are refused, because dropping them would make another number."""
    assert _faults(source=text, destination=text) == {"source", "destination"}


@pytest.mark.parametrize(
    "text", ["-1", "+1", "1.5", "1e3", "x", "\u0664\u0665", "2147483648", "9" * 400, "4 5", "0x10"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A duration is a whole number of seconds that the table can store."""
    assert _faults(duration=text) == {"duration"}


@pytest.mark.parametrize(("text", "seconds"), [("", None), ("0", 0), ("045", 45), ("2147483647", 2**31 - 1)])
def test_a_duration_may_be_left_out(text: str, seconds: int | None) -> None:
    """A missing duration is unknown. Zero means an unanswered call."""
    assert phonecall(EXAMPLE | {"duration": text}, UTC).duration == seconds


@pytest.mark.parametrize("text", ["a\0b", "a\nb", "\ud800", "x" * 4097])
def test_a_url_that_cannot_be_kept_is_refused(text: str) -> None:
    """Text that PostgreSQL cannot store, or that is not printable, is refused."""
    assert _faults(url=text) == {"url"}


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("http://192.168.128.96/recordings/SIP/7222-0001", True),
        ("HTTPS://calls.example/ñ?a=b&c=d#e", True),
        ("http...", False),
        ("javascript:alert(1)", False),
        ("JavaScript:alert(1)//http://x", False),
        (" javascript:alert(1)", False),
        ("data:text/html,<script>", False),
        ("//calls.example/", False),
        ("http://x/\"onclick='alert(1)'", False),
        ("http://x/<b>", False),
        ("ftp://x/y", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_only_http_is_a_link(url: str, link: bool) -> None:
    """Any text is stored. Only http and https without unsafe characters are links."""
    call = phonecall(EXAMPLE | {"url": url}, UTC)
    assert (call.url, call.link) == (url, url if link else "")


@pytest.mark.parametrize(
    ("clock", "since", "until", "first", "after"),
    [
        (UTC, "2012-08-23", "2012-08-25", "2012-08-24T00:00", "2012-08-25T00:00"),
        (CARACAS, "2026-11-19", "2026-11-21", "2026-11-20T04:00", "2026-11-21T04:00"),
        (BERLIN, "2026-10-24", "2026-10-26", "2026-10-24T22:00", "2026-10-25T23:00"),
        (UTC, "2012-08-23", "2012-08-24", "2012-08-24T00:00", "2012-08-24T00:00"),
        (UTC, "0001-01-01", "9999-12-31", "0001-01-02T00:00", "9999-12-31T00:00"),
        (CARACAS, "20260228", "2026-W10-1", "2026-03-01T04:00", "2026-03-02T04:00"),
    ],
)
def test_days_are_the_sites(clock: Clock, since: str, until: str, first: str, after: str) -> None:
    """A period is whole days of the site's time zone, of 25 hours when the clocks change."""
    bounds = period({"from": since, "to": until}, clock)
    assert bounds == (datetime.fromisoformat(first), datetime.fromisoformat(after))


@pytest.mark.parametrize("text", ["9999-12-31", "0000-01-01", "2012-08-23T00", "2012-08-23 00:00", "yesterday", "\0"])
def test_what_is_no_day_is_refused(text: str) -> None:
    """Hours are refused, and so is the last possible day, which no day follows."""
    with pytest.raises(BadParameters) as caught:
        period({"from": text, "to": "2012-08-25"}, UTC)
    assert set(caught.value.faults) == {"from"}


TEXTS = st.text(max_size=40) | st.sampled_from(list(EXAMPLE.values()))


@settings(max_examples=examples(200), deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys((*NAMES, "from", "to"), TEXTS)), st.booleans())
def test_any_text_is_read_or_refused_by_name(told: dict[str, str], z_is_local: bool) -> None:
    """Any text is a value or an error of its own parameter."""
    clock = Clock(BERLIN.zone, z_is_local)
    for read, names in ((phonecall, NAMES), (period, ("from", "to"))):
        try:
            read(told, clock)
        except BadParameters as refused:
            assert refused.faults
            assert set(refused.faults) <= set(names)
