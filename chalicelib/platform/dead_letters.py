"""The dead letters of an SQS queue: messages that it delivered several times without success."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Unavailable
from chalicelib.platform import boto3_errors, queues
from chalicelib.platform.queues import client

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

AT_ONCE = 10
#: Requests to SQS take tens of milliseconds, so several workers move messages at the same time; boto3 keeps as many
#: connections.
WORKERS = 10
#: SQS takes a batch of this many bytes.
BATCH_BYTES = 1_048_576
VISIBILITY_SECONDS = 60


def redrive(queue_url: str, report: Callable[[int], None]) -> int:
    """Send the dead letters of the queue back to it and return their number.

    `report` receives the number so far. A message is deleted after it was sent, so one may arrive twice. Raises
    Unavailable.
    """
    moved = 0
    with boto3_errors.translated(queues.AWAY):
        dead_url = _dead_url(queue_url)
        with ThreadPoolExecutor(WORKERS) as workers:
            while done := sum(_moved(workers, dead_url, queue_url)):
                moved += done
                report(moved)
    return moved


def count(queue_url: str) -> int:
    """Return about how many dead letters the queue has. Raises Unavailable."""
    with boto3_errors.translated(queues.AWAY):
        dead_url = _dead_url(queue_url)
    return queues.count(dead_url)


def _moved(workers: ThreadPoolExecutor, dead_url: str, queue_url: str) -> Iterator[int]:
    """Let each worker move what it receives, and return the numbers of messages."""
    moves = [workers.submit(_move, dead_url, queue_url) for _ in range(WORKERS)]
    for move in as_completed(moves):
        yield move.result()


def _move(dead_url: str, queue_url: str) -> int:
    """Move up to ten messages, and return how many were there."""
    messages = client().receive_message(
        QueueUrl=dead_url, MaxNumberOfMessages=AT_ONCE, VisibilityTimeout=VISIBILITY_SECONDS
    )
    received = messages.get("Messages", [])
    for batch in _batches(received):
        _send(queue_url, [message["Body"] for message in batch])
        _delete(dead_url, [message["ReceiptHandle"] for message in batch])
    return len(received)


def _batches(messages: Iterable[MessageTypeDef]) -> Iterator[list[MessageTypeDef]]:
    """Divide messages into batches that SQS takes."""
    batch: list[MessageTypeDef] = []
    size = 0
    for message in messages:
        length = len(message["Body"].encode())
        if batch and size + length > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += length
    if batch:
        yield batch


def _send(queue_url: str, bodies: Sequence[str]) -> None:
    entries: Any = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    _raise_if_refused(client().send_message_batch(QueueUrl=queue_url, Entries=entries), "take")


def _delete(dead_url: str, handles: Sequence[str]) -> None:
    entries: Any = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)]
    _raise_if_refused(client().delete_message_batch(QueueUrl=dead_url, Entries=entries), "delete")


def _raise_if_refused(answer: Any, verb: str) -> None:  # noqa: ANN401 - the answer of either request
    if refused := answer.get("Failed"):
        raise Unavailable(f"The queue service did not {verb} {len(refused)} messages; repeat `redrive` for the rest")


def _dead_url(queue_url: str) -> str:
    attributes = client().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])["Attributes"]
    target = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]
    return client().get_queue_url(QueueName=target.rpartition(":")[2])["QueueUrl"]
