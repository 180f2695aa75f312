"""The rules for numbers, with the cases of NiMbox's own example."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Misconfigured
from chalicelib.replication.number_rules import PRESETS, rules
from tests.examples import examples


def as_the_script(destination: str) -> str | None:
    """Return the number that NiMbox's script sends, or None if its SELECT leaves it out."""
    if len(destination) < 7:
        return None
    if destination.startswith("9"):
        destination = destination[1:]
        if len(destination) == 7:
            destination = f"0212{destination}"
    return destination


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("92853348", "02122853348"),
        ("902122853348", "02122853348"),
        ("904141234567", "04141234567"),
        ("2853348", "2853348"),
        ("02122853348", "02122853348"),
        ("9123456", "123456"),
        ("7222", None),
        ("923456", None),
    ],
)
def test_the_preset_does_what_the_script_does(number: str, expected: str | None) -> None:
    """A leading 9 is removed, and only then seven digits get an area code. Short numbers are left out."""
    assert rules("caracas")(number) == expected == as_the_script(number)


@given(st.from_regex(r"[0-9]{1,14}", fullmatch=True))
@settings(max_examples=examples(200), deadline=None)
def test_the_preset_and_the_script_agree_on_digits(number: str) -> None:
    """The preset and the script agree on any digits."""
    assert rules("caracas")(number) == as_the_script(number)


@pytest.mark.parametrize("number", ["13596*106", "", "s", "callcenter", "+", "*97*1234567", "²³¹²³¹²³", "7495 12"])
def test_what_is_no_number_to_a_crm(number: str) -> None:
    """Extensions, words and short numbers are left out."""
    assert rules("minimum:7")(number) is None


@pytest.mark.parametrize(
    ("text", "number", "expected"),
    [
        ("minimum:7", "+7 (495) 123-45-67", "+74951234567"),
        ("minimum:3", "101", "101"),
        ("minimum:7", "+1234567", "+1234567"),
        ("minimum:7", "+123456", None),
        ("strip:9", "9123", "123"),
        ("strip:00, area:7:0212", "0112345", "02120112345"),
        ("area:7:0212", "2853348", "02122853348"),
        ("strip:9>area:7:0212", "2853348", "2853348"),
        ("strip:9>strip:8>area:2:+", "9812", None),
        ("", "anything", "anything"),
    ],
)
def test_rules_apply_in_their_order(text: str, number: str, expected: str | None) -> None:
    """Rules apply from left to right. A rule after > needs a change by the one before it."""
    if text.endswith(":+"):
        with pytest.raises(Misconfigured):
            rules(text)
    else:
        assert rules(text)(number) == expected


@pytest.mark.parametrize("text", ["minimum", "minimum:x", "strip:", "area:7", "nimbox", "strip:9>", ">"])
def test_a_rule_that_is_none_is_named(text: str) -> None:
    """The error quotes the word and lists the rules."""
    with pytest.raises(Misconfigured, match=re.escape(repr(text.partition(">")[2] if ">" in text else text))) as caught:
        rules(text)
    assert all(name in caught.value.message for name in PRESETS)
