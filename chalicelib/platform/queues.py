"""SQS: the queues that the bundle writes to."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chalicelib.errors import TooLarge, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

#: The longest message, in bytes (SQS quotas, 1 MiB).
MESSAGE_LIMIT = 1_048_576

# Whoever posts a webhook waits: a failure is told within these two together, and half a second more.
CONNECT_SECONDS = 0.5
READ_SECONDS = 1.0
REPEAT_SECONDS = 0.5
BATCH = 10


@lru_cache(maxsize=1)
def client() -> SQSClient:
    """This process's SQS client, made on first use."""
    import boto3  # noqa: PLC0415 - a cold start pays for boto3 only where a queue is used
    from botocore.config import Config  # noqa: PLC0415

    settings = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1},
        tcp_keepalive=True,
    )
    return boto3.client("sqs", config=settings)


def url_of(queue: str) -> str:
    """The address of a queue that is named by it, or by its ARN."""
    if not queue.startswith("arn:"):
        return queue
    _, partition, _, region, account, name = queue.split(":", 5)
    return f"https://sqs.{region}.amazonaws.com{'.cn' * (partition == 'aws-cn')}/{account}/{name}"


def send(queue_url: str, message: str) -> None:
    """Put `message`, ASCII text, into the queue; it may arrive twice.

    Raises TooLarge when SQS does not take that much, Unavailable within two seconds when it does not take it now.
    """
    if len(message) > MESSAGE_LIMIT:
        raise TooLarge(f"The request takes {len(message)} bytes in the queue, which accepts {MESSAGE_LIMIT}")
    until = time.monotonic() + REPEAT_SECONDS
    try:
        _send(queue_url, message)
    except Unavailable:
        # A connection that was kept while the Lambda slept may be dead; that shows at once.
        if time.monotonic() > until:
            raise
        _send(queue_url, message)


def send_all(queue_url: str, messages: Sequence[str], delay: int = 0) -> None:
    """Put short `messages` into the queue, where they wait for `delay` seconds (900 at most); some may arrive twice.

    Raises Unavailable when SQS does not take one.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    for begin in range(0, len(messages), BATCH):
        entries: Any = [
            {"Id": str(number), "MessageBody": message, "DelaySeconds": delay}
            for number, message in enumerate(messages[begin : begin + BATCH])
        ]
        try:
            refused = client().send_message_batch(QueueUrl=queue_url, Entries=entries).get("Failed")
        except (BotoCoreError, ClientError) as fault:
            raise Unavailable("The queue service does not answer") from fault
        if refused:
            raise Unavailable(f"The queue service did not take {len(refused)} messages")


def check(queue_url: str) -> None:
    """Ask SQS whether the queue is there. Raises Unavailable."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        client().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    except (BotoCoreError, ClientError) as fault:
        raise Unavailable("The queue service does not answer") from fault


def count(queue_url: str) -> int:
    """About how many messages the queue has, in a consumer's hands or not. Raises Unavailable."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        answer = client().get_queue_attributes(
            QueueUrl=queue_url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
    except (BotoCoreError, ClientError) as fault:
        raise Unavailable("The queue service does not answer") from fault
    return sum(map(int, answer["Attributes"].values()))


def _send(queue_url: str, message: str) -> None:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        client().send_message(QueueUrl=queue_url, MessageBody=message)
    except (BotoCoreError, ClientError) as fault:
        raise Unavailable("The queue service does not answer") from fault
