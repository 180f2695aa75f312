"""Telephone numbers as the PBXs write them, and how they are compared."""

from __future__ import annotations

import re

# The protocol's [0-9]{3,6}*[0-9]{2,4} lacks the backslash before its star.
_INTERNAL = re.compile(r"[0-9]{3,6}\*[0-9]{2,4}")
_LOST_PLUS = re.compile(r" (?=[0-9])")
_NO_DIGIT = re.compile(r"[^0-9]")
_RUSSIAN = re.compile(r"(?:\+7|8|7)([0-9]{10})")


def is_internal(number: str) -> bool:
    """Whether `number` is an extension: the client's prefix, a star, the extension's name."""
    return _INTERNAL.fullmatch(number) is not None


def without_domain(name: str) -> str:
    """An extension's name without its `@domain`."""
    return name.partition("@")[0]


def dialable(text: str) -> str:
    """A number out of a form: a leading space before digits was a plus that the sender did not encode."""
    if text.startswith(" "):
        text = _LOST_PLUS.sub("+", text, count=1)
    return text.partition("@")[0].strip()


def digits(text: str) -> str:
    """The digits of a number, by which numbers are compared however they are written: `+58 (212) 285-33-48`."""
    return _NO_DIGIT.sub("", text)


def national(number: str) -> str:
    """A Russian number as 7 and ten digits, however it was written; any other number as it is."""
    russian = _RUSSIAN.fullmatch(number)
    return f"7{russian[1]}" if russian else number
