"""Erasing a number removes every notation of it, and no other number."""

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
#: Notations of the number in a row, and the text after its erasure.
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
    ("content", "expected"),
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
def test_every_notation_in_a_webhook(content: str, expected: str) -> None:
    """Each digit of the number becomes a zero; separators and other text stay."""
    assert written_numbers.erased(content.encode(), DIGITS).decode() == expected


def test_json_in_utf_16() -> None:
    """The first bytes of JSON tell its encoding."""
    body = json.dumps({"numberA": f"+7{DIGITS}"}).encode("utf-16")

    assert json.loads(written_numbers.erased(body, DIGITS)) == {"numberA": f"+7{ZEROS}"}


@pytest.mark.parametrize("body", [b"\xff\xfe" + DIGITS.encode() + b"a", b"\0\0\xfe\xff\xd8", b"\0", b"\xfe\xff\xd8\0"])
def test_bytes_that_only_look_like_utf_16(body: bytes) -> None:
    """A body that claims another encoding is searched as bytes, so that it hides no number."""
    assert written_numbers.erased(body, DIGITS) == body.replace(DIGITS.encode(), ZEROS.encode())


@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le", "utf-32", "utf-16"])
def test_other_numbers_in_utf_16_stay_byte_for_byte(encoding: str) -> None:
    """Content without the number is not encoded again."""
    body = json.dumps({"numberA": f"1{DIGITS}"}).encode(encoding)

    assert written_numbers.erased(body, DIGITS) == body


@pytest.mark.parametrize(
    "other", [*OTHERS, f"%31{DIGITS}", f"{DIGITS}%34", f"\\u0031{DIGITS}", f"EventTime={DIGITS}000000"]
)
def test_other_numbers(other: str) -> None:
    """One more digit, in any notation, makes it another number."""
    assert written_numbers.erased(other.encode(), DIGITS).decode() == other


def test_rows_and_raw_events(ledger: Ledger) -> None:
    """No notation of the number remains, and a replay does not bring it back."""
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
    numbers = ledger.column("SELECT fromnumber FROM calls.failed")
    assert sorted(map(str, numbers)) == sorted([*(text for _, text in WRITTEN), *OTHERS])
    assert len(ledger.column("SELECT 1 FROM calls.cancelled")) == len(bodies)
    assert (
        ledger.column(
            "SELECT fromnumber FROM calls.cancelled WHERE regexp_replace(fromnumber, '[^0-9]', '', 'g') LIKE '%903%'"
        )
        == []
    )


def test_a_number_of_another_country(ledger: Ledger) -> None:
    """The prefixes 7 and 8 belong to Russian numbers only; the 8 of +84 is part of the number."""
    written = ["+84 912 345 678", "84912345678", "+74912345678", "4912345678"]
    rows = ",".join(f"('{text}')" for text in written)
    run(ledger.url, f"INSERT INTO calls.failed (fromnumber) VALUES {rows}")

    ledger.forget("+84 912 345 678")

    assert sorted(map(str, ledger.column("SELECT fromnumber FROM calls.failed"))) == [
        "+00000000000", "+74912345678", "00000000000", "4912345678",
    ]  # fmt: skip
