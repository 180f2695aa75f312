"""The scenes of the call centre, one call after the other: caller, callee and end."""

from __future__ import annotations

from dataclasses import dataclass

from infra.demonstration import calls, queue_calls, shift
from infra.demonstration.calls import BUSY, BYE_A, BYE_B, CANCELLED, NO_ANSWER, Conversation, Dial, Ending, StagedCall
from infra.demonstration.centre import LINES, Agent, Centre, Speaker, Trunk

UNKNOWN = (404, "Not Found")
AWAY = (480, "Temporarily not available")
FORBIDDEN = (403, "Forbidden")
LINES_AWAY = (503, "Service Unavailable")

PICKUP = "0f2d7b1a-6c1e-4c7b-8a55-00000000008a"


@dataclass
class Day:
    """One day of the centre: the agents at work, and the outer line that fails for some time."""

    centre: Centre
    working: list[Agent]
    away: Trunk = LINES[0]
    away_from: int = 0
    away_until: int = 0
    transfers: bool = True

    def line(self) -> Trunk:
        """Return one of the outer lines."""
        return LINES[self.centre.below(len(LINES))]

    def agent(self, now: int) -> Agent | None:
        """Return a free agent, or None."""
        return shift.free_agent(self.centre, self.working, now)

    def is_away(self, line: Trunk, now: int) -> bool:
        """Return True when the line is out of service at `now`."""
        return line is self.away and self.away_from <= now < self.away_until


def play(day: Day, now: int) -> int:
    """Play one call at `now`; return its number of call records (two for a transfer)."""
    kind = day.centre.rng.random()
    if kind < 0.45:
        return _to_queue(day, now)
    if kind < 0.55:
        return _to_agent(day, now, _stranger(day, now))
    agent = day.agent(now)
    if agent is None:
        return _to_agent(day, now, _stranger(day, now))
    return _from_agent(day, now, agent, outside=kind < 0.85)


def ring(centre: Centre) -> int:
    """Return the seconds until the answer."""
    return 2 + int(centre.rng.expovariate(1 / 7)) % 40


def talk_length(centre: Centre) -> int:
    """Return the seconds of a talk: most are short, some are long."""
    return 3 + int(centre.rng.lognormvariate(4.4, 0.9)) % 3_600


def _stranger(day: Day, now: int) -> tuple[Speaker, Trunk]:
    line = day.line()
    while day.is_away(line, now):
        line = day.line()
    return line.party(day.centre.customer()), line


def _incoming(day: Day, now: int, caller: tuple[Speaker, Trunk]) -> StagedCall:
    party, line = caller
    return StagedCall(day.centre.uuid(), now, party, line.number, day.centre.call_id(party.address))


def _to_queue(day: Day, now: int) -> int:
    centre = day.centre
    agent = day.agent(now)
    if agent is None:
        return _to_agent(day, now, _stranger(day, now))
    call = _incoming(day, now, _stranger(day, now))
    calls.route(centre, call, now, "inner")
    other = day.agent(now) if centre.chance(0.15) else None
    passage = queue_calls.enter(centre, call, other)
    if other is not None:
        shift.occupy(centre, other, ("early", passage.entered), ("registered", passage.offered))
    dial = Dial(agent.party(), passage.offered, agent.devices)
    return _answered(day, call, dial, agent, passage)


def _to_agent(day: Day, now: int, caller: tuple[Speaker, Trunk]) -> int:
    """Play a call to an agent's own number."""
    centre = day.centre
    call = _incoming(day, now, caller)
    calls.route(centre, call, now, "inner")
    if centre.chance(0.04):
        calls.failed(centre, call, *AWAY)
        return 1
    agent = day.agent(now)
    if agent is None:
        busy = day.working[centre.below(len(day.working))]
        calls.cancelled(centre, call, Dial(busy.party(), now, busy.devices), now, BUSY)
        return 1
    dial = Dial(agent.party(), now, agent.devices)
    if centre.chance(0.25):
        _not_taken(day, call, dial, agent)
        return 1
    return _answered(day, call, dial, agent, None)


def _not_taken(day: Day, call: StagedCall, dial: Dial, agent: Agent) -> None:
    centre = day.centre
    ending: Ending = NO_ANSWER if centre.chance(0.5) else CANCELLED
    stopped = dial.at + (30 if ending is NO_ANSWER else 3 + centre.below(27))
    calls.cancelled(centre, call, dial, stopped, ending)
    shift.occupy(centre, agent, ("early", dial.at), ("registered", stopped))


