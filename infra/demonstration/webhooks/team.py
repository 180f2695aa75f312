"""The agents at work: their shifts and breaks, and who is free for how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from infra.demonstration.webhooks.posts import Post, agent_state
from infra.demonstration.webhooks.staff import StaffMember

LONGEST_SHIFT = 8 * 3_600
BREAK_EVERY = 2 * 3_600
BREAK_SECONDS = (420, 1_500)


@dataclass(eq=False)
class QueueAgent:
    """Someone at work: until when, when the next break is due, and since when they are free (None while busy)."""

    person: StaffMember
    until: float
    break_at: float
    free_since: float | None
    leaves: bool = False

    @property
    def extension(self) -> str:
        """The phone."""
        return self.person.extension


class Team:
    """Everyone who can work; `at_work` are the agents whose shift has begun."""

    def __init__(self, rng: Random, people: list[StaffMember]) -> None:
        """Begin with everyone off duty."""
        self.at_work: list[QueueAgent] = []
        self._rng = rng
        self._rested = list(people)

    def change(self, at: float, wanted: int) -> Iterator[Post]:
        """End shifts that are over, and begin as many as are wanted; busy agents leave after their call."""
        for agent in [agent for agent in self.at_work if agent.until <= at]:
            yield from self.send_home(agent, at)
        staying = [agent for agent in self.at_work if not agent.leaves]
        for agent in staying[wanted:]:
            yield from self.send_home(agent, at)
        for _ in range(min(wanted - len(staying), len(self._rested))):
            yield self._begin(at)

    def free(self, at: float) -> list[QueueAgent]:
        """Return the agents who can take a call at `at`, the one who waits longest first."""
        waiting = [agent for agent in self.at_work if agent.free_since is not None and agent.free_since <= at]
        return sorted(waiting, key=lambda agent: agent.free_since or 0)

    def send_home(self, agent: QueueAgent, at: float) -> Iterator[Post]:
        """End the shift of an agent: now, or after the call."""
        agent.leaves = True
        if agent.free_since is not None:
            self.at_work.remove(agent)
            self._rested.append(agent.person)
            yield agent_state(at, agent.extension, agent.person.agent, available=False)

    def begin_break(self, agent: QueueAgent, at: float) -> tuple[float, Post]:
        """Take an agent out of the queues; return when the break ends."""
        ends = at + self._rng.uniform(*BREAK_SECONDS)
        agent.break_at = ends + BREAK_EVERY
        agent.free_since = None
        return ends, agent_state(at, agent.extension, agent.person.agent, available=False)

    def _begin(self, at: float) -> Post:
        person = self._rested.pop(0)
        first_break = at + self._rng.uniform(0.6, 1.4) * BREAK_EVERY
        self.at_work.append(QueueAgent(person, at + LONGEST_SHIFT * self._rng.uniform(0.8, 1), first_break, at))
        return agent_state(at, person.extension, person.agent, available=True)
