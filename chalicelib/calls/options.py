"""Settings that decide how events become calls."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Feature(StrEnum):
    """A PBX function that a phone reaches by dialling a code."""

    VOICEMAIL = "voicemail"  # a mailbox answers, not a person
    PICKUP = "pickup"  # takes a call that rings at another phone
    PARK = "park"  # leaves a call for somebody else to take
    RETRIEVE = "retrieve"  # takes a parked call
    LISTEN = "listen"  # a supervisor listens to a conversation of others


@dataclass(frozen=True, slots=True)
class FeatureCode:
    """A dialled prefix and the number of digits that may follow it."""

    prefix: str
    feature: Feature
    min_digits: int = 0
    max_digits: int = 6

    def matches(self, number: str) -> bool:
        """Tell whether `number` is this prefix followed by an allowed number of digits."""
        digits = number.removeprefix(self.prefix)
        if digits == number:
            return False
        return self.min_digits <= len(digits) <= self.max_digits and (not digits or digits.isdecimal())


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
