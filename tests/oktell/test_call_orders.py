"""Orders for an agent program: they are taken once, reported, and withdrawn if no program takes them."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests

from chalicelib.oktell import call_orders
from chalicelib.oktell.call_orders import OrderState
from chalicelib.oktell.refusals import NotTaken
from chalicelib.platform.postgres import connection
from tests.oktell.conftest import Agent, Client, Office

CALL = {"user": "ivan", "number": "89991112233"}


@pytest.fixture
def waiting(client: Client, office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Return an office that sends its orders to the queue of the bundle, where no agent program reads them."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", client.facts["aws_endpoint_url"])
    queue = client.facts["queues"]["call-control"]
    return office.having(call_control=("queue",), call_control_queue_url=queue, call_control_seconds=1)


def test_without_a_taker_the_client_gets_an_error_in_time(waiting: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """The order is withdrawn, so that no program takes it later, and a metric raises the alarm."""
    began = time.monotonic()
    with pytest.raises(NotTaken, match="within 1 seconds") as refusal:
        waiting.run("wp_autocallstart", **CALL)

    assert (refusal.value.status, time.monotonic() - began < 5) == (503, True)
    assert waiting.rows("SELECT outcome FROM ledger.call_orders") == [("withdrawn",)]
    assert waiting.rows("SELECT count(*) FROM ledger.started_calls") == [(0,)]
    assert '"orders_not_taken":[1.0]' in capsys.readouterr().out.replace(" ", "")


def test_a_state_of_a_user_does_not_wait(waiting: Office) -> None:
    """`wp_setuserstate` answers at once. Maintenance counts its order if no program takes it."""
    waiting = waiting.having(call_control_seconds=60)
    assert waiting.run("wp_setuserstate", user="ivanov", userstateid="5").status == 200
    writer = connection(waiting.settings.writer_database_url)
    fresh = call_orders.tidy(writer)
    waiting.owner.execute("UPDATE ledger.call_orders SET expires_at = now() - interval '1 second'")

    assert (fresh, call_orders.tidy(writer), call_orders.tidy(writer)) == (0, 1, 0)


def test_a_refusal_of_the_pbx_reaches_the_client(client: Client, agent: Agent) -> None:
    """The answer is 502 and has the words of the PBX."""
    agent.result = {"state": "failed", "reason": "Extension does not exist"}
    answer = client.get("wp_autocallstart", **CALL)
    assert (answer.status_code, "Extension does not exist" in answer.text) == (502, True)


def test_the_id_of_the_started_call_is_stored(client: Client, agent: Agent) -> None:
    """Webhooks with this id belong to the order."""
    agent.result = {"state": "done", "call_id": "ringledger-1764340000.7"}
    assert client.get("wp_autocallstart", **CALL).status_code == 200
    stored = client.rows("SELECT call_id FROM ledger.started_calls WHERE id = %s", agent.taken[-1]["id"])
    assert stored == [("ringledger-1764340000.7",)]


def _ordered(office: Office, expires: str = "1 minute") -> str:
    order = str(uuid4())
    insert = (
        "INSERT INTO ledger.call_orders (id, command, integration, user_id, expires_at)"
        " VALUES (%s, 'wp_flash', 'crm', %s, now() + %s::interval)"
    )
    office.owner.execute(insert, [order, str(uuid4()), expires])
    return order


def test_an_order_is_taken_once(office: Office) -> None:
    """A second agent, or a message that arrives twice, does not carry it out again; nor is an expired one taken."""
    writer, order = connection(office.settings.writer_database_url), _ordered(office)
    first, second = (call_orders.take(writer, UUID(order), agent) for agent in ("one", "two"))
    late = call_orders.take(writer, UUID(_ordered(office, "-1 second")), "one")
    ended = [call_orders.end(writer, UUID(order), agent, OrderState("done", "", "")) for agent in ("two", "one")]

    assert (first, second, late, ended) == (True, False, False, [False, True])


def test_the_status_shows_orders_that_no_program_took(office: Office) -> None:
    """It counts the orders of a day by their outcome, with the reason of the newest failure."""
    for _ in range(2):
        _ordered(office, "-1 second")
    failed = _ordered(office)
    office.owner.execute("UPDATE ledger.call_orders SET outcome = 'failed', reason = 'busy' WHERE id = %s", [failed])
    status = call_orders.status(connection(office.settings.writer_database_url))

    assert (status.taken, status.failed, status.not_taken, status.failure) == (0, 1, 2, "busy")


@pytest.mark.parametrize(
    ("order", "report", "status"),
    [
        (str(uuid4()), {"state": "taken"}, 409),
        (str(uuid4()), {"state": "done"}, 409),
        (str(uuid4()), {"state": "lost"}, 400),
        (str(uuid4()), {"state": "failed", "reason": "x" * 501}, 400),
        (str(uuid4()), {"state": "taken", "more": 1}, 400),
        ("7", {"state": "taken"}, 400),
        (str(uuid4()), {"state": "failed", "reason": "x" * 9_000}, 413),
    ],
    ids=["unknown", "not taken", "no such state", "long reason", "unknown field", "no id", "too large"],
)
def test_a_report_is_checked(client: Client, order: str, report: dict[str, Any], status: int) -> None:
    """A report has one of three states, and belongs to an order that its agent may report."""
    assert client.report(order, **report).status_code == status


@pytest.mark.parametrize(("scope", "status"), [("oktell", 403), ("", 401), ("unknown", 401)])
def test_a_report_needs_a_token_for_control(client: Client, scope: str, status: int) -> None:
    """The token of an agent program can do nothing else, and no other token can report."""
    token = client.facts["tokens"].get(scope, scope)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = client.url(f"call-orders/{uuid4()}")
    assert requests.post(url, json={"state": "taken"}, headers=headers, timeout=60).status_code == status
