"""The commands on events: replay, quarantine, forget, redrive."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.admin.commands import CommandResult, run
from chalicelib.calls.events import Raw
from chalicelib.envelope import reading
from chalicelib.ledger import quarantine, store
from chalicelib.platform import queues, runtime, signed_requests
from chalicelib.providers import telphin
from tests import databases
from tests.ingest.telephony import BEGIN, CALLER, Ledger, answered, message, missed

IDENTITY = "00000000-0000-0000-0000-000000000001"
PERIOD = ("--from", "2026-11-20T00:00:00Z", "--to", "2026-11-21")


def command(*words: str) -> CommandResult:
    """Run a command of the operator."""
    return run(words, lambda: "")


def test_a_replay_without_changes(ledger: Ledger) -> None:
    """A replay reports how many calls it checked, and that nothing changed."""
    ledger.take([*answered("C1", 0), *missed("C2", 0)])

    assert command("call", "replay", *PERIOD).output == "2 calls were replayed.\nNothing changed.\n"


def test_a_replay_that_brings_rows_back(ledger: Ledger) -> None:
    """Deleted rows come back, and the report counts them by table."""
    ledger.take([*answered("C1", 0), *missed("C2", 0)])
    expected = ledger.tables()
    databases.run(ledger.url, "DELETE FROM calls.success")
    databases.run(ledger.url, "UPDATE calls.cancelled SET stoptype = 'wrong'")

    output = command("call", "replay", *PERIOD, "--provider", "telphin").output

    assert ledger.tables() == expected
    assert output.splitlines() == [
        "2 calls were replayed.",
        "calls.cancelled: 1 records with rows gone",
        "calls.cancelled: 1 records with rows made",
        "calls.success: 1 records with rows made",
    ]


def test_a_replay_of_another_provider(ledger: Ledger) -> None:
    """Only calls of the named provider are checked."""
    ledger.take(answered("C1", 0))

    assert (
        command("call", "replay", *PERIOD, "--provider", "mtt").output == "0 calls were replayed.\nNothing changed.\n"
    )


def test_the_quarantine_is_listed_and_retried(ledger: Ledger) -> None:
    """A refused message is listed with its reason and shown whole; a retry succeeds as soon as its extension exists."""
    identity = "00000000-0000-0000-0000-000000000001"
    text = message(4242, identity=identity, accepted=BEGIN, query="EventType=dial-in&CallID=C1")
    store.take(ledger.writer, [reading.read(text)])

    assert identity in command("quarantine", "list").output
    assert json.loads(command("quarantine", "show", identity).output)["id"] == identity
    refused = command("quarantine", "retry", identity)
    assert (refused.exit, "still cannot be read" in refused.errors) == (1, True)

    databases.run(
        ledger.url,
        "INSERT INTO ledger.extensions (id, provider, client, name, type) OVERRIDING SYSTEM VALUE"
        " VALUES (4242, 'telphin', '13596', '13596*142', 'phone')",
    )
    retried = command("quarantine", "retry", identity)
    assert (retried.exit, retried.errors) == (0, "")
    assert ledger.column("SELECT call_id FROM ledger.events") == ["C1"]
    assert identity not in command("quarantine", "list").output
    assert identity in command("quarantine", "list", "--all").output


def test_an_unknown_message_is_explained(ledger: Ledger) -> None:
    """A retry of an unknown message is an error of one line."""
    assert command("quarantine", "retry", "nothing").errors.count("\n") == 1
    assert ledger.column("SELECT count(*) FROM ledger.quarantine") == [0]


def test_a_number_is_forgotten(ledger: Ledger) -> None:
    """A person's number is removed from rows, raw events and quarantine; other data stays, and a record is written."""
    ledger.take([*answered("C1", 0), *missed("C2", 0)])
    text = message(0, identity="00000000-0000-0000-0000-000000000001", accepted=BEGIN, query=f"From=%2B{CALLER[1:]}")
    store.take(ledger.writer, [reading.read(text)])
    databases.run(ledger.url, f"INSERT INTO calls.success (anumber, bnumber) VALUES ('8{CALLER[2:]}', '1{CALLER[1:]}')")

    assert command("person", "forget", CALLER, "--yes").exit == 0

    rows = str(ledger.tables()) + str(databases.run(ledger.url, "SELECT query, body FROM ledger.events"))
    rows += str(databases.run(ledger.url, "SELECT convert_from(message, 'UTF8') FROM ledger.quarantine"))
    assert rows.count(CALLER[2:]) == rows.count(f"1{CALLER[1:]}") == 1
    assert "+70000000000" in rows
    assert "%2B70000000000" in rows
    ((touched,),) = databases.run(ledger.url, "SELECT touched FROM ledger.forgotten ORDER BY id DESC LIMIT 1")
    assert touched == {"ledger.events": 6, "ledger.quarantine": 1, "calls.success": 1}
    assert command("call", "replay", *PERIOD).output.endswith("Nothing changed.\n")


