"""A number that is forgotten leaves whatever it is written in, and nobody else's number with it."""

from __future__ import annotations

import json

import pytest

from chalicelib.envelope import reading
from chalicelib.ledger import store, written_numbers
from chalicelib.ledger.replay import replay
from tests.databases import run
from tests.ingest.telephony import BEGIN, Ledger, message

DIGITS = "9031112233"
NUMBER = f"+7{DIGITS}"
ZEROS = "0" * len(DIGITS)
#: As it may stand in a row, and what is left of it.
WRITTEN = [
    (f"+7{DIGITS}", f"+7{ZEROS}"),
    (f"8{DIGITS}", f"8{ZEROS}"),
    (DIGITS, ZEROS),
    ("+7 (903) 111-22-33", f"+7 ({ZEROS}"),
    ("8-903-111-22-33", f"8-{ZEROS}"),
    ("903.111.22.33", ZEROS),
    ("8 903 1112233", f"8 {ZEROS}"),
    (f"205 7{DIGITS}", f"205 7{ZEROS}"),
]
OTHERS = [f"1{DIGITS}", f"{DIGITS}4", "1 903 111 22 33", "903 111 22 34", "90311122"]


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (f"CallerIDNum=%2B7{DIGITS}&x=1", f"CallerIDNum=%2B7{ZEROS}&x=1"),
        (f"CallerIDNum=+7{DIGITS}", f"CallerIDNum=+7{ZEROS}"),
        (f"CallerIDNum=%207{DIGITS}", f"CallerIDNum=%207{ZEROS}"),
        (f"Name=%22{DIGITS}%22", f"Name=%22{ZEROS}%22"),
        ("CallerIDNum=%2B7+%28903%29+111-22-33", "CallerIDNum=%2B7+%28000%29+000-00-00"),
        ("CallerIDNum=%2B7%39%30%331112233&y=2", "CallerIDNum=%2B70000000000&y=2"),
        ('{"numberA":"8 (903) 111-22-33"}', '{"numberA":"8 (000) 000-00-00"}'),
        ('{"numberA":"\\u0037\\u0039\\u003031112233"}', '{"numberA":"\\u00370000000000"}'),
        (f'{{"a":"\\u0028{DIGITS}\\u0029"}}', f'{{"a":"\\u0028{ZEROS}\\u0029"}}'),
        ("7\u00a0903\u00a01112233", "7\u00a0000\u00a00000000"),
        (f"a=205 7{DIGITS} 206", f"a=205 7{ZEROS} 206"),
        ("+7 (903) 111-22-33 / 8 903 555-66-77", "+7 (000) 000-00-00 / 8 903 555-66-77"),
        ("8 903 555-66-77 8 903 111-22-33 (12)", "8 903 555-66-77 8 000 000-00-00 (12)"),
        (f'{{"numberA": {DIGITS}, "b": [{DIGITS}]}}', f'{{"numberA": 1{ZEROS[1:]}, "b": [1{ZEROS[1:]}]}}'),
        ('{"numberA":"8\\/903\\/1112233"}', '{"numberA":"8\\/000\\/0000000"}'),
        (f'{{"numberA":"%7{DIGITS}"}}', f'{{"numberA":"%7{ZEROS}"}}'),
        (f"Name=PBX\\7{DIGITS}", f"Name=PBX\\7{ZEROS}"),
        ("CallerIDNum=%2B7903%001112233", "CallerIDNum=%2B7000%000000000"),
        ("903\u2011111\u201322\u201333", "000\u2011000\u201300\u201300"),
    ],
)
def test_every_way_to_write_it_in_a_webhook(content: str, left: str) -> None:
    """Each of its digits becomes a zero, and separators and all else stay."""
    assert written_numbers.erased(content.encode(), DIGITS).decode() == left


def test_json_in_sixteen_bits() -> None:
    """Whatever the body's encoding, which JSON tells by its first bytes."""
    body = json.dumps({"numberA": f"+7{DIGITS}"}).encode("utf-16")

    assert json.loads(written_numbers.erased(body, DIGITS)) == {"numberA": f"+7{ZEROS}"}


