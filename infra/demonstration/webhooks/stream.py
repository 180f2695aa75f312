"""The whole demonstration as one stream of webhooks in order of time: the call centre and the shop."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from operator import attrgetter
from random import Random

from infra.demonstration.webhooks.call_centre import CallCentre
from infra.demonstration.webhooks.plan import ContinuedPlan, Plan, SteadyPlan
from infra.demonstration.webhooks.posts import Post
from infra.demonstration.webhooks.shop import Shop
from infra.demonstration.webhooks.staff import MOST_PEOPLE, StaffMember, person

DAY = 86_400
#: The part of all calls that goes to the shop.
SHOP_SHARE = 0.1
#: The live part has so many calls a minute, whatever the hour.
LIVE_CALLS_A_MINUTE = 3.0
FEWEST_PEOPLE = 20


def people(calls_a_day: float) -> list[StaffMember]:
    """Return the team that such a number of calls needs, with those who rest or are off duty."""
    peak = Plan(calls_a_day * (1 - SHOP_SHARE)).largest_team
    return [person(place) for place in range(min(max(FEWEST_PEOPLE, 3 * peak), MOST_PEOPLE))]


def month(rng: Random, calls_a_day: float, began: float, until: float) -> Iterator[Post]:
    """Return the webhooks of the time from `began` until no further call begins, and all those calls have ended."""
    centre = CallCentre(rng, Plan(calls_a_day * (1 - SHOP_SHARE)), people(calls_a_day), until)
    shop = Shop(rng, _shop_plan(calls_a_day), centre.callers, until)
    return _together(centre, shop, began)


def continued(rng: Random, calls_a_day: float, began: float, now: float) -> Iterator[Post]:
    """Return the webhooks from `began` on, without an end: after `now` they are those of the live part."""
    plan = ContinuedPlan(Plan(calls_a_day * (1 - SHOP_SHARE)), _steady(1 - SHOP_SHARE), now)
    shop_plan = ContinuedPlan(_shop_plan(calls_a_day), _steady(SHOP_SHARE), now)
    centre = CallCentre(rng, plan, people(calls_a_day), math.inf)
    centre.agenda.at(now, centre.change_shifts)
    return _together(centre, Shop(rng, shop_plan, centre.callers, math.inf), began)


def live(rng: Random, calls_a_day: float, now: float) -> Iterator[Post]:
    """Return the webhooks from now on, without an end."""
    centre = CallCentre(rng, _steady(1 - SHOP_SHARE), people(calls_a_day), math.inf)
    shop = Shop(rng, _steady(SHOP_SHARE), centre.callers, math.inf)
    return _together(centre, shop, now)


def _steady(share: float) -> SteadyPlan:
    return SteadyPlan(LIVE_CALLS_A_MINUTE / 60 * share)


def _shop_plan(calls_a_day: float) -> Plan:
    """Return the plan of the shop, which is open by day however few people call."""
    return Plan(calls_a_day * SHOP_SHARE, least_work=0)


def _together(centre: CallCentre, shop: Shop, began: float) -> Iterator[Post]:
    centre.begin(began)
    shop.begin(began)
    return heapq.merge(centre.agenda.run(), shop.agenda.run(), key=attrgetter("at"))
