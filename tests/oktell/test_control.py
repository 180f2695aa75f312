"""Call control: commands are checked and passed to the connector that supports them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.errors import Misconfigured, RingledgerError
from chalicelib.oktell.refusals import InvalidParameter, NotConnected, NotFound, PartnerRefused
from infra.local.telphin_server import TelphinServer
from tests.oktell.conftest import Agent, Client, Office

COMMANDS = ("wp_autocallstart", "wp_switchcall", "wp_autocallstop", "wp_flash", "wp_declinecall")
NUMBER = {"number": "+7 (921) 456-78-92"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_without_a_connector_fails(office: Office, command: str) -> None:
    """The answer is 501 and names the setting."""
    with pytest.raises(NotConnected, match="CALL_CONTROL") as refusal:
        office.run(command, user="ivan", **NUMBER)
    assert refusal.value.status == 501


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({}, "number"),
        ({"number": "call me"}, "number"),
        ({"number": "1" * 41}, "number"),
        ({"number": "12\r\nEvil: 1"}, "number"),
        ({"number": "538", "direction": "up"}, "direction"),
        ({"number": "538", "sequence": "random"}, "sequence"),
    ],
)
def test_the_error_names_the_wrong_parameter(office: Office, parameters: dict[str, str], reason: str) -> None:
    """A number must be a phone number, and the other parameters must have documented values."""
    with pytest.raises(InvalidParameter, match=reason):
        office.run("wp_autocallstart", line="16038", **parameters)


def test_an_unknown_line_is_not_found(office: Office) -> None:
    """An unknown line is answered with 404, a command without `line`, `user` or `wp` with 400."""
    with pytest.raises(NotFound):
        office.run("wp_autocallstop", line="99999")
    with pytest.raises(InvalidParameter):
        office.run("wp_flash")
    with pytest.raises(InvalidParameter, match="mode"):
        office.run("wp_flash", user="ivan", mode="other")


def test_an_agent_program_gets_an_order(client: Client, agent: Agent) -> None:
    """The message has an id, an expiry, the integration, the user, and the parameters with their defaults."""
    assert client.get("wp_autocallstart", user="ivan", number="8 (800) 555-35-35").status_code == 200
    assert client.get("wp_flash", user="ivan", mode="abort").status_code == 200

    started, flashed = sorted(agent.taken, key=lambda order: str(order["command"]))
    assert (started["version"], started["asked_by"], started["command"]) == (1, "demo-oktell", "wp_autocallstart")
    assert started["parameters"] == {"number": "88005553535", "direction": "city", "sequence": "direct"}
    assert (started["user"]["login"], started["user"]["extension"]) == ("ivan", "13596*538")
    assert started["asked_at"] < started["expires_at"]
    assert (flashed["command"], flashed["parameters"]) == ("wp_flash", {"mode": "abort"})
    calls = client.rows("SELECT connector, number FROM ledger.started_calls WHERE id = %s", started["id"])
    assert calls == [("queue", "88005553535")]


@pytest.mark.parametrize(
    ("number", "direction"), [("538", "pbx"), ("120", "pbx"), ("13596*106", "pbx"), ("5381", "city")]
)
def test_a_number_in_the_directory_is_internal(client: Client, agent: Agent, number: str, direction: str) -> None:
    """The default direction is `pbx` for extensions and for numbers of users and groups, else `city`."""
    client.get("wp_switchcall", user="ivanov", number=number)
    assert [order["parameters"]["direction"] for order in agent.taken] == [direction]


@pytest.mark.parametrize(
    ("sequence", "direction", "ends"),
    [
        ("back", "city", ("13596*106", "538")),
        ("direct", "city", ("538", "13596*106")),
        ("direct", "pbx", ("13596*538", "13596*106")),
        ("back", "pbx", ("13596*106", "13596*538")),
    ],
)
def test_telphin_calls_back(
    telphin: Office, provider: TelphinServer, sequence: str, direction: str, ends: tuple[str, str]
) -> None:
    """`back` rings the line first, `direct` the other end. The ids of the call are stored for its webhooks."""
    telphin.run("wp_autocallstart", line="16038", number="538", direction=direction, sequence=sequence)

    assert list(provider.calls.values()) == [{"src_num": [ends[0]], "dst_num": ends[1]}]
    calls = telphin.rows("SELECT handle, call_id <> '' FROM ledger.started_calls")
    assert calls == [(next(iter(provider.calls)), True)]


@pytest.mark.parametrize(
    ("number", "called"), [("183", "13596*102"), ("#999", "13596*101"), ("900", "13596*900"), ("7*1", "7*1")]
)
def test_an_internal_number_becomes_an_extension(
    telphin: Office, provider: TelphinServer, number: str, called: str
) -> None:
    """It is the extension of the user with this number, else Telphin's name of a short number."""
    telphin.run("wp_autocallstart", line="16038", number=number, direction="pbx", sequence="back")
    assert [call["dst_num"] for call in provider.calls.values()] == [called]


