"""Telephone numbers as the PBXs write them, and how they are compared."""

from __future__ import annotations

import re
from urllib.parse import unquote

# The protocol's [0-9]{3,6}*[0-9]{2,4} lacks the backslash before its star.
_INTERNAL = re.compile(r"[0-9]{3,6}\*[0-9]{2,4}")
_LOST_PLUS = re.compile(r" (?=[0-9])")
_NO_DIGIT = re.compile(r"[^0-9]")
_RUSSIAN = re.compile(r"(?:\+7|8|7)([0-9]{10})")
# RFC 3261 §20.10: an optional display name, then a URI that stands in angle brackets if it has parameters.
_BRACKETED = re.compile(r"\s*\"?(?P<name>[^<\"]*?)\"?\s*<(?P<address>[^>]*)>.*", re.DOTALL)
_SCHEME = re.compile(r"(?:sips?|tel):", re.IGNORECASE)
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
#: What a dialled number begins with when it calls a function of the PBX.
_SERVICE_SIGNS = ("*", "#")


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
    if text.startswith(" "):
        text = _LOST_PLUS.sub("+", text, count=1)
    if "%" in text and _ENCODED.search(text):
        text = unquote(text)
    bracketed = _BRACKETED.fullmatch(text) if "<" in text else None
    address = (bracketed["address"] if bracketed else text).strip()
    scheme = _SCHEME.match(address)
    if scheme:
        address = address[scheme.end() :].partition(";")[0]
    return without_domain(address).partition(";")[0].strip()


def display_name(text: str) -> str:
    """Return the name before a URI in angle brackets, empty if there is none."""
    bracketed = _BRACKETED.fullmatch(text) if "<" in text else None
    return bracketed["name"].strip() if bracketed else ""


def digits(text: str) -> str:
    """Return the digits of a number, by which numbers are compared however they are written: `+58 (212) 285-33-48`."""
    return _NO_DIGIT.sub("", text)


def national(number: str) -> str:
    """Return a Russian number as 7 and ten digits, however it is written; any other number unchanged."""
    russian = _RUSSIAN.fullmatch(number)
    return f"7{russian[1]}" if russian else number
