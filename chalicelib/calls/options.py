"""Settings that decide how events become calls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Feature(StrEnum):
    """A PBX function that a phone reaches by dialling a code."""

    VOICEMAIL = "voicemail"  # a mailbox answers, not a person
    PICKUP = "pickup"  # takes a call that rings at another phone
    PARK = "park"  # leaves a call for another phone to take
    RETRIEVE = "retrieve"  # takes a parked call
    LISTEN = "listen"  # a supervisor listens to a conversation of others


#: An extension's name, or a mailbox, has no more.
MOST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class FeatureCode:
    """A dialled prefix and the number of digits that may follow it."""

    prefix: str
    feature: Feature
    min_digits: int = 0
    max_digits: int = MOST_DIGITS

    def matches(self, number: str) -> bool:
        """Tell whether `number` is this prefix followed by an allowed number of digits."""
        digits = number.removeprefix(self.prefix)
        if digits == number:
            return False
        return self.min_digits <= len(digits) <= self.max_digits and (not digits or digits.isdecimal())


_CODE = re.compile(r"(?P<prefix>[*#][0-9*#]*)=(?P<feature>[a-z]+)(?::(?P<least>[0-9]{1,2})-(?P<most>[0-9]{1,2}))?")
CODE_HELP = f"PREFIX=FEATURE or PREFIX=FEATURE:LEAST-MOST, such as *98=voicemail:0-6; features are {', '.join(Feature)}"


def feature_codes(words: Iterable[str]) -> tuple[FeatureCode, ...]:
    """Return the codes in `words` such as `*98=voicemail` or `*8=pickup:0-4`, where digits may follow the prefix.

    Raises ValueError that names the wrong word.
    """
    codes = []
    for word in words:
        match = _CODE.fullmatch(word)
        if match is None or match["feature"] not in list(Feature):
            raise ValueError(f"{word!r} is not {CODE_HELP}")
        digits = (int(match["least"]), int(match["most"])) if match["least"] else (0, MOST_DIGITS)
        codes.append(FeatureCode(match["prefix"], Feature(match["feature"]), *digits))
    return tuple(codes)


#: Telphin publishes no list of its codes; these are the ones that its customers use.
FEATURE_CODES = (
    FeatureCode("*98", Feature.VOICEMAIL),
    FeatureCode("*8", Feature.PICKUP),
    FeatureCode("*700", Feature.PARK, max_digits=4),
    FeatureCode("*70", Feature.RETRIEVE, min_digits=1, max_digits=4),
    FeatureCode("*55", Feature.LISTEN),
)


@dataclass(frozen=True, slots=True)
class Options:
    """How calls are interpreted.

    `event_limit` distinct events of one call are interpreted; further ones are only stored. With `answer_by_status` a
    phone whose hangup says ANSWER counts as answered although no answer event arrived.
    """

    event_limit: int = 1_000
    answer_by_status: bool = True
    feature_codes: tuple[FeatureCode, ...] = FEATURE_CODES

    def feature(self, number: str) -> Feature | None:
        """Return the feature that `number` dials, by the longest matching prefix, or None."""
        if not number.startswith(("*", "#")):
            return None
        codes = [code for code in self.feature_codes if code.matches(number)]
        return max(codes, key=lambda code: len(code.prefix)).feature if codes else None


DEFAULT_OPTIONS = Options()
