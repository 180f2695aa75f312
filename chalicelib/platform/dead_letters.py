"""The dead letters of an SQS queue: messages that it delivered several times without success.

SQS cannot show a message without receiving it. Whoever looks at dead letters holds them for some seconds, and releases
them at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.errors import Unavailable
from chalicelib.platform import boto3_errors, divisions, queues
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
#: Whoever looks at dead letters holds them for so many seconds at the most.
LOOK_SECONDS = 20
#: The number of dead letters that a look or a search receives.
LOOK_LIMIT = 500


class DeadLetter(NamedTuple):
    """A dead letter: its id at SQS, its text, when it was first queued (naive UTC), and how often it was received."""

    id: str
    text: str
    sent_at: datetime
    receives: int


Chosen = Callable[[DeadLetter], bool]


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


def redrive_chosen(queue_url: str, chosen: Chosen, report: Callable[[int], None]) -> int:
    """Send those dead letters of the queue back to it that `chosen` accepts, and return their number.

    It looks at the first LOOK_LIMIT. The others stay. Raises Unavailable.
    """
    moved = 0
    with boto3_errors.translated(queues.AWAY):
        dead_url = _dead_url(queue_url)
        others: list[MessageTypeDef] = []
        for batch in _received(dead_url, LOOK_LIMIT, VISIBILITY_SECONDS):
            wanted = [message for message in batch if chosen(_letter(message))]
            others += [message for message in batch if message not in wanted]
            moved += _forward(queue_url, dead_url, wanted)
            report(moved)
        _release(dead_url, others)
    return moved


def look(queue_url: str, limit: int = LOOK_LIMIT) -> list[DeadLetter]:
    """Return dead letters of the queue, the newest first, and leave them where they are. Raises Unavailable."""
    with boto3_errors.translated(queues.AWAY):
        dead_url = _dead_url(queue_url)
        messages = [each for batch in _received(dead_url, limit, LOOK_SECONDS) for each in batch]
        _release(dead_url, messages)
    letters = {letter.id: letter for letter in map(_letter, messages)}
    return sorted(letters.values(), key=lambda letter: letter.sent_at, reverse=True)


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
    return _forward(queue_url, dead_url, messages.get("Messages", []))


def _forward(queue_url: str, dead_url: str, messages: Sequence[MessageTypeDef]) -> int:
    for batch in divisions.by_size(messages, lambda message: len(message["Body"].encode()), BATCH_BYTES):
        _send(queue_url, [message["Body"] for message in batch])
        _delete(dead_url, [message["ReceiptHandle"] for message in batch])
    return len(messages)


def _received(dead_url: str, limit: int, seconds: int) -> Iterator[list[MessageTypeDef]]:
    """Receive dead letters, which are held for `seconds`, until there are no more or `limit` is reached."""
    left = limit
    while left > 0:
        received = (
            client()
            .receive_message(
                QueueUrl=dead_url,
                MaxNumberOfMessages=min(AT_ONCE, left),
                VisibilityTimeout=seconds,
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            )
            .get("Messages", [])
        )
        if not received:
            return
        left -= len(received)
        yield received


def _release(dead_url: str, messages: Sequence[MessageTypeDef]) -> None:
    for begin in range(0, len(messages), AT_ONCE):
        entries: Any = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
            for number, message in enumerate(messages[begin : begin + AT_ONCE])
        ]
        # A message that is not released comes back by itself after its time.
        client().change_message_visibility_batch(QueueUrl=dead_url, Entries=entries)


def _letter(message: MessageTypeDef) -> DeadLetter:
    attributes = message["Attributes"]
    sent_at = datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1_000, UTC).replace(tzinfo=None)
    return DeadLetter(message["MessageId"], message["Body"], sent_at, int(attributes["ApproximateReceiveCount"]))


def _send(queue_url: str, bodies: Sequence[str]) -> None:
    entries: Any = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    _raise_if_refused(client().send_message_batch(QueueUrl=queue_url, Entries=entries), "take")


def _delete(dead_url: str, handles: Sequence[str]) -> None:
    entries: Any = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)]
    _raise_if_refused(client().delete_message_batch(QueueUrl=dead_url, Entries=entries), "delete")


def _raise_if_refused(answer: Any, verb: str) -> None:  # noqa: ANN401 - the answer of either request
    if refused := answer.get("Failed"):
        raise Unavailable(f"The queue service did not {verb} {len(refused)} messages; repeat it for the rest")


def _dead_url(queue_url: str) -> str:
    attributes = client().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])["Attributes"]
    target = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]
    return client().get_queue_url(QueueName=target.rpartition(":")[2])["QueueUrl"]
