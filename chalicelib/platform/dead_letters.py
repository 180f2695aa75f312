"""The dead letters of an SQS queue: messages that it delivered several times without success."""

from __future__ import annotations

import json
from collections.abc import Callable

from chalicelib.platform import boto3_errors, queues
from chalicelib.platform.queues import client

AT_ONCE = 10


def redrive(queue_url: str, report: Callable[[int], None]) -> int:
    """Send the dead letters of the queue back to it and return their number.

    `report` receives the number so far. A message is deleted after it was sent, so one may arrive twice. Raises
    Unavailable.
    """
    moved = 0
    with boto3_errors.translated(queues.AWAY):
        dead_url = _dead_url(queue_url)
        while (
            messages := client()
            .receive_message(QueueUrl=dead_url, MaxNumberOfMessages=AT_ONCE, VisibilityTimeout=60)
            .get("Messages")
        ):
            for message in messages:
                client().send_message(QueueUrl=queue_url, MessageBody=message["Body"])
                client().delete_message(QueueUrl=dead_url, ReceiptHandle=message["ReceiptHandle"])
            moved += len(messages)
            report(moved)
    return moved


def count(queue_url: str) -> int:
    """Return about how many dead letters the queue has. Raises Unavailable."""
    with boto3_errors.translated(queues.AWAY):
        dead_url = _dead_url(queue_url)
    return queues.count(dead_url)


def _dead_url(queue_url: str) -> str:
    attributes = client().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])["Attributes"]
    target = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]
    return client().get_queue_url(QueueName=target.rpartition(":")[2])["QueueUrl"]
