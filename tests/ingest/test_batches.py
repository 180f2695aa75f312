"""Batches of the queue: a failing message comes again alone, and goes to the quarantine after its last receive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.ingest import batches
from chalicelib.ingest.batches import KILLER, LAST_ATTEMPT, LAST_RECEIVE, Callbacks, Delivery
from chalicelib.ingest.surface import handle
from chalicelib.platform import runtime
from chalicelib.platform.postgres import Connection
from tests.databases import run
from tests.ingest.telephony import BEGIN, Ledger, answered, message, missed

IDENTITY = "00000000-0000-0000-0000-00000000dead"


#: Reports are dropped.
SILENT = Callbacks(report=lambda _delivery, _error: None)


def poison(ledger: Ledger) -> str:
    """Return a message that PostgreSQL refuses: its generation does not fit the column."""
    text = message(ledger.ids["106"], identity=IDENTITY, accepted=BEGIN, query="EventType=hangup&CallID=bad")
    return json.dumps(json.loads(text) | {"generation": 2**40})


def deliveries(texts: list[str], receives: int = 1) -> list[Delivery]:
    """Return the texts as SQS delivers them."""
    return [Delivery(f"m{number}", text, receives) for number, text in enumerate(texts)]


def test_a_bad_message_comes_again_alone(ledger: Ledger) -> None:
    """The other messages of the batch are taken as if the failing one were not there."""
    texts = [*ledger.texts(answered("C1", 0)), poison(ledger), *ledger.texts(missed("C2", 0))]

    assert batches.take(ledger.writer, deliveries(texts), SILENT) == ["m3"]
    assert (len(ledger.tables()["calls.success"]), len(ledger.tables()["calls.cancelled"])) == (1, 1)
    assert ledger.column("SELECT count(*) FROM ledger.quarantine") == [0]


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 1}', '{"version": 2}', "null"])
def test_an_unreadable_message(ledger: Ledger, text: str) -> None:
    """A message of another shape fails like any other bad message."""
    texts = [*ledger.texts(answered("C1", 0)), text]

    assert batches.take(ledger.writer, deliveries(texts), SILENT) == ["m3"]
    assert batches.take(ledger.writer, deliveries([text], LAST_RECEIVE), SILENT) == []
    assert ledger.column("SELECT convert_from(message, 'UTF8') FROM ledger.quarantine") == [text]


def test_a_bad_message_goes_to_the_quarantine_after_its_last_receive(ledger: Ledger) -> None:
    """At its last receive a bad message leaves the queue for the quarantine, with the reason that PostgreSQL gave."""
    text = poison(ledger)

    assert batches.take(ledger.writer, deliveries([text], LAST_RECEIVE - 1), SILENT) == ["m0"]
    assert batches.take(ledger.writer, deliveries([text], LAST_RECEIVE), SILENT) == []
    (kept,) = run(ledger.url, "SELECT id, provider, extension, convert_from(message, 'UTF8') FROM ledger.quarantine")
    assert kept == (IDENTITY, "telphin", ledger.ids["106"], text)
    assert "out of range" in str(ledger.column("SELECT reason FROM ledger.quarantine"))


def test_the_quarantine_takes_messages_with_any_values(ledger: Ledger) -> None:
    """A number or a name that fits no column does not keep a message out of the quarantine."""
    content = json.loads(poison(ledger))
    unstorable = json.dumps(content | {"extension": 2**40, "provider": "tel\0phin"})
    unreadable = json.dumps(content | {"provider": "telphin\ud800"})

    assert batches.take(ledger.writer, deliveries([unstorable, unreadable], LAST_RECEIVE), SILENT) == []
    kept = run(ledger.url, "SELECT id, provider, extension, convert_from(message, 'UTF8') FROM ledger.quarantine")
    assert sorted(kept) == [(IDENTITY, "telphin", 0, unstorable), ("m1", "", 0, unreadable)]


def test_a_database_that_is_away_takes_nothing(ledger: Ledger) -> None:
    """While the database does not answer, all messages come again, however often they were received."""
    away = Connection("postgresql://nobody@127.0.0.1:1/none")
    texts = ledger.texts(answered("C1", 0))

    assert batches.take(away, deliveries(texts, LAST_RECEIVE), SILENT) == ["m0", "m1", "m2"]


class Killed(BaseException):
    """The end of the consumer's process in the middle of its work."""


