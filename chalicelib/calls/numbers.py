"""Telephone numbers as the PBXs write them, and how they are compared."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

# The protocol's [0-9]{3,6}*[0-9]{2,4} lacks the backslash before its star.
_INTERNAL = re.compile(r"[0-9]{3,6}\*[0-9]{2,4}")
_LOST_PLUS = re.compile(r" (?=[0-9])")
_NO_DIGIT = re.compile(r"[^0-9]")
_RUSSIAN = re.compile(r"(?:\+7|8|7)([0-9]{10})")
_SCHEME = re.compile(r"(?:sips?|tel):", re.IGNORECASE)
# What most numbers are; anything else takes four times as long to read.
_PLAIN = re.compile(r"\+?[0-9*#]*")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
#: What a dialled number begins with when it calls a function of the PBX.
_SERVICE_SIGNS = ("*", "#")


# The rules ask several times of each number of a call.
@lru_cache(maxsize=10_000)
def is_internal(number: str) -> bool:
    """Tell whether `number` is an extension: the client's prefix, a star, the extension's name."""
    return _INTERNAL.fullmatch(number) is not None


def is_outside(number: str) -> bool:
    """Tell whether `number` is outside the PBX: neither an extension nor a feature code."""
    return bool(number) and not is_internal(number) and not number.startswith(_SERVICE_SIGNS)


def without_domain(name: str) -> str:
    """Return an extension's name without its `@domain`."""
    return name.partition("@")[0]


def dialable(text: str) -> str:
    """Return the number in `text`, the value of a form: plain, a SIP or tel URI, or a name and a URI in brackets.

    A leading space before digits was a plus that the sender did not encode; `%2B` is one that was encoded twice.
    """
    if _PLAIN.fullmatch(text):
        return text
    if text.startswith(" "):
        text = _LOST_PLUS.sub("+", text, count=1)
    if "%" in text and _ENCODED.search(text):
        text = unquote(text)
    address = _name_and_address(text)[1]
    scheme = _SCHEME.match(address)
    if scheme:
        address = address[scheme.end() :].partition(";")[0]
    return without_domain(address).partition(";")[0].strip()


def display_name(text: str) -> str:
    """Return the name before a URI in angle brackets, empty if there is none."""
    return _name_and_address(text)[0] if "<" in text else ""


def _name_and_address(text: str) -> tuple[str, str]:
    """Split `"name" <address>` (RFC 3261 §20.10); a text without brackets is an address."""
    name, bracket, rest = text.partition("<")
    if not bracket:
        return "", text.strip()
    return name.strip().strip('"').strip(), rest.partition(">")[0].strip()


def digits(text: str) -> str:
    """Return the digits of a number, by which numbers are compared however they are written: `+58 (212) 285-33-48`."""
    return _NO_DIGIT.sub("", text)


def national(number: str) -> str:
    """Return a Russian number as 7 and ten digits, however it is written; any other number unchanged."""
    russian = _RUSSIAN.fullmatch(number)
    return f"7{russian[1]}" if russian else number
