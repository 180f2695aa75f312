"""Commands that list and show what waits: dead letters, orders, faxes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.admin.commands import CommandResult, run
from chalicelib.platform import queues, runtime, signed_requests
from tests import databases
from tests.ingest.telephony import Ledger, answered


@pytest.fixture
def dead(ledger: Ledger, stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the text of a webhook in a queue of dead letters, beside a message that cannot be read."""
    for name, value in {
        "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }.items():
        monkeypatch.setenv(name, value)
    runtime.renew()
    client = queues.client()
    given, live = (client.create_queue(QueueName=f"listing-{name}")["QueueUrl"] for name in ("dead", "live"))
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:listing-dead", "maxReceiveCount": "5"}
    client.set_queue_attributes(QueueUrl=live, Attributes={"RedrivePolicy": json.dumps(policy)})
    (text,) = ledger.texts(answered("dead", 0)[:1])
    for body in (text, "not an envelope"):
        signed_requests.send_message(given, body)
    monkeypatch.setenv("EVENTS_QUEUE_URL", live)
    runtime.renew()
    return text


def command(*words: str) -> CommandResult:
    """Run a command of the operator."""
    return run(words, lambda: "")


def test_a_dead_letter_is_listed_and_shown(dead: str) -> None:
    """The list has each message with its reason, `show` prints it as it was queued, and one is sent back by its id."""
    listed = json.loads(command("dead-letter", "list", "--json").output)
    reasons = {each["provider"]: each["reason"] for each in listed}
    assert "it can be read" in reasons["telphin"]
    readable = next(each["id"] for each in listed if each["provider"] == "telphin")

    shown = command("dead-letter", "show", readable)
    assert (shown.exit, shown.output) == (0, f"{dead}\n")
    assert "it can be read" in shown.errors
    unknown = command("dead-letter", "show", "none")
    assert (unknown.exit, unknown.output, bool(unknown.errors)) == (1, "", True)

    assert command("dead-letter", "redrive", readable).output == "1 messages were sent back.\n"
    assert len(json.loads(command("dead-letter", "list", "--json").output)) == 1
    assert command("dead-letter", "redrive").exit == 0


#: Outcome of the list -> the commands of the orders in it.
LISTED = {
    "not-taken": ["autocall"], "failed": ["switchcall"], "done": ["declinecall"], "taken": [], "waiting": ["flash"],
    "all": ["autocall", "declinecall", "flash", "switchcall"],
}  # fmt: skip
#: Command -> when its order expires, its outcome, and whether an agent program took it.
ORDERS = {
    "autocall": ("now() - interval '1 minute'", "waiting", "NULL"),
    "switchcall": ("now() + interval '1 hour'", "failed", "now()"),
    "declinecall": ("now() + interval '1 hour'", "done", "now()"),
    "flash": ("now() + interval '1 hour'", "waiting", "NULL"),
}


@pytest.mark.parametrize("outcome", LISTED)
def test_orders_by_their_outcome(ledger: Ledger, outcome: str) -> None:
    """Orders that no agent program took are listed without an outcome; each other outcome has its own."""
    databases.run(ledger.url, "DELETE FROM ledger.call_orders RETURNING 1")
    for name, (expires, ended, taken) in ORDERS.items():
        databases.run(
            ledger.url,
            "INSERT INTO ledger.call_orders"
            " (id, command, integration, user_id, expires_at, outcome, taken_at, ended_at)"
            f" VALUES (gen_random_uuid(), '{name}', 'crm', gen_random_uuid(), {expires}, '{ended}', {taken}, {taken})"
            " RETURNING 1",
        )
    words = () if outcome == "not-taken" else ("--outcome", outcome)
    listed = json.loads(command("order", "list", "--json", *words).output)
    assert sorted(each["command"] for each in listed) == LISTED[outcome]


def test_faxes_are_listed_the_newest_first(ledger: Ledger) -> None:
    """Each fax has its name, its type and its time, and no code."""
    databases.run(ledger.url, "DELETE FROM ledger.faxes RETURNING 1")
    for number, name in enumerate(("old.pdf", "new.tiff")):
        databases.run(
            ledger.url,
            "INSERT INTO ledger.faxes (id, key, name, content_type, added_at)"
            f" VALUES (gen_random_uuid(), 'faxes/{number}', %s, 'application/pdf', now() + interval '{number} hours')"
            " RETURNING 1",
            [name],
        )
    listed = json.loads(command("fax", "list", "--json").output)
    assert [each["name"] for each in listed] == ["new.tiff", "old.pdf"]
    assert set(listed[0]) == {"id", "name", "content_type", "added"}