class Mortal(Connection):
    """A writer's connection whose process dies when it sends a statement with a certain word in a parameter."""

    word = "killer"

    def post(self, sql: str, parameters: Any) -> None:
        """Die instead of sending the word."""
        if self.word in str(parameters):
            raise Killed
        super().post(sql, parameters)


def until_nothing_is_left(writer: Connection, texts: list[str], receives: int) -> int:
    """Deliver the texts again and again, also after the consumer was killed, and return how often it was."""
    waiting, kills = deliveries(texts, receives), 0
    for _ in range(20):
        if not waiting:
            break
        try:
            failed = batches.take(writer, waiting, SILENT)
        except Killed:
            # Lambda delivers the whole batch again.
            writer.close()
            kills += 1
        else:
            waiting = [each for each in waiting if each.id in failed]
    assert waiting == []
    return kills


def test_a_message_that_kills_the_consumer_is_set_aside(ledger: Ledger) -> None:
    """It is tried alone after a few deaths, and goes to the quarantine; its neighbours are stored."""
    killer = message(ledger.ids["106"], identity=IDENTITY, accepted=BEGIN, query="EventType=hangup&CallID=killer")
    texts = [*ledger.texts(answered("C1", 0)), killer, *ledger.texts(missed("C2", 0))]
    mortal = Mortal(ledger.settings.writer_database_url)

    kills = until_nothing_is_left(mortal, texts, LAST_RECEIVE + 1)

    assert kills == LAST_ATTEMPT
    assert ledger.column("SELECT id FROM ledger.quarantine") == [IDENTITY]
    assert ledger.column("SELECT reason FROM ledger.quarantine") == [KILLER]
    assert (len(ledger.tables()["calls.success"]), len(ledger.tables()["calls.cancelled"])) == (1, 1)
    assert ledger.column("SELECT count(*) FROM ledger.suspects") == [0]


def test_after_an_outage_of_hours_every_message_is_stored(ledger: Ledger) -> None:
    """Messages that were received a hundred times are taken like new ones, and none is set aside."""
    texts = [*ledger.texts(answered("C1", 0)), *ledger.texts(missed("C2", 0))]
    away = Connection("postgresql://nobody@127.0.0.1:1/none")

    assert len(batches.take(away, deliveries(texts, 100), SILENT)) == len(texts)
    assert batches.take(ledger.writer, deliveries(texts, 101), SILENT) == []
    assert (len(ledger.tables()["calls.success"]), len(ledger.tables()["calls.cancelled"])) == (1, 1)
    assert ledger.column("SELECT count(*) FROM ledger.quarantine") == [0]
    assert ledger.column("SELECT count(*) FROM ledger.suspects") == [0]


@pytest.fixture
def lambda_settings(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give this process the settings of the ingest Lambda."""
    monkeypatch.setenv("WRITER_DATABASE_URL", ledger.settings.writer_database_url)
    runtime.renew()
    yield
    runtime.renew()


@pytest.mark.usefixtures("lambda_settings")
def test_the_lambdas_answer_names_what_failed(ledger: Ledger) -> None:
    """The handler takes the event of SQS and names the failed messages in the shape that Lambda expects."""
    records: list[dict[str, Any]] = [
        {"messageId": name, "body": text, "attributes": {"ApproximateReceiveCount": "1"}}
        for name, text in (("good", ledger.texts(answered("C1", 0))[0]), ("bad", poison(ledger)))
    ]

    assert handle({"Records": records}) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert ledger.column("SELECT count(*) FROM ledger.events") == [1]
