"""Orders become actions of AMI, on a small PBX that speaks it over TCP."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from ringledger_asterisk import ami
from ringledger_asterisk.actions import Actions
from ringledger_asterisk.agent_settings import Ami, Dialling
from ringledger_asterisk.ami import AmiFault, Manager
from ringledger_asterisk.concurrency import within
from ringledger_asterisk.pbx_orders import PbxOrder, PbxOrderFault

from tests.agents.asterisk.ami_server import SECRET, USERNAME, AmiServer, Fields

USER = "2a594b51-bb89-4da6-a69f-f48761baf0d9"
NAMES = {"extension": "106", "number": "106", "line": "16038", "login": "anna", "agent": "136"}
DIALLING = Dialling("PJSIP/{extension}", "Local/{number}@out", "from-internal", "Local/{agent}@agents", 20)


def order(command: str, **parameters: str) -> PbxOrder:
    """Return an order on behalf of Anna."""
    expires = datetime.now(UTC) + timedelta(seconds=30)
    return PbxOrder(str(uuid4()), command, USER, NAMES, parameters, expires)


async def _connected(manager: Manager) -> None:
    while not manager.is_connected:
        await asyncio.sleep(0.01)


def carried_out(asterisk: AmiServer, *orders: PbxOrder) -> list[str]:
    """Carry out orders in turn, and return the ids of the calls that were reported as started."""
    reported: list[str] = []

    async def done(call_id: str = "") -> None:
        reported.append(call_id)

    async def work() -> None:
        manager = Manager(Ami("127.0.0.1", asterisk.port, USERNAME, SECRET))
        running = asyncio.ensure_future(manager.run())
        try:
            await asyncio.wait_for(_connected(manager), 10)
            for each in orders:
                await Actions(manager, DIALLING).carry_out(each, done)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(work())
    return reported


def channel(name: str, state: str = "Up", bridge: str = "", unique: str = "1") -> Fields:
    """Return a channel as CoreShowChannels lists it."""
    return {"Channel": name, "ChannelStateDesc": state, "BridgeId": bridge, "Uniqueid": unique}


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        (
            {"number": "89991112233", "direction": "city", "sequence": "back"},
            {"Channel": "PJSIP/106", "Context": "from-internal", "Exten": "89991112233", "Priority": "1"},
        ),
        (
            {"number": "89991112233", "direction": "city", "sequence": "direct"},
            {"Channel": "Local/89991112233@out", "Application": "Dial", "Data": "PJSIP/106,20"},
        ),
        (
            {"number": "538", "direction": "pbx", "sequence": "direct"},
            {"Channel": "Local/538@from-internal", "Application": "Dial", "Data": "PJSIP/106,20"},
        ),
    ],
)
def test_a_call_is_originated(asterisk: AmiServer, parameters: dict[str, str], fields: Fields) -> None:
    """`back` rings the line first, `direct` the number. The channel has the id of the order as CallBackID."""
    call = order("wp_autocallstart", **parameters)
    (reported,) = carried_out(asterisk, call)
    (action,) = asterisk.named("Originate")

    assert {name: action[name] for name in fields} == fields
    assert (action["Async"], action["Timeout"], action["CallerID"]) == ("true", "20000", "106")
    assert action["Variable"] == f"__CallBackID={call.id}"
    assert action["ChannelId"] == reported == f"ringledger-{USER}-{call.id}"


@pytest.mark.parametrize(("reason", "words"), [("5", "busy"), ("3", "no answer"), ("0", "no such"), ("9", "failed")])
def test_a_call_that_fails_later_has_a_reason(asterisk: AmiServer, reason: str, words: str) -> None:
    """The reason of OriginateResponse becomes words."""
    asterisk.reason = reason
    with pytest.raises(AmiFault, match=words):
        carried_out(asterisk, order("wp_autocallstart", number="538", direction="pbx"))


def test_the_other_end_is_redirected(asterisk: AmiServer) -> None:
    """The channel that is in one bridge with the line goes to the number."""
    asterisk.channels = [
        channel("PJSIP/106-0a", bridge="b1"),
        channel("PJSIP/trunk-0b", bridge="b1"),
        channel("PJSIP/107-0c"),
    ]
    carried_out(asterisk, order("wp_switchcall", number="538", direction="pbx"))
    (action,) = asterisk.named("Redirect")
    assert (action["Channel"], action["Exten"], asterisk.named("Originate")) == ("PJSIP/trunk-0b", "538", [])


def test_a_line_without_a_call_starts_one(asterisk: AmiServer) -> None:
    """`wp_switchcall` then does what `wp_autocallstart` does."""
    asterisk.channels = [channel("PJSIP/1061-0a", bridge="b1"), channel("PJSIP/trunk-0b", bridge="b1")]
    carried_out(asterisk, order("wp_switchcall", number="538", direction="pbx"))
    assert (len(asterisk.named("Originate")), asterisk.named("Redirect")) == (1, [])


def test_started_calls_of_the_user_are_stopped(asterisk: AmiServer) -> None:
    """Other calls of the user, and started calls of others, go on."""
    asterisk.channels = [
        channel("PJSIP/106-0a", unique=f"ringledger-{USER}-{uuid4()}"),
        channel("Local/1@x-0b;2", unique=f"ringledger-{USER}-{uuid4()};2"),
        channel("PJSIP/106-0c"),
        channel("PJSIP/107-0d", unique=f"ringledger-{uuid4()}-{uuid4()}"),
    ]
    carried_out(asterisk, order("wp_autocallstop"))
    assert [action["Channel"] for action in asterisk.named("Hangup")] == ["PJSIP/106-0a", "Local/1@x-0b;2"]


def test_a_ringing_call_is_declined(asterisk: AmiServer) -> None:
    """The cause is a rejection; a call that has ended meanwhile is no error."""
    asterisk.channels = [channel("PJSIP/106-0a", "Ringing"), channel("PJSIP/106-0b")]
    asterisk.refusals = {"Hangup": "No such channel"}
    carried_out(asterisk, order("wp_declinecall"))
    assert [(action["Channel"], action["Cause"]) for action in asterisk.named("Hangup")] == [("PJSIP/106-0a", "21")]


def test_a_flash_goes_to_the_call_of_the_line(asterisk: AmiServer) -> None:
    """Without a call there is nothing to flash."""
    with pytest.raises(AmiFault, match="no call"):
        carried_out(asterisk, order("wp_flash"))
    asterisk.channels = [channel("PJSIP/106-0a")]
    carried_out(asterisk, order("wp_flash"))
    assert [action["Channel"] for action in asterisk.named("SendFlash")] == ["PJSIP/106-0a"]


@pytest.mark.parametrize(
    ("parameters", "paused", "reason"),
    [
        ({"userstateid": "1"}, "false", None),
        ({"userstateid": "3"}, "true", None),
        ({"onlunch": "1", "lunchreasonmsg": "зубной  врач"}, "true", "зубной врач"),
        ({"onlunch": "0", "lunchreasonid": "7"}, "false", None),
        ({"oncallcenter": "0"}, "true", None),
        ({"oncallcenter": "1"}, "false", None),
    ],
)
def test_a_state_pauses_the_agent(
    asterisk: AmiServer, parameters: dict[str, str], paused: str, reason: str | None
) -> None:
    """A break, an absence and the end of the call centre's mode pause the agent in every queue."""
    carried_out(asterisk, order("wp_setuserstate", **parameters))
    (action,) = asterisk.named("QueuePause")
    assert (action["Interface"], action["Paused"], action.get("Reason")) == ("Local/136@agents", paused, reason)


