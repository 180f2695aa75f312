"""The answers of the entity `operational`. Times are UTC in ISO 8601, durations are whole seconds."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from chalicelib.platform.models import DeferredModel


class _Answer(DeferredModel):
    """A part of an answer."""

    model_config = ConfigDict(extra="forbid")


class _Present(_Answer):
    """An answer about the present."""

    at: str = Field(description="when the answer was made; not part of its ETag")
    zone: str = Field(description="the site's time zone, in which its days begin")
    last_event_at: str | None = Field(description="when the last webhook was accepted; null if none ever was")


class LegState(_Answer):
    """The part of one device in a live call."""

    extension: str
    person: str | None = Field(description="the name behind the extension, if it is known")
    device: str = Field(description="phone, ivr, queue, or empty if the PBX does not tell")
    state: Literal["ringing", "dialling", "waiting", "talking"]
    since: str = Field(description="when the state began")
    seconds: int = Field(description="how long it lasts; not part of the ETag")
    from_number: str
    to_number: str


class CallState(_Answer):
    """A call that goes on now."""

    chain: str = Field(description="the provider's id of the call; `chain` of the tables' rows once it is over")
    provider: str
    state: Literal["ringing", "dialling", "waiting", "talking"] = Field(description="the furthest state of its legs")
    from_number: str
    to_number: str
    since: str = Field(description="when the call began")
    seconds: int
    stale: bool = Field(description="it waits or rings for an hour, or talks for the closing age: its end may be lost")
    reported_at: str = Field(description="when the last event of the call was accepted")
    legs: list[LegState]


class Calls(_Present):
    """The live calls, longest first."""

    calls: list[CallState]


class WaitingCaller(_Answer):
    """A caller who waits in a queue."""

    chain: str
    number: str
    since: str
    seconds: int
    stale: bool


class QueueState(_Answer):
    """A queue now and today."""

    queue: str
    person: str | None = Field(description="the name of the queue, if it is known")
    waiting: list[WaitingCaller] = Field(description="longest first")
    longest_wait: int | None = Field(description="seconds that the first of `waiting` waits; not part of the ETag")
    answered: int
    abandoned: int
    service_level: float | None = Field(description="percent answered within 20 seconds; null without callers")
    average_wait: int | None = Field(description="seconds until an agent answered")


class Queues(_Present):
    """The queues of which any caller waits, or has called today."""

    queues: list[QueueState]


class AgentState(_Answer):
    """An agent's phone now and today."""

    agent: str
    person: str | None
    state: Literal["talking", "ringing", "dialling", "idle", "offline", "unknown"]
    since: str | None = Field(description="when the state began")
    seconds: int | None
    stale: bool = Field(description="nothing about the phone came for a day, or its talk reached the closing age")
    number: str | None = Field(description="the other side of the live call")
    status: str | None = Field(description="the agent's own state in the queue, in the PBX's words")
    status_since: str | None
    incoming: int = Field(description="answered calls from outside, today")
    outgoing: int
    internal: int
    talk: int = Field(description="seconds of talk today")
    unanswered: int = Field(
        description="how often it rang today without answering, also where another phone took the call"
    )


class Agents(_Present):
    """The phones of agents."""

    agents: list[AgentState]


class DayFigures(_Answer):
    """The figures of a part of a day."""

    since: str
    until: str
    incoming: int = Field(description="calls from outside, answered and missed")
    answered: int = Field(description="answered ones of `incoming`")
    missed: int
    not_called_back: int = Field(description="missed callers who were not reached afterwards")
    service_level: float | None = Field(description="percent of `incoming` answered within 20 seconds")
    average_wait: int | None = Field(description="seconds until an incoming call was answered")
    outgoing: int
    outgoing_answered: int
    internal: int
    talk: int = Field(description="seconds of all talks")
    abandoned: int = Field(description="callers who gave up in queues")


class CallsInProgress(_Answer):
    """How many calls are in which state now."""

    calls: int
    talking: int
    waiting: int
    ringing: int = Field(description="calls that ring or are dialled")
    waiting_since: str | None = Field(description="since when the caller who waits longest is in a queue")
    stale: int = Field(description="calls whose end may be lost")


class Summary(_Present):
    """The present, today, and the same day of last week until the same time."""

    live: CallsInProgress
    today: DayFigures
    last_week: DayFigures