@pytest.mark.parametrize("body", [b"\xff\xfe" + DIGITS.encode() + b"a", b"\0\0\xfe\xff\xd8", b"\0", b"\xfe\xff\xd8\0"])
def test_what_only_seems_to_be_in_sixteen_bits(body: bytes) -> None:
    """A hostile body keeps nobody's number from being forgotten, and is looked at as the bytes that it is."""
    assert written_numbers.erased(body, DIGITS) == body.replace(DIGITS.encode(), ZEROS.encode())


@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le", "utf-32", "utf-16"])
def test_other_numbers_in_sixteen_bits_stay_byte_for_byte(encoding: str) -> None:
    """Nothing is written anew that does not hold the number."""
    body = json.dumps({"numberA": f"1{DIGITS}"}).encode(encoding)

    assert written_numbers.erased(body, DIGITS) == body


@pytest.mark.parametrize(
    "other", [*OTHERS, f"%31{DIGITS}", f"{DIGITS}%34", f"\\u0031{DIGITS}", f"EventTime={DIGITS}000000"]
)
def test_numbers_of_others(other: str) -> None:
    """One more digit, however it is written, makes it somebody else's."""
    assert written_numbers.erased(other.encode(), DIGITS).decode() == other


def test_rows_raw_events_and_what_is_replayed(ledger: Ledger) -> None:
    """However it came, nothing of it is left, and no replay brings it back."""
    bodies = [f"CallerIDNum={text}".replace("+", "%2B") for text, _ in WRITTEN[:-1]]
    bodies += ["CallerIDNum=%2B7%39%30%331112233", f"CallerIDNum=PBX\\7{DIGITS}"]
    for number, body in enumerate(bodies):
        whole = (
            f"EventType=hangup&CallID=C{number}&CallStatus=CANCEL&Bridged=no&{body}&EventTime=176673671{number}480097"
        )
        identity = f"00000000-0000-0000-0000-00000000000{number}"
        text = message(ledger.ids["900"], identity=identity, accepted=BEGIN, body=whole)
        assert store.take(ledger.writer, [reading.read(text)]) == []
    rows = ",".join(f"('{text}')" for text in [*(text for text, _ in WRITTEN), *OTHERS])
    run(ledger.url, f"INSERT INTO calls.failed (fromnumber) VALUES {rows}")

    document = json.dumps({"phone": int(DIGITS), "of": [f"8{DIGITS}"]})
    run(ledger.url, "INSERT INTO alertcallevents.callanswered (payload) VALUES (%s)", [document])

    ledger.forget(NUMBER)
    replay(ledger.owner, BEGIN, BEGIN.replace(year=BEGIN.year + 1), "", lambda _: None)

    kept = ledger.column("SELECT payload FROM alertcallevents.callanswered")
    run(ledger.url, "DELETE FROM alertcallevents.callanswered")
    assert kept == [{"phone": 1_000_000_000, "of": ["81000000000"]}]
    left = ledger.column("SELECT fromnumber FROM calls.failed")
    assert sorted(map(str, left)) == sorted([*(text for _, text in WRITTEN), *OTHERS])
    assert len(ledger.column("SELECT 1 FROM calls.cancelled")) == len(bodies)
    assert (
        ledger.column(
            "SELECT fromnumber FROM calls.cancelled WHERE regexp_replace(fromnumber, '[^0-9]', '', 'g') LIKE '%903%'"
        )
        == []
    )


def test_a_number_of_another_country(ledger: Ledger) -> None:
    """It goes without 7 and 8 before it, and its own 8 is a part of it."""
    written = ["+84 912 345 678", "84912345678", "+74912345678", "4912345678"]
    rows = ",".join(f"('{text}')" for text in written)
    run(ledger.url, f"INSERT INTO calls.failed (fromnumber) VALUES {rows}")

    ledger.forget("+84 912 345 678")

    assert sorted(map(str, ledger.column("SELECT fromnumber FROM calls.failed"))) == [
        "+00000000000", "+74912345678", "00000000000", "4912345678",
    ]  # fmt: skip
