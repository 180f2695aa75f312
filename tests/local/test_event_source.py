"""The poller in the role of Lambda's SQS event source, against moto's queues over HTTP."""

from __future__ import annotations

import hashlib
import json
import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from chalice.app import Chalice, SQSEvent, SQSEventConfig

from chalicelib.platform import dead_letters, queues, runtime
from infra.local.event_source import Poller, failures
from tests.loopback import aws_services

WAIT_SECONDS = 30
Answer = Callable[[list[str]], object]


class Consumer:
    """A queue, a handler with a given answer, and the poller between them."""

    def __init__(self, name: str, endpoint: str, batch_size: int = 10, window: int = 0, visibility: int = 1) -> None:
        """Make the queue, whose messages come back after `visibility` seconds; batches close after `window`."""
        self.sqs = boto3.client("sqs", endpoint_url=endpoint)
        self.url = self.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": str(visibility)})["QueueUrl"]
        self.events: queue.Queue[list[dict[str, Any]]] = queue.Queue()
        self.answer: Answer = lambda _bodies: None
        self.app = Chalice(name)

        @self.app.on_sqs_message(
            queue=name, name=name, batch_size=batch_size, maximum_batching_window_in_seconds=window
        )
        def handle(event: SQSEvent) -> object:
            records: list[dict[str, Any]] = event.to_dict()["Records"]
            self.events.put(records)
            return self.answer([record["body"] for record in records])

        source = self.app.event_sources[0]
        assert isinstance(source, SQSEventConfig)
        self.poller = Poller(self.app, source, endpoint)

    def send(self, *bodies: str) -> None:
        """Put messages into the queue, then let the poller begin."""
        for body in bodies:
            attributes: Any = {"kind": {"DataType": "Binary", "BinaryValue": b"\x00"}}
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body, MessageAttributes=attributes)
        self.poller.start()

    def next(self) -> list[dict[str, Any]]:
        """Return the records of the next call of the handler."""
        return self.events.get(timeout=WAIT_SECONDS)

    def left(self) -> int:
        """Stop the poller, and return the number of messages in the queue, in flight or not."""
        self.poller.stop()
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(count) for count in counts.values())


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the endpoint of an SQS for this module."""
    with aws_services(tmp_path_factory.mktemp("aws")) as url:
        yield url


def test_event(endpoint: str) -> None:
    """A handler gets Lambda's event, and its messages are deleted afterwards."""
    consumer = Consumer("event", endpoint)

    consumer.send("hello")

    (record,) = consumer.next()
    assert record["body"] == "hello"
    assert record["md5OfBody"] == hashlib.md5(b"hello", usedforsecurity=False).hexdigest()
    assert (record["eventSource"], record["awsRegion"]) == ("aws:sqs", "us-east-1")
    assert record["eventSourceARN"] == "arn:aws:sqs:us-east-1:123456789012:event"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["messageId"]
    assert record["receiptHandle"]
    assert record["messageAttributes"]["kind"]["binaryValue"] == "AA=="
    assert consumer.left() == 0


def test_batch_larger_than_a_receive(endpoint: str) -> None:
    """Within its window a batch grows beyond the ten messages of one receive, up to its size."""
    consumer = Consumer("batch", endpoint, batch_size=15, window=2, visibility=60)

    consumer.send(*map(str, range(16)))

    assert len(consumer.next()) == 15
    assert len(consumer.next()) == 1
    assert consumer.left() == 0


def test_some_failed(endpoint: str) -> None:
    """Messages that the handler names return after the visibility timeout; the others are deleted."""
    consumer = Consumer("partial", endpoint)
    failed: list[str] = []
    consumer.answer = lambda _bodies: {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}
    consumer.sqs.send_message(QueueUrl=consumer.url, MessageBody="good")
    failed.append(consumer.sqs.send_message(QueueUrl=consumer.url, MessageBody="bad")["MessageId"])

    consumer.send()

    assert sorted(record["body"] for record in consumer.next()) == ["bad", "good"]
    (record,) = consumer.next()
    assert (record["body"], record["attributes"]["ApproximateReceiveCount"]) == ("bad", "2")
    assert consumer.left() == 1


