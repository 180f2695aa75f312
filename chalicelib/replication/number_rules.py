"""Rules that turn a dialled number into a number that the CRM knows, written in one line of configuration.

A rule is one word, and rules apply from left to right:

    minimum:7       leaves out numbers with fewer digits, and texts that are no number, such as 13596*106
    strip:9         removes a leading 9
    area:7:0212     puts 0212 before a number of exactly 7 digits
    a>b             applies b only if a has changed the number
    caracas         the rules of NiMbox's own example for Asterisk: minimum:7 strip:9>area:7:0212
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from chalicelib.errors import Misconfigured

PRESETS = {"caracas": "minimum:7 strip:9>area:7:0212"}
HELP = "minimum:DIGITS, strip:PREFIX, area:DIGITS:CODE, rule>rule, or one of " + ", ".join(PRESETS)

_SEPARATORS = str.maketrans("", "", " ().-/")
# A longer number cannot be dialled.
_NUMBER = re.compile(r"\+?[0-9]{1,40}")
_WORD = re.compile(r"(minimum):([0-9]{1,2})|(strip):([0-9]{1,15})|(area):([0-9]{1,2}):([0-9]{1,15})")

#: Returns the changed number, or None if the number is left out.
Rule = Callable[[str], str | None]


def rules(text: str) -> Rule:
    """Read rules from `text`. Raise Misconfigured naming the word that is no rule."""
    change = changes(text)
    return lambda number: change(number.translate(_SEPARATORS))


def changes(text: str) -> Rule:
    """Read rules that apply to a number as it is written, with its separators. Raise Misconfigured as `rules` does."""
    words = text.replace(",", " ").split()
    steps = [_chain(word) for each in words for word in PRESETS.get(each, each).split()]
    return lambda number: _through(steps, number)


def _through(steps: Sequence[Rule], number: str) -> str | None:
    current: str | None = number
    for step in steps:
        if current is None:
            break
        current = step(current)
    return current


def _chain(word: str) -> Rule:
    steps = [_rule(part) for part in word.split(">")]

    def apply(number: str) -> str | None:
        current = number
        for step in steps:
            changed = step(current)
            if changed is None or changed == current:
                return changed
            current = changed
        return current

    return apply


def _rule(word: str) -> Rule:
    match = _WORD.fullmatch(word)
    if match is None:
        raise Misconfigured(f"REPLICATION_NUMBERS: {word!r} is no rule; rules are {HELP}")
    if match[1]:
        return _minimum(int(match[2]))
    if match[3]:
        return _strip(match[4])
    return _area(int(match[6]), match[7])


def _minimum(digits: int) -> Rule:
    def apply(number: str) -> str | None:
        fits = _NUMBER.fullmatch(number) is not None and len(number.lstrip("+")) >= digits
        return number if fits else None

    return apply


def _strip(prefix: str) -> Rule:
    return lambda number: number.removeprefix(prefix)


def _area(digits: int, code: str) -> Rule:
    return lambda number: code + number if len(number) == digits and number.isdigit() else number