def test_a_number_that_may_be_on_its_way(
    ledger: Ledger, stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is removed while dead letters may contain the number; other queued messages need a second run."""
    for name, value in aws(stack).items():
        monkeypatch.setenv(name, value)
    runtime.renew()
    runtime.renew()
    urls = [queues.client().create_queue(QueueName=f"forgetting-{name}")["QueueUrl"] for name in ("dead", "live")]
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:forgetting-dead", "maxReceiveCount": "5"}
    queues.client().set_queue_attributes(QueueUrl=urls[1], Attributes={"RedrivePolicy": json.dumps(policy)})
    monkeypatch.setenv("EVENTS_QUEUE_URL", urls[1])
    runtime.renew()
    ledger.take(answered("C1", 0))
    signed_requests.send_message(urls[0], *ledger.texts(answered("dead", 0)[:1]))

    refused = command("person", "forget", CALLER, "--yes")
    assert (refused.exit, "1 dead letters may hold the number" in refused.errors) == (1, True)

    assert command("dead-letter", "redrive").exit == 0
    done = command("person", "forget", CALLER, "--yes")
    assert (done.exit, "1 messages were still in the queue: repeat this" in done.errors) == (0, True)
    runtime.renew()


def test_a_number_cannot_be_erased_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command says that the number remains, also in the queue, and when to repeat it."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.delenv("EVENTS_QUEUE_URL", raising=False)
    runtime.renew()

    refused = command("person", "forget", CALLER, "--yes")

    assert refused.exit == 1
    assert "The database does not answer: the number is not erased everywhere" in refused.errors
    assert "Repeat this when everything answers again" in refused.errors
    runtime.renew()


def test_dead_letters_go_back(ledger: Ledger, stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Dead letters return to the queue and are handled, and no dead letters are left."""
    for name, value in aws(stack).items():
        monkeypatch.setenv(name, value)
    runtime.renew()
    runtime.renew()
    (text,) = ledger.texts(answered("dead", 0)[:1])
    signed_requests.send_message(stack["queues"]["call-events-dead"], text)

    redriven = command("dead-letter", "redrive")

    assert (redriven.exit, redriven.output) == (0, "1 messages were sent back.\n")
    assert command("dead-letter", "redrive").output == "0 messages were sent back.\n"
    runtime.renew()


def aws(stack: dict[str, Any]) -> dict[str, str]:
    """Return the environment with the stack's queues."""
    return {
        "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "EVENTS_QUEUE_URL": stack["queues"]["call-events"],
    }


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--from", "yesterday", "--to", "2026-11-21"), "'yesterday' is not a time: write 2026-11-20,"),
        (("--from", "0001-01-01T00:00+14:00", "--to", "2026-11-21"), "is not a time"),
        (("--from", "2026-11-20", "--to", "9999-12-31T23:59-01:00"), "is not a time"),
        (("--from", "2026-11-21", "--to", "2026-11-20"), "The period ends (2026-11-20T00:00:00) before it begins"),
        (("--from", "2026-11-20", "--to", "2026-11-20"), "before it begins"),
        ((*PERIOD, "--provider", "bogus"), "invalid choice: 'bogus' (choose from 'asterisk', 'mtt', 'telphin')"),
    ],
)
def test_a_period_that_cannot_be_replayed(ledger: Ledger, words: tuple[str, ...], error: str) -> None:
    """An impossible period is refused, and the error states what is allowed."""
    ended = command("call", "replay", *words)

    assert ended.exit in {1, 2}
    assert error in ended.errors
    assert ledger.column("SELECT count(*) FROM ledger.events") == [0]


def test_the_longest_period(ledger: Ledger) -> None:
    """The longest possible period is accepted."""
    ledger.take(answered("C1", 0))

    assert command("call", "replay", "--from", "0001-01-01", "--to", "9999-12-31").output.startswith("1 calls were")


def test_an_unexpected_failure_is_one_line(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any failure is one line for the operator, and not a stack trace."""

    def broken(_raw: Raw) -> object:
        raise ZeroDivisionError("some rule")

    monkeypatch.setattr(telphin, "PROVIDER", replace(telphin.PROVIDER, read=broken))
    text = message(ledger.ids["106"], identity=IDENTITY, accepted=BEGIN, query="Nothing=known")
    quarantine.set_aside(ledger.writer, "1", text, "unknown")
    ended = command("quarantine", "retry", IDENTITY)

    assert (ended.exit, ended.errors.count("\n")) == (1, 1)
    assert "a defect in Ringledger: ZeroDivisionError('some rule')" in ended.errors


@pytest.mark.parametrize("words", [("person", "forget", "12345", "--yes"), ("dead-letter", "redrive")])
def test_an_impossible_command_is_explained(ledger: Ledger, words: tuple[str, ...]) -> None:
    """A too short number and a missing queue are errors of one line."""
    ended = command(*words)

    assert (ended.exit, ended.errors.count("\n")) == (1, 1)
    assert ledger.column("SELECT count(*) FROM ledger.forgotten WHERE touched = '{}'") == [0]
