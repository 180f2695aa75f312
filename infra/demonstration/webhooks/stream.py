"""The whole demonstration as one stream of webhooks in order of time: the call centre and the shop."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from operator import attrgetter
from random import Random

from infra.demonstration.webhooks.call_centre import CallCentre
from infra.demonstration.webhooks.plan import LOAD, WORK, Plan, SteadyPlan
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
    peak = math.ceil(Plan(calls_a_day * (1 - SHOP_SHARE)).highest_rate * WORK / LOAD)
    return [person(place) for place in range(min(max(FEWEST_PEOPLE, 3 * peak), MOST_PEOPLE))]


def month(rng: Random, calls_a_day: float, began: float, until: float) -> Iterator[Post]:
    """Return the webhooks of the time from `began` until no further call begins, and all those calls have ended."""
    centre = CallCentre(rng, Plan(calls_a_day * (1 - SHOP_SHARE)), people(calls_a_day), until)
    shop = Shop(rng, Plan(calls_a_day * SHOP_SHARE), centre.callers, until)
    return _together(centre, shop, began)


def live(rng: Random, calls_a_day: float, now: float) -> Iterator[Post]:
    """Return the webhooks from now on, without an end."""
    rate = LIVE_CALLS_A_MINUTE / 60
    centre = CallCentre(rng, SteadyPlan(rate * (1 - SHOP_SHARE)), people(calls_a_day), math.inf)
    shop = Shop(rng, SteadyPlan(rate * SHOP_SHARE), centre.callers, math.inf)
    return _together(centre, shop, now)


def _together(centre: CallCentre, shop: Shop, began: float) -> Iterator[Post]:
    centre.begin(began)
    shop.begin(began)
    return heapq.merge(centre.agenda.run(), shop.agenda.run(), key=attrgetter("at"))
