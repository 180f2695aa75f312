"""The days of the branch office: how many calls each has, and the play of one."""

from __future__ import annotations

from datetime import timedelta

from infra.demonstration import scenes, shift, surroundings
from infra.demonstration.calls import BYE_A, Conversation, Dial, StagedCall, route, success
from infra.demonstration.centre import LINES, Centre, CentreClock
from infra.demonstration.scenes import Day

SATURDAY = 5
WEEKEND_SHARE = 0.3

# Calls by hour of the day, in UTC; there are none at night.
HOURS = {6: 5, 7: 9, 8: 12, 9: 12, 10: 10, 11: 7, 12: 8, 13: 10, 14: 10, 15: 8, 16: 5, 17: 3}

# The calls of the protocol's example: identifier and seconds of talk.
EXAMPLE = (("a72866b5-0631-87dd-2624-0900000334b5", 19), ("cb1a456e-0631-883c-c444-5c00000334b5", 22))
EXAMPLE_CALLER = "205"
EXAMPLE_NUMBER = "375291831767"


def quotas(clock: CentreClock, days: int, calls: int, *, level: bool) -> list[int]:
    """Return the number of calls of each day; the sum is `calls`."""
    weekdays = ((clock.start + timedelta(day)).weekday() for day in range(days))
    weights = [WEEKEND_SHARE if weekday >= SATURDAY and not level else 1.0 for weekday in weekdays]
    total, reached, quotas = sum(weights), 0.0, list[int]()
    for weight in weights:
        reached += weight
        quotas.append(round(calls * reached / total) - sum(quotas))
    return quotas


def play(centre: Centre, midnight: int, quota: int) -> None:
    """Play a whole day with exactly `quota` calls."""
    share = centre.rng.uniform(0.7, 0.9)
    # The caller of the example's calls works on the first day and, for simplicity, on every other day.
    working = [agent for agent in centre.agents if agent.login == EXAMPLE_CALLER or centre.chance(share)]
    day = Day(centre, working)
    shift.begin(centre, midnight, working)
    surroundings.outage(day, midnight)
    surroundings.conference(day, midnight)
    surroundings.alerts(day, midnight)
    if midnight == 0:
        quota -= _example(day)
    moments = sorted(_moments(centre, midnight, quota))
    left = quota
    while left > 0:
        # A transfer makes a second record, so there is one call fewer.
        day.transfers = left > 1
        left -= scenes.play(day, moments[quota - left])
    shift.finish(centre, midnight, working)


def _moments(centre: Centre, midnight: int, count: int) -> list[int]:
    hours = centre.rng.choices(list(HOURS), weights=list(HOURS.values()), k=count)
    return [midnight + hour * 3600 + centre.below(3600) for hour in hours]


def _example(day: Day) -> int:
    """Play the two calls of the protocol's example, before all others; return their number."""
    centre, line = day.centre, LINES[0]
    caller = next(agent for agent in day.working if agent.login == EXAMPLE_CALLER)
    at = caller.free_at + 1
    for identifier, seconds in EXAMPLE:
        call = StagedCall(identifier, at, caller.party(), EXAMPLE_NUMBER)
        talk = Conversation(at + 7, at + 7 + seconds, BYE_A)
        route(centre, call, at, "outer", providercode=line.code)
        success(centre, call, Dial(line.party(EXAMPLE_NUMBER), at, (line.address,)), talk)
        shift.occupy(centre, caller, ("busy", at), ("registered", talk.stopped))
        at = caller.free_at + 60
    return len(EXAMPLE)
