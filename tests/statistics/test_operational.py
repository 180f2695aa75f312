"""The present state: live calls, queues and agents, as events change them, and today's figures."""

from __future__ import annotations

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from chalicelib.settings import Settings
from chalicelib.statistics import channel, operational
from chalicelib.statistics.answer import InlineAnswer, Unchanged
from chalicelib.statistics.operational_answers import Agents, Calls, Queues, Summary
from tests.databases import run
from tests.ingest.telephony import Ledger
from tests.scenarios.timeline import START
from tests.statistics.test_metrics import ANSWERED, CALLED_BACK, INTERNAL, LATE_ANSWER, MISSED, MTT_ANSWERED
from tests.statistics.timelines import NOON, ask, context, post

MODELS: dict[str, type[BaseModel]] = {"summary": Summary, "calls": Calls, "queues": Queues, "agents": Agents}
WAITING = """
    10:00 queue:300 dial-in from=+79214567892 did=78005553535
    10:02 106 dial-in from=+79214567892
"""
TALKING = """
    20:00 107 dial-in from=+79031112233
    20:05 107 answer
"""
TEN_PAST = NOON.replace(hour=10, minute=11)
#: A Saturday; the timelines are of this day.
WEEK_LATER = NOON + timedelta(days=7)


def minute(number: int, second: int = 0) -> str:
    """Return a time of the timelines as the answers write it."""
    return (START + timedelta(minutes=number, seconds=second)).isoformat()


@pytest.mark.parametrize("action", operational.ACTIONS)
def test_answers_fit_their_models(ledger: Ledger, site: Settings, action: str) -> None:
    """The answers have exactly the documented fields, with calls of both providers and without any."""
    MODELS[action].model_validate(ask(site, "operational", action))
    post(ledger, "telphin", ANSWERED, MISSED, WAITING, TALKING, INTERNAL)
    post(ledger, "mtt", MTT_ANSWERED, "40:00 o 79684881033\n40:05 s 79684881033")
    MODELS[action].model_validate(ask(site, "operational", action))


def test_a_caller_waits(ledger: Ledger, site: Settings) -> None:
    """A waiting caller is in the list of the queue, and a live call with the legs of queue and phone."""
    post(ledger, "telphin", WAITING)
    (queue,) = ask(site, "operational", "queues", now=TEN_PAST)["queues"]
    assert (queue["queue"], queue["longest_wait"], queue["answered"]) == ("13596*300", 60, 0)
    assert [(each["number"], each["since"], each["stale"]) for each in queue["waiting"]] == [
        ("+79214567892", minute(10), False)
    ]
    (call,) = ask(site, "operational", "calls", now=TEN_PAST)["calls"]
    assert (call["state"], call["since"], call["seconds"]) == ("waiting", minute(10), 60)
    assert [(leg["extension"], leg["state"]) for leg in call["legs"]] == [
        ("13596*300", "waiting"), ("13596*106", "ringing"),
    ]  # fmt: skip


def test_a_queue_that_calls_its_agents(ledger: Ledger, site: Settings) -> None:
    """The queue's own calls to agents do not hide the caller: the number and the beginning are the caller's."""
    post(ledger, "telphin", WAITING)
    own = {
        "extension": "13596*300",
        "device": "queue",
        "state": "waiting",
        "began": minute(10, 5),
        "since": minute(10, 5),
    }
    leg = json.dumps([{**own, "a": "13596*300", "b": "13596*106"}])
    ledger.owner.execute("UPDATE ledger.calls SET live = live || %s::jsonb WHERE live IS NOT NULL", [leg])
    (queue,) = ask(site, "operational", "queues", now=NOON)["queues"]
    assert [caller["number"] for caller in queue["waiting"]] == ["+79214567892"]
    assert queue["waiting"][0]["since"] == minute(10)


def test_an_agent_answers_and_hangs_up(ledger: Ledger, site: Settings) -> None:
    """The caller leaves the queue for the agent, and the agent is idle after the call."""
    post(ledger, "telphin", WAITING)
    post(ledger, "telphin", TALKING)
    states = {each["agent"]: each for each in ask(site, "operational", "agents")["agents"]}
    assert {name: (each["state"], each["since"]) for name, each in states.items() if "*" in name} == {
        "13596*106": ("ringing", minute(10, 2)), "13596*107": ("talking", minute(20, 5)),
    }  # fmt: skip
    assert states["13596*107"]["number"] == "+79031112233"

    post(ledger, "telphin", ANSWERED)
    live = ask(site, "operational", "summary")["live"]
    assert (live["calls"], live["talking"], live["waiting"], live["ringing"]) == (2, 1, 1, 0)


