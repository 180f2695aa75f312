"""The shop on MTT: calls to its number are redirected to one mobile phone after the other, until one answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from infra.demonstration.webhooks.agenda import Agenda
from infra.demonstration.webhooks.call_centre import Demand
from infra.demonstration.webhooks.phones import talk_seconds
from infra.demonstration.webhooks.posts import MttCall, Post
from infra.demonstration.webhooks.staff import Callers

MOBILES = ("79684881033", "79684881034")
NORMAL, BUSY, NO_ANSWER = "16", "17", "19"
#: The parts of the calls that a free mobile phone answers, and of those who got no answer and call again soon.
ANSWERED, AGAIN = 0.75, 0.5


class Shop:
    """The simulated shop; no call begins after `until`. Each mobile phone has one call at a time."""

    def __init__(self, rng: Random, demand: Demand, callers: Callers, until: float) -> None:
        """Let people call as `demand` plans."""
        self.agenda = Agenda()
        self._rng = rng
        self._demand = demand
        self._callers = callers
        self._until = until
        self._busy_until = dict.fromkeys(MOBILES, 0.0)

    def begin(self, at: float) -> None:
        """Begin with calls at `at`, in seconds since 1970."""
        self.agenda.at(at + self._gap(), self._next_call)

    def _gap(self) -> float:
        return self._rng.expovariate(self._demand.highest_rate)

    def _next_call(self, at: float) -> Iterable[Post]:
        if at >= self._until:
            return ()
        self.agenda.at(at + self._gap(), self._next_call)
        if self._rng.random() * self._demand.highest_rate > self._demand.rate(at):
            return ()
        return self._call(at, self._callers.next())

    def _call(self, at: float, caller: str) -> Iterator[Post]:
        call, answered = MttCall.new(self._rng, caller), ANSWERED if self._demand.positions(at) else 0.0
        yield call.post(at, "sp", "", "A")
        at += self._rng.uniform(4, 8)
        yield call.post(at, "ep", "", "A")
        for mobile in MOBILES:
            at += 1
            yield call.post(at, "o", mobile)
            if self._busy_until[mobile] > at:
                at += 2
                yield call.post(at, "h", mobile, "B", BUSY)
            elif self._rng.random() < answered:
                yield from self._talk(at, call, mobile)
                return
            elif self._rng.random() < 0.4:
                at += self._rng.uniform(5, 20)
                yield call.post(at, "h", mobile, "A", NORMAL)
                break
            else:
                at += 25
                yield call.post(at, "h", mobile, "B", NO_ANSWER)
        self._missed(at, caller)

    def _missed(self, at: float, caller: str) -> None:
        again = at + self._rng.uniform(60, 1_800)
        if again < self._until and self._rng.random() < AGAIN and self._callers.again(caller):
            self.agenda.at(again, lambda now: self._call(now, caller))

    def _talk(self, at: float, call: MttCall, mobile: str) -> Iterator[Post]:
        picked_up = at + self._rng.uniform(3, 15)
        ended = picked_up + 1 + talk_seconds(self._rng)
        self._busy_until[mobile] = ended + 5
        yield call.post(picked_up, "s", mobile)
        yield call.post(picked_up + 1, "t", mobile)
        yield call.post(ended, "h", mobile, self._rng.choice("AB"), NORMAL)