def test_handler_raised(endpoint: str) -> None:
    """After an exception the whole batch returns."""
    consumer = Consumer("raised", endpoint)
    consumer.answer = lambda bodies: bodies[99]

    consumer.send("a", "b")

    assert {record["body"] for record in consumer.next()} == {"a", "b"}
    assert {record["attributes"]["ApproximateReceiveCount"] for record in consumer.next()} == {"2"}
    assert consumer.left() == 2


def test_given_up_and_sent_back(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that always fails becomes a dead letter, and a redrive brings it to a repaired handler."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    runtime.renew()
    consumer = Consumer("given-up", endpoint)
    consumer.sqs.create_queue(QueueName="given-up-dead")
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:given-up-dead", "maxReceiveCount": 2}
    consumer.sqs.set_queue_attributes(QueueUrl=consumer.url, Attributes={"RedrivePolicy": json.dumps(policy)})
    consumer.answer = lambda bodies: bodies[99]

    consumer.send("a")
    assert [consumer.next()[0]["body"] for _ in range(2)] == ["a", "a"]
    deadline = time.monotonic() + WAIT_SECONDS
    while not dead_letters.count(consumer.url):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    consumer.answer = lambda _bodies: None

    assert dead_letters.redrive(consumer.url, lambda _: None) == 1
    assert [record["body"] for record in consumer.next()] == ["a"]
    assert (consumer.left(), dead_letters.count(consumer.url)) == (0, 0)
    runtime.renew()


def test_many_dead_letters_go_back(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them arrive, also those that are too long for one batch. SQS may deliver one twice."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    runtime.renew()
    sqs = boto3.client("sqs", endpoint_url=endpoint)
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("many", "many-dead")}
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:many-dead", "maxReceiveCount": 2}
    sqs.set_queue_attributes(QueueUrl=urls["many"], Attributes={"RedrivePolicy": json.dumps(policy)})
    long = "x" * 200_000
    for number in range(240):
        sqs.send_message(QueueUrl=urls["many-dead"], MessageBody=long if number < 8 else str(number))
    progress: list[int] = []

    moved = dead_letters.redrive(urls["many"], progress.append)

    assert progress == sorted(progress)
    assert progress[-1] == moved == queues.count(urls["many"])
    assert dead_letters.count(urls["many"]) == 0
    bodies: set[str] = set()
    while messages := sqs.receive_message(QueueUrl=urls["many"], MaxNumberOfMessages=10).get("Messages"):
        bodies.update(message["Body"] for message in messages)
    assert bodies == {long, *map(str, range(8, 240))}
    runtime.renew()


def test_queue_is_drained_when_the_poller_stops(endpoint: str) -> None:
    """The poller handles every visible message before it stops."""
    consumer = Consumer("drained", endpoint, batch_size=2)
    consumer.send(*map(str, range(7)))

    consumer.poller.stop()

    assert consumer.left() == 0
    bodies = [record["body"] for _ in range(consumer.events.qsize()) for record in consumer.next()]
    assert sorted(bodies) == list("0123456")


def test_sending_into_a_long_queue(endpoint: str) -> None:
    """A message costs about the same whether the queue is empty or holds a thousand."""
    sqs = boto3.client("sqs", endpoint_url=endpoint)
    queue_url = sqs.create_queue(QueueName="long")["QueueUrl"]

    def seconds() -> float:
        began = time.perf_counter()
        for _ in range(30):
            sqs.send_message(QueueUrl=queue_url, MessageBody="x")
        return time.perf_counter() - began

    empty = min(seconds() for _ in range(3))
    entries: Any = [{"Id": str(number), "MessageBody": "x"} for number in range(10)]
    for _ in range(100):
        sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)

    assert min(seconds() for _ in range(3)) < 3 * empty
    counts = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"])
    assert counts["Attributes"]["ApproximateNumberOfMessages"] == "1180"


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_answers_of_success(answer: object) -> None:
    """No answer, an empty answer and an empty list mean that every message succeeded."""
    assert failures(answer, {"1"}) == set()


@pytest.mark.parametrize(
    "items", ["1", [{"id": "1"}], [{"itemIdentifier": ""}], [{"itemIdentifier": None}], [{"itemIdentifier": "2"}], [1]]
)
def test_malformed_answers(items: object) -> None:
    """An answer that does not name messages of the batch fails the whole of it."""
    with pytest.raises(ValueError, match="batchItemFailures"):
        failures({"batchItemFailures": items}, {"1"})
