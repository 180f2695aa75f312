"""The call centre on Telphin: callers wait in queues until an agent is free, and give up when it takes too long."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from infra.demonstration.webhooks import phones
from infra.demonstration.webhooks.agenda import Agenda
from infra.demonstration.webhooks.phones import Ring
from infra.demonstration.webhooks.posts import Post, TelphinCall
from infra.demonstration.webhooks.staff import CLIENT, Callers, StaffMember
from infra.demonstration.webhooks.team import QueueAgent, Team

IVR = f"{CLIENT}*099"
QUEUES = {f"{CLIENT}*200": 5, f"{CLIENT}*210": 4, f"{CLIENT}*220": 2}
#: What a call at a phone of the team is: to a queue, by an agent to the outside, to an agent directly, between agents.
KINDS = {"queue": 70, "outside": 20, "direct": 6, "internal": 4}
SHIFT_STEP = 900
#: The first call comes after so many seconds at most.
FIRST_CALL = 5
RING_LIMIT = 15
#: Seconds until a call back is tried again: while all agents are busy, and while the centre is closed.
BUSY_PAUSE, CLOSED_PAUSE = 120, 1_800
TRANSFERS = 0.12


class Demand(Protocol):
    """A plan of calls and shifts."""

    @property
    def highest_rate(self) -> float:
        """The calls a second at the busiest hour."""

    def rate(self, at: float) -> float:
        """Return the expected calls a second."""

    def positions(self, at: float) -> int:
        """Return how many agents are to be at work."""


@dataclass(eq=False)
class Waiting:
    """A caller in a queue: since when, and the phone that rings for the caller now."""

    call: TelphinCall
    queue: str
    menu_since: float
    since: float
    menu_leg: str
    queue_leg: str
    tries: int
    ring: Ring | None = None
    over: bool = False


@dataclass
class CallCentre:
    """The simulated call centre; no call begins after `until`."""

    rng: Random
    demand: Demand
    people: list[StaffMember]
    until: float
    agenda: Agenda = field(default_factory=Agenda)
    waiting: deque[Waiting] = field(default_factory=deque)

    def __post_init__(self) -> None:
        """Let the team in, before the first call."""
        self.team = Team(self.rng, self.people)
        self.callers = Callers(self.rng)

    def begin(self, at: float) -> None:
        """Begin with shifts and calls at `at`, in seconds since 1970."""
        self.agenda.at(at, self._next_shifts)
        self.agenda.at(at + min(self._gap(), FIRST_CALL), self._next_call)

    def change_shifts(self, at: float) -> Iterator[Post]:
        """Let as many agents be at work as the plan has at `at`."""
        yield from self.team.change(at, self.demand.positions(at))
        yield from self._serve(at)

    def _next_shifts(self, at: float) -> Iterable[Post]:
        if at >= self.until:
            return ()
        self.agenda.at(at + SHIFT_STEP, self._next_shifts)
        return self.change_shifts(at)

    def release(self, agent: QueueAgent, at: float) -> None:
        """Let an agent be free from `at` on, once the last call is written up."""
        self.agenda.at(at, lambda now: self._is_free(agent, now))

    def _is_free(self, agent: QueueAgent, at: float) -> Iterator[Post]:
        agent.free_since = at
        if agent.leaves and not self.waiting:
            yield from self.team.send_home(agent, at)
        elif agent.break_at <= at and not self.waiting:
            ends, post = self.team.begin_break(agent, at)
            self.agenda.at(ends, lambda now: self._returns(agent, now))
            yield post
        else:
            yield from self._serve(at)

    def _returns(self, agent: QueueAgent, at: float) -> Iterator[Post]:
        if not agent.leaves:
            yield phones.back(at, agent)
        yield from self._is_free(agent, at)

    def _gap(self) -> float:
        return self.rng.expovariate(self.demand.highest_rate)

    def _next_call(self, at: float) -> Iterable[Post]:
        if at >= self.until:
            return ()
        self.agenda.at(at + self._gap(), self._next_call)
        if self.rng.random() * self.demand.highest_rate > self.demand.rate(at):
            return ()
        kind = self.rng.choices(list(KINDS), list(KINDS.values()))[0]
        begin = {
            "queue": lambda: self._dial_in(at, self.callers.next(), 1),
            "outside": lambda: phones.outside(self, at, self.callers.next()),
            "direct": lambda: phones.direct(self, at, self.callers.next()),
            "internal": lambda: phones.internal(self, at),
        }
        return begin[kind]()

    def _dial_in(self, at: float, caller: str, tries: int) -> Iterator[Post]:
        queue = self.rng.choices(list(QUEUES), list(QUEUES.values()))[0]
        call = TelphinCall(self.rng, caller, IVR)
        menu_leg, in_menu = call.leg(), self.rng.uniform(5, 16)
        yield call.post(at, "dial-in", IVR, menu_leg)
        closed = self._is_closed(at)
        if closed or self.rng.random() < 0.03:
            # The menu tells that the centre is closed, or the caller has the wrong number.
            ended = at + (in_menu if closed else in_menu * self.rng.random())
            yield call.hangup(ended, IVR, menu_leg, at, CallStatus="CANCEL", Bridged="no")
            if closed:
                self.missed(ended, caller, tries)
            return
        caller_in_queue = Waiting(call, queue, at, at + in_menu, menu_leg, call.leg(), tries)
        self.agenda.at(at + in_menu, lambda now: self._enter(now, caller_in_queue))

    def _enter(self, at: float, caller: Waiting) -> Iterator[Post]:
        caller.since = at
        yield caller.call.post(at, "dial-in", caller.queue, caller.queue_leg, CalledNumber=caller.queue)
        self.waiting.append(caller)
        patience = self.rng.lognormvariate(5.4, 0.8)
        self.agenda.at(at + 8 + patience, lambda now: self._give_up(now, caller))
        yield from self._serve(at)

    def _serve(self, at: float) -> Iterator[Post]:
        """Ring the phones of free agents for the callers who wait, in order."""
        free = self.team.free(at)
        while self.waiting and free:
            yield from self._ring(at, self.waiting.popleft(), free.pop(0))

    def _ring(self, at: float, caller: Waiting, agent: QueueAgent) -> Iterator[Post]:
        ring = Ring(caller.call, agent, at, caller.call.leg(), caller.call.leg())
        caller.ring, agent.free_since = ring, None
        yield from phones.queue_rings(ring, caller.queue)
        if self.rng.random() < 0.04:
            self.agenda.at(at + RING_LIMIT, lambda now: self._not_taken(now, caller, ring))
        else:
            pick_up = at + 2 + min(self.rng.expovariate(1 / 4), RING_LIMIT - 3)
            self.agenda.at(pick_up, lambda now: self._pick_up(now, caller, ring))

    def _not_taken(self, at: float, caller: Waiting, ring: Ring) -> Iterator[Post]:
        if caller.over or caller.ring is not ring:
            return
        yield from phones.stops_ringing(ring, caller.queue, at, "NOANSWER")
        caller.ring = None
        self.release(ring.agent, at + 60)
        self.waiting.appendleft(caller)
        yield from self._serve(at)

    def _give_up(self, at: float, caller: Waiting) -> Iterator[Post]:
        if caller.over:
            return
        caller.over = True
        if caller.ring:
            yield from phones.stops_ringing(caller.ring, caller.queue, at, "CANCEL")
            self.release(caller.ring.agent, at + 2)
        else:
            self.waiting.remove(caller)
        yield from self._leave(at, caller, "CANCEL", "no")
        self.missed(at, caller.call.caller, caller.tries)

    def missed(self, at: float, number: str, tries: int = 1) -> None:
        """Let a caller without an answer try again, or be called back; a third of them do neither."""
        if tries < 3 and self.rng.random() < 0.4 and self.callers.again(number):
            self.agenda.at(at + self.rng.uniform(60, 1_200), lambda now: self._comes_back(now, number, tries))
        elif self.rng.random() < 0.55:
            self.agenda.at(at + self.rng.uniform(300, 7_200), lambda now: self._call_back(now, number))

    def _is_closed(self, at: float) -> bool:
        return not self.team.at_work and not self.demand.positions(at)

    def _comes_back(self, at: float, number: str, tries: int) -> Iterable[Post]:
        if at >= self.until:
            return ()
        if self._is_closed(at):
            later = at + CLOSED_PAUSE * self.rng.uniform(0.5, 1.5)
            self.agenda.at(later, lambda now: self._comes_back(now, number, tries))
            return ()
        return self._dial_in(at, number, tries + 1)

    def _call_back(self, at: float, number: str) -> Iterable[Post]:
        if at >= self.until:
            return ()
        if self.waiting or not self.team.free(at):
            pause = CLOSED_PAUSE if self._is_closed(at) else BUSY_PAUSE
            self.agenda.at(at + pause * self.rng.uniform(0.5, 1.5), lambda now: self._call_back(now, number))
            return ()
        return phones.outside(self, at, number)

    def _leave(self, at: float, caller: Waiting, status: str, bridged: str) -> Iterator[Post]:
        call, end = caller.call, {"CallStatus": status, "Bridged": bridged}
        yield call.hangup(at, caller.queue, caller.queue_leg, caller.since, CalledNumber=caller.queue, **end)
        yield call.hangup(at, IVR, caller.menu_leg, caller.menu_since, **end)

    def _pick_up(self, at: float, caller: Waiting, ring: Ring) -> Iterator[Post]:
        if caller.over:
            return
        caller.over = True
        yield ring.answer(at)
        ended = at + phones.talk_seconds(self.rng)
        self.agenda.at(ended, lambda now: self._talk_ends(now, caller, ring, at))

    def _talk_ends(self, at: float, caller: Waiting, ring: Ring, since: float) -> Iterator[Post]:
        yield ring.ended(at, since)
        yield ring.queue_leg_ended(caller.queue, at)
        self.release(ring.agent, at + self.rng.uniform(4, 25))
        colleagues = self.team.free(at) if self.rng.random() < TRANSFERS else []
        if colleagues:
            # The caller leaves the queue when the colleague's talk ends.
            at, transferred = phones.transfer(self, ring, colleagues[0], at)
            yield from transferred
        yield from self._leave(at, caller, "ANSWER", "yes")
