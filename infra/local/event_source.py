"""Lambda's SQS event source: receives batches from the queues and calls the handlers of `@app.on_sqs_message`.

It behaves like Lambda where a handler can tell: batch size and window, shape and size of the event, partial failures,
and failed messages that return after the queue's visibility timeout. Lambda runs several batches of a queue at once;
here they run one after the other.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from chalice.app import Chalice, SQSEventConfig
from chalice.local import LambdaContext

from chalicelib.platform import divisions
from infra.local.worker import STOP_SECONDS, Worker

MESSAGES_A_RECEIVE = 10
POLL_SECONDS = 1
RETRY_SECONDS = 5
# Lambda's limit for an invocation's payload.
EVENT_BYTES = 6_000_000
LAMBDA_SECONDS = 60

logger = logging.getLogger(__name__)


class Poller(Worker):
    """One thread for one handler of one queue. It handles what is in the queue before it stops."""

    def __init__(self, app: Chalice, source: SQSEventConfig, endpoint: str | None) -> None:
        """Call the handler that `app` registered as `source`, with messages of the SQS at `endpoint`."""
        self._source = source
        self._handler = app.handler_map[source.name]
        self._sqs = boto3.client("sqs", endpoint_url=endpoint)
        name = source.queue or str(source.queue_arn).rsplit(":", 1)[-1]
        self._url = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self._arn = answer["Attributes"]["QueueArn"]
        super().__init__(f"sqs-{source.name}")

    def run(self) -> None:
        """Pass batches to the handler. After the order to stop, handle what is in the queue for ten seconds at most."""
        deadline = float("inf")
        while time.monotonic() < deadline:
            # Read before the batch: only a queue that is found empty after the order to stop is drained.
            stopping = self.stopping.is_set()
            if stopping:
                deadline = min(deadline, time.monotonic() + STOP_SECONDS)
            try:
                batch = self._batch()
                for event in _events(batch, self._arn):
                    self._invoke(event)
            except (BotoCoreError, ClientError) as fault:
                # Messages that were received and not deleted return by themselves.
                logger.warning("%s: SQS does not answer: %s", self._source.name, fault)
                batch = []
                self.stopping.wait(RETRY_SECONDS)
            if stopping and not batch:
                return

    def _batch(self) -> list[Any]:
        batch: list[Any] = []
        closes = 0.0
        while len(batch) < self._source.batch_size:
            messages = self._receive(min(MESSAGES_A_RECEIVE, self._source.batch_size - len(batch)))
            batch += messages
            if self.stopping.is_set() and not messages:
                break
            if not batch:
                continue
            # The window opens with the first message.
            closes = closes or time.monotonic() + self._source.maximum_batching_window_in_seconds
            if time.monotonic() >= closes:
                break
        return batch

    def _receive(self, count: int) -> list[Any]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=count,
            WaitTimeSeconds=0 if self.stopping.is_set() else POLL_SECONDS,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", []))

    def _invoke(self, event: dict[str, Any]) -> None:
        records = event["Records"]
        try:
            answer = self._handler(event, LambdaContext(self._source.name, 128, LAMBDA_SECONDS * 1000))
            failed = failures(answer, {record["messageId"] for record in records})
        except Exception:
            # Lambda logs what a handler raises, and leaves the batch to the visibility timeout.
            logger.exception("%s failed; its %d messages will return", self._source.name, len(records))
            return
        self._delete([record["receiptHandle"] for record in records if record["messageId"] not in failed])

    def _delete(self, handles: list[str]) -> None:
        for first in range(0, len(handles), MESSAGES_A_RECEIVE):
            entries: Any = [
                {"Id": str(number), "ReceiptHandle": handle}
                for number, handle in enumerate(handles[first : first + MESSAGES_A_RECEIVE])
            ]
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)


def failures(answer: object, known: set[str]) -> set[str]:
    """Return the ids that a handler lists in `batchItemFailures`, whose messages must not be deleted.

    No answer, an empty answer and an empty list mean that every message succeeded. Raises ValueError, which fails the
    whole batch, for any other shape and for an id that is not in `known`, as Lambda does.
    """
    if not answer:
        return set()
    if not isinstance(answer, dict):
        raise ValueError("an SQS handler must return nothing or an object")  # noqa: TRY004 - one error for every wrong shape
    try:
        failed = {item["itemIdentifier"] for item in answer.get("batchItemFailures") or []}
    except (TypeError, KeyError):
        raise ValueError("batchItemFailures must be a list of {itemIdentifier}") from None
    if not failed <= known:
        raise ValueError("batchItemFailures names a message that was not in the batch")
    return failed


def _events(batch: list[Any], arn: str) -> Iterator[dict[str, Any]]:
    records = (_record(message, arn) for message in batch)
    for part in divisions.by_size(records, lambda record: len(json.dumps(record)), EVENT_BYTES):
        yield {"Records": part}


def _record(message: dict[str, Any], arn: str) -> dict[str, Any]:
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        attribute["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return attribute