def test_after_a_talk(ledger: Ledger, site: Settings) -> None:
    """A phone whose talk is over is idle since its hangup, and its talk counts today."""
    post(ledger, "telphin", ANSWERED)
    (agent,) = [each for each in ask(site, "operational", "agents")["agents"] if each["agent"] == "13596*106"]
    assert (agent["state"], agent["since"], agent["incoming"], agent["talk"]) == ("idle", minute(1, 12), 1, 60)
    assert ask(site, "operational", "calls")["calls"] == []


def test_a_lost_hangup_is_stale(ledger: Ledger, site: Settings) -> None:
    """A call without an end is marked: an hour of waiting, or the closing age of a talk."""
    post(ledger, "telphin", WAITING, TALKING)
    stale = {
        hours: [call["stale"] for call in ask(site, "operational", "calls", now=NOON + timedelta(hours=hours))["calls"]]
        for hours in (-1, 0, 3)
    }
    assert stale == {-1: [False, False], 0: [True, False], 3: [True, True]}


def test_today(ledger: Ledger, site: Settings) -> None:
    """Today's figures count the calls until now, and a missed caller who was called back is not open."""
    other = MISSED.replace("+79031112233", "+79160000000")
    post(ledger, "telphin", ANSWERED, LATE_ANSWER, MISSED, CALLED_BACK, other, INTERNAL)
    today = ask(site, "operational", "summary")["today"]
    figures = {name: today[name] for name in ("incoming", "answered", "missed", "not_called_back", "abandoned", "talk")}
    assert figures == {
        "incoming": 4, "answered": 2, "missed": 2, "not_called_back": 1, "abandoned": 2, "talk": 60 + 30 + 50 + 60,
    }  # fmt: skip
    assert (today["service_level"], today["average_wait"], today["outgoing"]) == (25.0, 21, 1)


def test_last_week_until_the_same_time(ledger: Ledger, site: Settings) -> None:
    """The figures of a week ago end at the same time of the day, and days begin at the site's midnight."""
    post(ledger, "telphin", ANSWERED, LATE_ANSWER)
    week_ago = ask(site, "operational", "summary", now=WEEK_LATER.replace(hour=10, minute=5))["last_week"]
    assert (week_ago["since"], week_ago["until"], week_ago["answered"]) == (
        "2026-11-21T00:00:00", "2026-11-21T10:05:00", 1,
    )  # fmt: skip
    object.__setattr__(site, "site_zone", ZoneInfo("Asia/Tokyo"))
    try:
        assert ask(site, "operational", "summary")["today"]["since"] == "2026-11-20T15:00:00"
    finally:
        object.__setattr__(site, "site_zone", ZoneInfo("UTC"))


def test_nothing_happened(ledger: Ledger, site: Settings) -> None:
    """As long as nothing happens the ETag stays, though the seconds go on; an event changes it."""
    post(ledger, "telphin", WAITING)
    body = json.dumps({"entity": "operational", "action": "queues"}).encode()
    first = channel.answer(body, context(site, TEN_PAST))
    assert isinstance(first, InlineAnswer)
    later = context(site, TEN_PAST + timedelta(seconds=5), is_current=lambda etag: etag == first.etag)
    assert channel.answer(body, later) == Unchanged(first.etag)
    post(ledger, "telphin", WAITING.replace("10:", "11:"))
    assert isinstance(channel.answer(body, later), InlineAnswer)


def test_the_reader_sees_live_state_by_views_alone(ledger: Ledger) -> None:
    """The reader's role has no right to Ringledger's own tables."""
    tables = run(
        ledger.url,
        "SELECT relname FROM pg_class WHERE relnamespace = 'ledger'::regnamespace AND relkind IN ('r', 'p', 'v')"
        " AND has_table_privilege('ringledger_reader', oid, 'SELECT')",
    )
    assert tables == []
