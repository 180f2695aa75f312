"""The shifts: agents at work, and the states of subscribers and agents. No agent is in two calls at once."""

from __future__ import annotations

from infra.demonstration.centre import Agent, Centre

START = 5 * 3600 + 50 * 60
END = 19 * 3600
TRIES = 6

BREAKS = (("lunch", 1_800), ("break", 600), ("training", 2_400))


def begin(centre: Centre, midnight: int, working: list[Agent]) -> None:
    """Bring the agents who work this day on line, and plan their breaks."""
    for agent in working:
        at = midnight + START + centre.below(600)
        change(centre, agent, "registered", at)
        _tell(centre, agent, "online", at)
        agent.free_at = at + 1
        agent.breaks = sorted(at + 3_600 + centre.below(END - START - 7_200) for _ in range(1 + centre.below(2)))


def finish(centre: Centre, midnight: int, working: list[Agent]) -> None:
    """End the day of all agents; those in a call leave a little later."""
    for agent in working:
        catch_up(centre, agent, midnight + END)
        at = max(midnight + END, agent.free_at) + 1 + centre.below(900)
        change(centre, agent, "out_of_service", at)
        _tell(centre, agent, "offline", at)


def free_agent(centre: Centre, working: list[Agent], now: int) -> Agent | None:
    """Return an agent who is free at `now`, and reserve them; None when a few random ones are all busy."""
    for _ in range(TRIES):
        agent = working[centre.below(len(working))]
        catch_up(centre, agent, now)
        if agent.free_at < now:
            agent.free_at = now
            return agent
    return None


def catch_up(centre: Centre, agent: Agent, now: int) -> None:
    """Take the breaks that were due before `now`."""
    while agent.breaks and agent.breaks[0] < now:
        _pause(centre, agent, max(agent.breaks.pop(0), agent.free_at))


def occupy(centre: Centre, agent: Agent, *states: tuple[str, int]) -> None:
    """Set the `states` of `agent`, each from its second on; after the last one they are free."""
    for state, at in states:
        change(centre, agent, state, at)
    agent.free_at = states[-1][1] + 1


def change(centre: Centre, agent: Agent, state: str, at: int, reason: str | None = None) -> None:
    """Set a subscriber's state; the previous one becomes an interval."""
    centre.rows.add(
        "sipuserevents",
        "sipuser_state_changed",
        login=agent.login,
        state=state,
        sys_iscopied=False,
        eventts=centre.clock(at),
    )
    if agent.state:
        centre.rows.add(
            "sipusers",
            "states",
            eventid=centre.next_event(),
            event_name="sipuser_state_changed",
            login=agent.login,
            state=agent.state,
            dt_start=centre.clock(agent.since),
            dt_stop=centre.clock(at),
            len=at - agent.since,
            xinfo=reason,
        )
    agent.state, agent.since = state, at


def _pause(centre: Centre, agent: Agent, at: int) -> None:
    reason, usual = BREAKS[centre.below(len(BREAKS))]
    length = usual + centre.below(usual // 4)
    centre.rows.add(
        "sipuserevents",
        "sipuser_transtate_set",
        login=agent.login,
        state="huntblock",
        ttl=length,
        strategy="ttl",
        xinfo=reason,
        sys_iscopied=False,
        eventts=centre.clock(at),
    )
    _tell(centre, agent, "break", at)
    _tell(centre, agent, "online", at + length)
    change(centre, agent, "huntblock", at)
    change(centre, agent, "registered", at + length, reason)
    agent.free_at = at + length + 1


def _tell(centre: Centre, agent: Agent, state: str, at: int) -> None:
    by = "supervisor" if centre.chance(0.05) else agent.id
    centre.rows.add(
        "userevents", "usr_state_changed", user_id=agent.id, state=state, changed_by=by, eventts=centre.clock(at)
    )
