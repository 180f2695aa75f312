"""The phones of the call centre: ringing, talking, transfers, and calls without a queue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from infra.demonstration.webhooks.posts import DOMAIN, Post, TelphinCall, agent_state
from infra.demonstration.webhooks.sounds import recording
from infra.demonstration.webhooks.team import QueueAgent

if TYPE_CHECKING:
    from infra.demonstration.webhooks.call_centre import CallCentre

LONGEST_TALK = 1_800
#: How calls to the outside end, other than by an answer.
UNANSWERED = {"NOANSWER": 14, "BUSY": 8, "CANCEL": 6, "CONGESTION": 2}
ANSWERED = 0.7


@dataclass(eq=False)
class Ring:
    """An agent's phone that rings for a call: since when, and the ids of its leg and of the queue's."""

    call: TelphinCall
    agent: QueueAgent
    since: float
    leg: str
    queue_leg: str = ""
    remote: str = ""

    @property
    def _parties(self) -> dict[str, str]:
        parties = {"CalledNumber": self.agent.extension, "CalledExtension": f"{self.agent.extension}@{DOMAIN}"}
        return {**parties, "RemoteNumber": self.remote} if self.remote else parties

    def dial_in(self) -> Post:
        """Return that the phone begins to ring."""
        return self.call.post(self.since, "dial-in", self.agent.extension, self.leg, **self._parties)

    def answer(self, at: float) -> Post:
        """Return that the agent picks up."""
        return self.call.post(at, "answer", self.agent.extension, self.leg, **self._parties)

    def ended(self, at: float, talk_since: float) -> Post:
        """Return that the talk ends; it was recorded."""
        seconds = at - talk_since
        return self.call.hangup(
            at, self.agent.extension, self.leg, talk_since, RecID=recording(seconds), **self._parties
        )

    def stopped(self, at: float, status: str) -> Post:
        """Return that the phone stops to ring without an answer."""
        return self.call.hangup(at, self.agent.extension, self.leg, self.since, CallStatus=status, **self._parties)

    def queue_leg_ended(self, queue: str, at: float, status: str = "ANSWER") -> Post:
        """Return that the queue's own call to the agent is over."""
        fields = {"CallFlow": "OUT", "CallerIDNum": queue, "CalledNumber": self.agent.extension}
        return self.call.hangup(at, queue, self.queue_leg, self.since, CallStatus=status, **fields)


def talk_seconds(rng: Random) -> float:
    """Return the length of a talk: most are short, some are long."""
    return 5 + min(rng.lognormvariate(5.15, 0.85), LONGEST_TALK)


def back(at: float, agent: QueueAgent) -> Post:
    """Return that an agent comes back from a break."""
    return agent_state(at, agent.extension, agent.person.agent, available=True)


def queue_rings(ring: Ring, queue: str) -> Iterator[Post]:
    """Return that a queue calls an agent, whose phone begins to ring."""
    parties = {"CallerIDNum": queue, "CalledNumber": ring.agent.extension}
    yield ring.call.post(ring.since, "dial-out", queue, ring.queue_leg, **parties)
    yield ring.dial_in()


def stops_ringing(ring: Ring, queue: str, at: float, status: str) -> Iterator[Post]:
    """Return that an agent's phone stops to ring, and with it the queue's call to it."""
    yield ring.stopped(at, status)
    yield ring.queue_leg_ended(queue, at, status)


def transfer(centre: CallCentre, first: Ring, colleague: QueueAgent, at: float) -> tuple[float, list[Post]]:
    """Hand the caller on to a colleague; return when that talk ends, and its webhooks."""
    call = first.call
    ring = Ring(call, colleague, at, call.leg(), remote=call.caller)
    picked_up = at + centre.rng.uniform(2, 8)
    ended = picked_up + talk_seconds(centre.rng)
    colleague.free_since = None
    centre.release(colleague, ended + 10)
    # The phone shows the extension that transfers; RemoteNumber tells who is on the line.
    shown = TelphinCall(centre.rng, first.agent.extension, colleague.extension)
    shown.id = call.id
    ring.call = shown
    return ended, [ring.dial_in(), ring.answer(picked_up), ring.ended(ended, picked_up)]


