"""The outside party of a Telphin call, and the conversations in which it remains after a transfer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from chalicelib.calls.telphin.legs import Leg
from chalicelib.calls.telphin.talks import Phones


class Party(NamedTuple):
    """The outside party of a call; without a number, if there is none or it hides its number."""

    number: str = ""
    name: str = ""


def outside_party(legs: Iterable[Leg]) -> Party:
    """Return the first party from outside that called, else the first that was called."""
    ordered = sorted(legs, key=attrgetter("order"))
    callers = [Party(leg.a, leg.a_name) for leg in ordered if leg.a_outer and leg.a]
    return next(iter([*callers, *(Party(leg.b) for leg in ordered if leg.b_outer)]), Party())


def with_remaining_party(phones: Phones, outside: Party) -> Phones:
    """Name the outside party as the caller of legs whose caller had left the call when they were picked up.

    RemoteNumber tells that usually. Without it, an extension that has hung up everywhere in the call has transferred
    it: the conversation is not with that extension.
    """
    if not outside.number:
        return phones
    ends = _ends_by_extension((*phones.talking, *phones.orders, *(leg for leg, _called in phones.doubles.values())))
    talking = [_transferred(leg, outside) if _has_left(leg, ends) else leg for leg in phones.talking]
    return phones._replace(talking=tuple(talking))


def _ends_by_extension(legs: Iterable[Leg]) -> Mapping[str, Sequence[datetime | None]]:
    ends: dict[str, list[datetime | None]] = defaultdict(list)
    for leg in legs:
        ends[leg.extension].append(leg.ended)
    return ends


def _has_left(leg: Leg, ends: Mapping[str, Sequence[datetime | None]]) -> bool:
    """Tell whether the calling extension has hung up each of its legs before `leg` was picked up."""
    if not (leg.incoming and leg.answered) or leg.a_outer or leg.a not in ends:
        return False
    return all(end is not None and end <= leg.answered for end in ends[leg.a])


def _transferred(leg: Leg, outside: Party) -> Leg:
    return leg._replace(a=outside.number, a_name=outside.name, a_outer=True, replacing=True)
