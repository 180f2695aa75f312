"""Everything but calls: reference data, outer lines, conferences, alert calls."""

from __future__ import annotations

import json
from collections.abc import Mapping

from infra.demonstration.centre import LINES, Centre
from infra.demonstration.row_sender import Value
from infra.demonstration.scenes import Day
from infra.demonstration.shift import BREAKS

PERIODS = (("1 hour", "Last hour"), ("1 day", "Last day"), ("7 days", "Last week"), ("1 mon", "Last month"))
MORNING = 5 * 3600 + 1_800
ALERTS_FROM = 8 * 3600
ALERTS = 10

# The course of an alert call by its result: table, and seconds after the call was prepared.
ANSWERED = (
    ("prepared", 0),
    ("callinited", 5),
    ("callstarted", 6),
    ("callpreanswered", 8),
    ("callanswered", 15),
    ("callapproved", 22),
    ("callfinished", 30),
)
REJECTED = (("prepared", 0), ("callinited", 5), ("callstarted", 6), ("callpreanswered", 8), ("callrejected", 14))
FAILED = (("prepared", 0), ("callinited", 5), ("callstarted", 6), ("callfailed", 7))


def reference(centre: Centre) -> None:
    """Fill the tables that do not change, and bring the outer lines up."""
    for period, text in PERIODS:
        centre.rows.add("products", "filter_intervals", filter_id=period, filter_text=text)
    for key, length in BREAKS:
        centre.rows.add(
            "products",
            "ref_huntblock_reasons",
            title=key.capitalize(),
            event_key=key,
            duration=length,
            type="break",
            is_allowed=True,
        )
    for line in LINES:
        _line(centre, line.code, "registered", 0)


def outage(day: Day, midnight: int) -> None:
    """Take one outer line out of service for some time."""
    centre = day.centre
    day.away = day.line()
    day.away_from = midnight + 7 * 3600 + centre.below(36_000)
    day.away_until = day.away_from + 600 + centre.below(1_800)
    _line(centre, day.away.code, "unregistered", day.away_from)
    _line(centre, day.away.code, "registered", day.away_until)


def conference(day: Day, midnight: int) -> None:
    """Hold the morning conference: five participants and one vote."""
    centre, selector, at = day.centre, day.centre.uuid(), midnight + MORNING
    options = {"topic": "Morning meeting", "recording": True}
    _selector(centre, "sel_create", at, id=selector, opts=_json(options))
    _selector(centre, "sel_state_changed", at + 1, id=selector, state="active")
    _selector(centre, "sel_update", at + 2, id=selector, opts=_json(options | {"muted": True}))
    for index, agent in enumerate(day.working[:5]):
        person: dict[str, Value] = {"id": centre.uuid(), "num": agent.login, "name": agent.name, "selid": selector}
        _selector(centre, "sel_abon_state_changed", at + 5 + index, **person, state="connected")
        _selector(centre, "sel_abon_state_changed", at + 600 + index, **person, state="disconnected")
    vote: dict[str, Value] = {"id": centre.uuid(), "name": "Plan of the day", "selid": selector}
    _selector(centre, "sel_voting_state_changed", at + 300, **vote, state="started", info=_json({}))
    _selector(centre, "sel_voting_state_changed", at + 360, **vote, state="finished", info=_json({"yes": 4, "no": 1}))
    _selector(centre, "sel_state_changed", at + 610, id=selector, state="finished")
    _selector(centre, "sel_delete", at + 615, id=selector, reason="finished")


def alerts(day: Day, midnight: int) -> None:
    """Run an alert campaign over a few numbers."""
    centre, campaign, at = day.centre, day.centre.uuid(), midnight + ALERTS_FROM
    _alert(centre, "statechanged", at, campaign=campaign, state="running")
    for index in range(ALERTS):
        begun = at + 60 * index
        course = FAILED if index % 10 == 9 else REJECTED if index % 5 == 4 else ANSWERED
        call, number = centre.uuid(), centre.customer()
        for table, after in course:
            _alert(centre, table, begun + after, campaign=campaign, call=call, number=number)
    _alert(centre, "statechanged", at + 60 * ALERTS, campaign=campaign, state="finished")


def _line(centre: Centre, code: str, state: str, at: int) -> None:
    centre.rows.add(
        "providerevents",
        "provider_state_changed",
        code=code,
        objid=f"line-{code}",
        state=state,
        eventts=centre.clock(at),
    )


def _selector(centre: Centre, table: str, at: int, **facts: Value) -> None:
    centre.rows.add("selectorevents", table, **facts, eventts=centre.clock(at))


def _alert(centre: Centre, table: str, at: int, **payload: str) -> None:
    centre.rows.add("alertcallevents", table, eventts=centre.clock(at), payload=_json(payload))


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False)