def test_a_change_without_meaning_for_queues_is_done(asterisk: AmiServer) -> None:
    """Redirection changes no queue."""
    assert carried_out(asterisk, order("wp_setuserstate", onredirect="1")) == [""]
    assert asterisk.named("QueuePause") == []


@pytest.mark.parametrize("number", ["", "1&PJSIP/107", "1\r\nAction: Command", "1,2", "+"])
def test_a_number_cannot_contain_more(asterisk: AmiServer, number: str) -> None:
    """The PBX gets no number that would call further channels or run further actions."""
    with pytest.raises(AmiFault, match="no number"):
        carried_out(asterisk, order("wp_autocallstart", number=number))
    assert asterisk.named("Originate") == []


def test_a_refusal_has_the_words_of_the_pbx(asterisk: AmiServer) -> None:
    """An unknown command is refused, too."""
    asterisk.refusals = {"QueuePause": "Interface not found"}
    with pytest.raises(AmiFault, match="QueuePause: Interface not found"):
        carried_out(asterisk, order("wp_setuserstate", userstateid="2"))
    with pytest.raises(AmiFault, match="wp_unknown"):
        carried_out(asterisk, order("wp_unknown"))


def test_a_lost_connection_is_opened_again(asterisk: AmiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program logs in again, and carries out the next order."""
    monkeypatch.setattr(ami, "FIRST_PAUSE", 0.05)

    async def work() -> None:
        manager = Manager(Ami("127.0.0.1", asterisk.port, USERNAME, SECRET))
        running = asyncio.ensure_future(manager.run())
        await asyncio.wait_for(_connected(manager), 10)
        asterisk.drop()
        while manager.is_connected:
            await asyncio.sleep(0.01)
        with pytest.raises(AmiFault, match="no connection"):
            await manager.act("Ping")
        await asyncio.wait_for(_connected(manager), 10)
        await manager.act("Ping")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(work())
    assert (asterisk.logins, len(asterisk.named("Ping"))) == (2, 1)


@pytest.mark.parametrize("secret", ["wrong"])
def test_a_refused_login_is_tried_again_with_longer_pauses(
    asterisk: AmiServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, secret: str
) -> None:
    """The log says why, and does not contain the secret."""
    monkeypatch.setattr(ami, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(ami, "LONGEST_PAUSE", 0.2)

    async def work() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await within(Manager(Ami("127.0.0.1", asterisk.port, USERNAME, secret)).run(), 1)

    asyncio.run(work())
    assert 3 <= len(asterisk.named("Login")) <= 7
    assert ("Authentication failed" in caplog.text, secret in caplog.text) == (True, False)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"version": 2}',
        '{"version": 1, "id": "x", "command": "wp_flash"}',
    ],
)
def test_a_message_that_is_no_order_is_refused(content: str) -> None:
    """The error says why."""
    with pytest.raises(PbxOrderFault):
        PbxOrder.read(content)


def test_a_name_cannot_name_further_channels() -> None:
    """Names of users become part of the names of channels."""
    content: dict[str, Any] = {"version": 1, "id": str(uuid4()), "command": "wp_flash", "parameters": {}}
    content |= {"expires_at": "2026-11-21T04:41:27Z", "user": {"id": USER, "extension": "106&PJSIP/107"}}
    with pytest.raises(PbxOrderFault, match="channel"):
        PbxOrder.read(json.dumps(content))