def outside(centre: CallCentre, at: float, number: str) -> Iterator[Post]:
    """Let a free agent call `number` outside, unless callers wait."""
    free = centre.team.free(at)
    if not free or centre.waiting:
        return
    agent, rng = free[0], centre.rng
    call = TelphinCall(rng, agent.extension, number, did="")
    leg, parties = call.leg(), {"CallFlow": "OUT", "CallerExtension": f"{agent.extension}@{DOMAIN}"}
    yield call.post(at, "dial-out", agent.extension, leg, **parties)
    answered = at + rng.uniform(4, 22)
    if rng.random() < ANSWERED:
        ended = answered + talk_seconds(rng)
        yield call.post(answered, "answer", agent.extension, leg, **parties)
        yield call.hangup(ended, agent.extension, leg, answered, RecID=recording(ended - answered), **parties)
    else:
        ended = answered
        status = rng.choices(list(UNANSWERED), list(UNANSWERED.values()))[0]
        yield call.hangup(ended, agent.extension, leg, at, CallStatus=status, **parties)
    agent.free_since = None
    centre.release(agent, ended + rng.uniform(5, 30))


def direct(centre: CallCentre, at: float, caller: str) -> Iterator[Post]:
    """Let someone call an agent's own number: a free one answers, others are busy or at a break."""
    if not centre.team.at_work:
        return
    rng = centre.rng
    agent = rng.choice(centre.team.at_work)
    call = TelphinCall(rng, caller, agent.extension, did=f"7495123{agent.person.agent:0>4}")
    ring = Ring(call, agent, at, call.leg())
    yield ring.dial_in()
    if agent.free_since is None or agent.free_since > at:
        ended = at + rng.uniform(1, 2)
        yield ring.stopped(ended, "BUSY")
        centre.missed(ended, caller)
        return
    agent.free_since = None
    yield from _rung(centre, ring)


def internal(centre: CallCentre, at: float) -> Iterator[Post]:
    """Let two free agents talk with each other."""
    free = centre.team.free(at)
    if len(free) < 2 or centre.waiting:
        return
    rng, (caller, called) = centre.rng, free[:2]
    call = TelphinCall(rng, caller.extension, called.extension, did="")
    leg, flow = call.leg(), {"CallFlow": "OUT", "CallerExtension": f"{caller.extension}@{DOMAIN}"}
    ring = Ring(call, called, at, call.leg())
    yield call.post(at, "dial-out", caller.extension, leg, **flow)
    caller.free_since = called.free_since = None
    posts = list(_rung(centre, ring))
    yield from (ring.dial_in(), *posts)
    end = posts[-1]
    centre.release(caller, end.at + 5)
    answers = [post.at for post in posts if post.event == "answer"]
    if answers:
        yield call.post(answers[0], "answer", caller.extension, leg, **flow)
        yield call.hangup(end.at, caller.extension, leg, answers[0], **flow)
    else:
        yield call.hangup(end.at, caller.extension, leg, at, CallStatus="CANCEL", **flow)


def _rung(centre: CallCentre, ring: Ring) -> Iterator[Post]:
    """Let the phone of a free agent be picked up, or ring until the caller gives up."""
    rng, at = centre.rng, ring.since
    if rng.random() < 0.12:
        ended = at + rng.uniform(15, 40)
        yield ring.stopped(ended, "CANCEL")
        centre.release(ring.agent, ended + 5)
        return
    picked_up = at + 2 + min(rng.expovariate(1 / 5), 20)
    ended = picked_up + talk_seconds(rng)
    yield ring.answer(picked_up)
    yield ring.ended(ended, picked_up)
    centre.release(ring.agent, ended + rng.uniform(4, 20))