def test_one_login_serves_many_orders(
    telphin: Office, provider: TelphinServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telphin's token is used until it expires. A token that Telphin withdraws is replaced."""
    telphin.run("wp_autocallstart", line="16038", number="538")
    with monkeypatch.context() as closed:
        closed.setattr(provider, "application", {})
        telphin.run("wp_autocallstart", line="16038", number="538")
    monkeypatch.setattr(provider, "token", "another")
    telphin.run("wp_autocallstart", line="16038", number="538")

    assert len(provider.calls) == 3


def test_telphin_stops_a_started_call(telphin: Office, provider: TelphinServer) -> None:
    """The call is deleted once. Without a started call the command succeeds, too."""
    telphin.run("wp_autocallstart", line="16038", number="538")
    for _ in range(2):
        assert telphin.run("wp_autocallstop", line="16038").status == 200
    assert provider.calls == {}


def test_telphin_declines_a_ringing_call(telphin: Office, provider: TelphinServer) -> None:
    """The ringing call is deleted by the id in its own webhook."""
    provider.calls["handle-of-it"] = {}
    rings = {"EventType": "dial-in", "CallID": "c1", "SubCallID": "1", "CallFlow": "in", "CallStatus": "CALLING"}
    telphin.webhook(**rings, CallerIDNum="7921", CalledNumber="13596*106", CallAPIID="handle-of-it")

    assert telphin.run("wp_declinecall", wp="OPERATOR1").status == 200
    assert provider.calls == {}


def test_telphin_cannot_flash(telphin: Office) -> None:
    """Its API has no flash: without another connector the answer is 501, as for an extension without an API id."""
    with pytest.raises(NotConnected):
        telphin.run("wp_flash", user="anna")
    with pytest.raises(NotConnected):
        telphin.run("wp_autocallstart", user="ivan", number="538")


def test_telphin_refuses(telphin: Office) -> None:
    """The error quotes Telphin's refusal, and no started call is stored."""
    with pytest.raises(PartnerRefused, match="401"):
        telphin.having(telphin_client_secret="wrong").run("wp_autocallstart", line="16038", number="538")
    assert telphin.rows("SELECT count(*) FROM ledger.started_calls") == [(0,)]


def test_a_real_server_gets_the_command(forwarding: Office, partner: dict[str, Any]) -> None:
    """The command is sent with the server's own password and the user's GUID, and the server's answer is returned."""
    answer = forwarding.run("wp_declinecall", wp="OPERATOR1")

    assert (answer.status, answer.body) == (200, b"OK")
    assert partner["requests"] == [
        ("/wp_declinecall", {"user": "0b6c7f3e-91d4-4e0c-a1c8-5e2f9d8a7b05", "password": "their+s"})
    ]


def test_a_real_server_refuses_or_is_away(forwarding: Office, partner: dict[str, Any]) -> None:
    """A refusal is answered with 502 and its text, a server that is away with 503. Neither contains the password."""
    partner |= {"status": 403, "body": f"Forbidden: /wp_flash?{urlencode({'password': 'their+s'})} or their+s"}
    with pytest.raises(PartnerRefused, match="status 403: Forbidden") as refusal:
        forwarding.run("wp_flash", user="ivan")
    assert "their" not in refusal.value.message
    away = forwarding.having(oktell_server_url="http://127.0.0.1:9")
    with pytest.raises(RingledgerError) as fault:
        away.run("wp_flash", user="ivan")
    assert (fault.value.status, "their" in f"{fault.value!r}{fault.value.__cause__!r}") == (503, False)


def test_an_unknown_connector_is_a_configuration_error(office: Office) -> None:
    """The error names the setting and the connectors."""
    with pytest.raises(Misconfigured, match="CALL_CONTROL has 'asterisk'; the connectors are queue, oktell, telphin"):
        office.having(call_control=("asterisk",)).run("wp_flash", user="ivan")
