"""The simulated call centre is plausible: measured in its webhooks, for large and small demonstrations."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple
from urllib.parse import parse_qsl

import pytest

from infra.demonstration.webhooks import stream
from infra.demonstration.webhooks.call_centre import IVR, QUEUES
from infra.demonstration.webhooks.plan import ContinuedPlan, Plan, SteadyPlan
from infra.demonstration.webhooks.posts import Post

#: A Friday, 15:00 UTC.
NOW = datetime(2026, 11, 27, 15, tzinfo=UTC).timestamp()
DAYS = 30
SATURDAY = 5


class Event(NamedTuple):
    """A webhook of Telphin and its fields."""

    post: Post
    fields: dict[str, str]


class Month:
    """The webhooks of a month with so many calls."""

    def __init__(self, calls: int) -> None:
        """Simulate it."""
        posts = stream.month(Random(1), calls / DAYS, NOW - DAYS * stream.DAY, NOW)
        telphin = (post for post in posts if post.provider == "telphin")
        self.events = [Event(post, dict(parse_qsl(post.body.decode()))) for post in telphin]

    def ends(self, sender: str) -> list[Event]:
        """Return the ends of the incoming calls at the menu or a queue."""
        return [each for each in self.events if each.post.sender == sender and "Bridged" in each.fields]

    def occupancy(self) -> float:
        """Return the part of the agents' time at work in which their phones ring or are used."""
        at_work = busy = 0.0
        begun: dict[str, float] = {}
        for post, fields in self.events:
            key = fields.get("SubCallID", post.sender)
            if post.event in {"agent-login", "dial-in", "dial-out"} and not _is_way_in(post):
                begun[key] = post.at
            elif post.event == "agent-logout":
                # A break and the end of the shift that it runs into are two ends.
                at_work += post.at - begun.pop(key, post.at)
            elif post.event == "hangup" and not _is_way_in(post):
                busy += post.at - begun.pop(key)
        return busy / at_work


def _is_way_in(post: Post) -> bool:
    return post.sender == IVR or post.sender in QUEUES


@pytest.fixture(scope="module")
def ordinary() -> Month:
    """Return the month of the default demonstration, at half its size."""
    return Month(4_000)


@pytest.mark.parametrize(("calls", "least"), [(1_500, 0.3), (4_000, 0.4)])
def test_agents_have_enough_to_do(calls: int, least: float) -> None:
    """Agents are occupied for a plausible part of their shifts; one alone in a small centre has less to do."""
    assert least <= Month(calls).occupancy() <= 0.85


def test_few_callers_give_up(ordinary: Month) -> None:
    """Most callers of the queues are answered, and some give up."""
    ends = Counter(end.fields["Bridged"] for queue in QUEUES for end in ordinary.ends(queue))

    assert 0.03 < ends["no"] / ends.total() < 0.2


def test_missed_callers_call_again_or_are_called(ordinary: Month) -> None:
    """Within a day, a part of the missed callers reaches an agent, and a part is called back."""
    reached, called = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for end in ordinary.ends(IVR):
        if end.fields["Bridged"] == "yes":
            reached[end.fields["CallerIDNum"]].append(end.post.at)
    for post, fields in ordinary.events:
        if post.event == "dial-out" and not _is_way_in(post):
            called[fields["CalledNumber"]].append(post.at)
    missed = [(end.post.at, end.fields["CallerIDNum"]) for end in ordinary.ends(IVR) if end.fields["Bridged"] == "no"]

    def share(calls: dict[str, list[float]]) -> float:
        followed = [any(at < later < at + stream.DAY for later in calls.get(number, ())) for at, number in missed]
        return sum(followed) / len(followed)

    assert share(reached) > 0.15
    assert share(called) > 0.15


def test_nobody_calls_all_the_time(ordinary: Month) -> None:
    """Most numbers call once, some a few times."""
    calls = Counter(Counter(end.fields["CallerIDNum"] for end in ordinary.ends(IVR)).values())

    assert max(calls) <= 10
    assert 0.5 < calls[1] / calls.total() < 0.95


def test_people_work_by_day(ordinary: Month) -> None:
    """Shifts begin in the morning and end in the evening; weekends are quieter."""
    shifts = [post for post, _ in ordinary.events if post.event == "agent-login"]
    menus = Counter(datetime.fromtimestamp(end.post.at, UTC).weekday() >= SATURDAY for end in ordinary.ends(IVR))

    assert all(5 <= datetime.fromtimestamp(post.at, UTC).hour < 20 for post in shifts)
    assert menus[True] / 2 < 0.6 * menus[False] / 5


def test_a_closed_centre_has_nobody_at_work() -> None:
    """At night a plan has no agents and few calls, and its rates add up to the calls of a week."""
    plan = Plan(280)
    hours = [plan.rate(NOW + hour * 3_600) * 3_600 for hour in range(168)]

    assert sum(hours) == pytest.approx(7 * 280)
    assert plan.positions(NOW) >= 2
    assert plan.positions(NOW + 9 * 3_600) == 0


def test_the_live_part_follows_on_the_month() -> None:
    """Before its end the month's plan holds, afterwards the steady one, at any hour."""
    night = NOW + 9 * 3_600
    plan = ContinuedPlan(Plan(280), SteadyPlan(0.05), night)

    assert plan.positions(night - 1) == 0
    assert plan.positions(night) > 0
    assert plan.rate(night) == 0.05
