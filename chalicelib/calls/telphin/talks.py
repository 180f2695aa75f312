"""Decides which phone legs of a Telphin call are conversations, and whose they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from chalicelib.calls.numbers import is_outside
from chalicelib.calls.options import Feature
from chalicelib.calls.telphin.legs import Leg

#: Two phones that pick up within this time compete for one call.
RACE = timedelta(seconds=1)
#: Codes by which a phone takes over a call of another one.
_TAKE_OVER = frozenset({Feature.PICKUP, Feature.RETRIEVE})


class Phones(NamedTuple):
    """The phone legs of a call by their role.

    `talking` may be conversations or forks. `services` reach a function of the PBX instead of a person. `orders` are
    calls that an API placed on behalf of an extension, where others talk. `doubles` maps the key of a calling end of
    an internal conversation to that leg and the leg of the called end, which stands for both.
    """

    talking: tuple[Leg, ...]
    services: tuple[Leg, ...]
    orders: tuple[Leg, ...]
    doubles: dict[tuple[str, str], tuple[Leg, Leg]]


def by_role(legs: Iterable[Leg], machines: Iterable[Leg]) -> Phones:
    """Return the phone `legs` of a call, in order, by their role; `machines` are its IVRs and queues."""
    services, others = _split(legs, _is_service)
    people = _with_take_overs(others)
    doubles = _doubles(people)
    others = [leg for leg in people if leg.key not in doubles]
    orders, others = _without_orders(others, machines)
    talking = _conversations(others)
    by_key = {leg.key: leg for leg in talking}
    ends = {key: (leg, by_key.get(called.key, called)) for key, (leg, called) in doubles.items()}
    return Phones(tuple(talking), tuple(services), orders, ends)


def pick_up_order(leg: Leg) -> tuple[object, ...]:
    """Return the sort key of answered legs: by their pick-up."""
    return (leg.answered or leg.began, leg.key)


def _split(legs: Iterable[Leg], belongs: Callable[[Leg], bool]) -> tuple[list[Leg], list[Leg]]:
    """Return the legs that belong and those that do not, in order."""
    parts: tuple[list[Leg], list[Leg]] = ([], [])
    for leg in legs:
        parts[0 if belongs(leg) else 1].append(leg)
    return parts


def _conversations(legs: Sequence[Leg]) -> list[Leg]:
    """Return `legs`, of which those keep their answer that were conversations."""
    counted = [_without_covered_answer(leg, legs) for leg in legs]
    return [_without_lost_race(leg, counted) for leg in counted]


def _is_service(leg: Leg) -> bool:
    if leg.feature is None:
        return False
    return leg.feature not in _TAKE_OVER or leg.answered is None


def _with_take_overs(legs: Sequence[Leg]) -> list[Leg]:
    """Credit a call that was picked up or retrieved to that phone, with the caller's number."""
    return [_take_over(leg, legs) if leg.feature in _TAKE_OVER else leg for leg in legs]


def _take_over(leg: Leg, legs: Sequence[Leg]) -> Leg:
    taken = leg._replace(incoming=True, a=leg.remote, a_outer=is_outside(leg.remote), b=leg.extension, b_outer=False)
    source = _taken_over(leg, legs)
    if leg.remote or source is None:
        return taken
    return taken._replace(a=source.a, a_name=source.a_name, a_outer=source.a_outer, did=leg.did or source.did)


def _taken_over(leg: Leg, legs: Sequence[Leg]) -> Leg | None:
    """Return the leg that `leg` took over: of the extension that its code names, else the first from outside."""
    rung = [other for other in legs if other.incoming and other.since <= leg.since]
    named = [other for other in rung if leg.called.endswith(other.extension.rpartition("*")[2])]
    return min(named or rung, key=lambda other: (not other.a_outer, other.order), default=None)


def _doubles(legs: Sequence[Leg]) -> dict[tuple[str, str], tuple[Leg, Leg]]:
    """Return the legs of extensions that called others of the same PBX, where the called end is known too."""
    doubles = {}
    for leg in legs:
        ends = [] if leg.incoming or leg.b_outer else [end for end in legs if _are_ends(leg, end)]
        if ends:
            doubles[leg.key] = (leg, min(ends, key=lambda end: (end.answered is None, end.order)))
    return doubles


def _are_ends(leg: Leg, end: Leg) -> bool:
    """Tell whether `leg` called and `end` was called in one conversation.

    The dialled number may be a group's or a queue's, so the caller decides and not the number. An answered leg is not
    given up for an unanswered one.
    """
    if not end.incoming or leg.extension == end.extension or leg.extension not in {end.a, end.caller}:
        return False
    return leg.answered is None or end.answered is not None


def _without_orders(legs: Sequence[Leg], machines: Iterable[Leg]) -> tuple[tuple[Leg, ...], list[Leg]]:
    """Separate the order of an API (CallBackID) from the conversation that it made, if other phones took part.

    An IVR may be the initiator, too.
    """
    orders, others = _split(legs, is_order)
    if not others:
        return (), [_between_outside_parties(order) for order in orders]
    placed = [*orders, *filter(is_order, machines)]
    return tuple(orders), [_with_ordered_party(leg, placed[0]) for leg in others] if placed else others


def is_order(leg: Leg) -> bool:
    """Tell whether the PBX dialled this leg on behalf of the extension, by an order of the API."""
    return bool(leg.callback) and not leg.incoming and not leg.replacing


def _between_outside_parties(order: Leg) -> Leg:
    """Return the only leg of an ordered call: the outside party is the caller unless it was the one called."""
    if order.b_outer or not is_outside(order.caller):
        return order
    return order._replace(a=order.caller, a_outer=True)


def _with_ordered_party(leg: Leg, order: Leg) -> Leg:
    """Name the outside party of an order as the caller of a leg that the initiator seems to call."""
    outside = next((number for number in (order.b, order.caller) if is_outside(number)), "")
    if not (leg.incoming and outside and leg.a in {"", order.extension}):
        return leg
    return leg._replace(a=outside, a_outer=True)


def _without_covered_answer(leg: Leg, legs: Iterable[Leg]) -> Leg:
    """Drop an answer that only the hangup's status reports while another phone that rang was talking all along."""
    if leg.by_status and any(_covers(other, leg) for other in legs):
        return leg._replace(answered=None, by_status=False)
    return leg


def _covers(other: Leg, leg: Leg) -> bool:
    if not (other.incoming and other.answered and leg.answered) or other.by_status or other.key == leg.key:
        return False
    return other.answered <= leg.answered and _lasts_until(other, leg)


def _lasts_until(other: Leg, leg: Leg) -> bool:
    return other.ended is None or (leg.ended is not None and other.ended >= leg.ended)


def _without_lost_race(leg: Leg, legs: Iterable[Leg]) -> Leg:
    """Drop the answer of a phone that picked up together with another one and was gone at once."""
    if leg.incoming and _is_gone_at_once(leg) and any(_wins_race(other, leg) for other in legs):
        return leg._replace(answered=None, by_status=False)
    return leg


def _is_gone_at_once(leg: Leg) -> bool:
    return leg.answered is not None and leg.ended is not None and leg.ended - leg.answered <= RACE


def _wins_race(other: Leg, leg: Leg) -> bool:
    if not (other.incoming and other.answered and leg.answered) or other.key == leg.key:
        return False
    return abs(other.answered - leg.answered) <= RACE and not _is_gone_at_once(other)
