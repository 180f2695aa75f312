"""Dead letters of an SQS queue: messages that it gave up on, sent back to it."""

from __future__ import annotations

import json
from collections.abc import Callable

from chalicelib.errors import Unavailable
from chalicelib.platform import queues
from chalicelib.platform.queues import client

AT_ONCE = 10


def redrive(queue_url: str, tell: Callable[[int], None]) -> int:
    """Send the dead letters of the queue back to it, as many as there are now; answers how many.

    `tell` hears how many are through. A message is deleted only after it was sent, so one may arrive twice.
    Raises Unavailable.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        dead_url = _dead_url(queue_url)
        moved = 0
        while (
            found := client()
            .receive_message(QueueUrl=dead_url, MaxNumberOfMessages=AT_ONCE, VisibilityTimeout=60)
            .get("Messages")
        ):
            for message in found:
                client().send_message(QueueUrl=queue_url, MessageBody=message["Body"])
                client().delete_message(QueueUrl=dead_url, ReceiptHandle=message["ReceiptHandle"])
            moved += len(found)
            tell(moved)
    except (BotoCoreError, ClientError) as fault:
        raise Unavailable("The queue service does not answer") from fault
    return moved


def count(queue_url: str) -> int:
    """About how many messages the queue gave up on. Raises Unavailable."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        dead_url = _dead_url(queue_url)
    except (BotoCoreError, ClientError) as fault:
        raise Unavailable("The queue service does not answer") from fault
    return queues.count(dead_url)


def _dead_url(queue_url: str) -> str:
    asked = client().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])
    target = json.loads(asked["Attributes"]["RedrivePolicy"])["deadLetterTargetArn"]
    return client().get_queue_url(QueueName=target.rpartition(":")[2])["QueueUrl"]