def _answered(day: Day, call: StagedCall, dial: Dial, agent: Agent, passage: queue_calls.QueueVisit | None) -> int:
    """Play a call from outside that `agent` answers and sometimes transfers to a colleague."""
    centre = day.centre
    started = dial.at + ring(centre)
    colleague = day.agent(call.invited) if day.transfers and centre.chance(0.06) else None
    talk = Conversation(started, started + talk_length(centre), BYE_B if colleague or centre.chance(0.4) else BYE_A)
    if passage:
        talk = Conversation(talk.started, talk.stopped, talk.reason, f"queue:{passage.queue}")
        queue_calls.serve(centre, call, passage, agent, talk)
    calls.success(centre, call, dial, talk)
    shift.occupy(centre, agent, ("early", dial.at), ("busy", talk.started), ("registered", talk.stopped))
    if colleague is None:
        return 1
    _handed_on(centre, call, colleague, talk.stopped)
    return 2


def _handed_on(centre: Centre, first: StagedCall, colleague: Agent, now: int) -> None:
    call = StagedCall(centre.uuid(), first.invited, first.a, first.called, first.esgdlg)
    calls.route(centre, call, now, "inner")
    dial = Dial(colleague.party(), now, colleague.devices, replacing=True)
    started = now + ring(centre)
    talk = Conversation(started, started + talk_length(centre), BYE_A, "transfer")
    calls.success(centre, call, dial, talk)
    shift.occupy(centre, colleague, ("early", now), ("busy", started), ("registered", talk.stopped))


def _from_agent(day: Day, now: int, agent: Agent, *, outside: bool) -> int:
    if outside:
        return _outgoing(day, now, agent)
    colleague = day.agent(now)
    if colleague is None:
        return _outgoing(day, now, agent)
    return _internal(day, now, agent, colleague)


def _outgoing(day: Day, now: int, agent: Agent) -> int:
    centre = day.centre
    number, line = centre.customer(), day.line()
    call = StagedCall(centre.uuid(), now, agent.party(), number)
    dialled = now
    if centre.chance(0.02):
        calls.route(centre, call, now, "reject")
        return _refused(day, call, agent, FORBIDDEN)
    calls.route(centre, call, now, "outer", providercode=line.code)
    if day.is_away(line, now) or centre.chance(0.03):
        # The rule's line is out of service: the next rule dials over another one.
        dialled, line = now + 1, LINES[(LINES.index(line) + 1) % len(LINES)]
        calls.route(centre, call, dialled, "outer", providercode=line.code)
        if centre.chance(0.1):
            return _refused(day, call, agent, LINES_AWAY)
    if centre.chance(0.05):
        return _refused(day, call, agent, UNKNOWN)
    return _dialled_out(day, call, agent, Dial(line.party(number), dialled, (line.address,)))


def _refused(day: Day, call: StagedCall, agent: Agent, cause: tuple[int, str]) -> int:
    calls.failed(day.centre, call, *cause)
    shift.occupy(day.centre, agent, ("busy", call.invited), ("registered", call.invited + 2))
    return 1


def _dialled_out(day: Day, call: StagedCall, agent: Agent, dial: Dial) -> int:
    centre = day.centre
    outcome = centre.rng.random()
    if outcome < 0.25:
        ending = BUSY if outcome < 0.08 else NO_ANSWER if outcome < 0.18 else CANCELLED
        stopped = dial.at + (1 if ending is BUSY else 10 + centre.below(35))
        calls.cancelled(centre, call, dial, stopped, ending)
    else:
        started = dial.at + ring(centre)
        stopped = started + talk_length(centre)
        calls.success(centre, call, dial, Conversation(started, stopped, BYE_A if centre.chance(0.5) else BYE_B))
    shift.occupy(centre, agent, ("busy", call.invited), ("registered", stopped))
    return 1


def _internal(day: Day, now: int, agent: Agent, colleague: Agent) -> int:
    centre = day.centre
    number = colleague.login
    if centre.chance(0.05):
        # *8 in front of a number picks up the call that rings there.
        call = StagedCall(centre.uuid(), now, agent.party(), f"*8{number}")
        calls.route(
            centre, call, now, "featurecode", featurecodeid=PICKUP, featurecodetype="pickup", featurenumber=number
        )
    else:
        call = StagedCall(centre.uuid(), now, agent.party(), number)
        calls.route(centre, call, now, "inner")
    dial = Dial(colleague.party(), now, colleague.devices)
    if centre.chance(0.2):
        shift.occupy(centre, agent, ("busy", now), ("registered", now + 31))
        _not_taken(day, call, dial, colleague)
        return 1
    started = now + ring(centre)
    talk = Conversation(started, started + talk_length(centre), BYE_A if centre.chance(0.5) else BYE_B)
    calls.success(centre, call, dial, talk)
    shift.occupy(centre, agent, ("busy", now), ("registered", talk.stopped))
    shift.occupy(centre, colleague, ("early", now), ("busy", started), ("registered", talk.stopped))
    return 1
