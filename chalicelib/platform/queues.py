"""SQS through boto3, for the work that no caller waits for; webhooks are sent by `signed_requests`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Unavailable
from chalicelib.platform import boto3_clients, boto3_errors, runtime, signed_requests

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

AWAY = "The queue service does not answer"
CONNECT_SECONDS = 0.5
READ_SECONDS = 1.0
BATCH = 10


def client(region: str = "") -> SQSClient:
    """Return this process's SQS client for a region, by default its own, made at its first use."""
    return runtime.current().shared(("sqs", region), lambda: _made(region))


def _made(region: str) -> SQSClient:
    client: SQSClient = boto3_clients.made(
        "sqs",
        region,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1},
        tcp_keepalive=True,
    )
    return client


def url_of(queue: str) -> str:
    """Return the URL of a queue from its URL or its ARN."""
    if not queue.startswith("arn:"):
        return queue
    _, partition, _, region, account, name = queue.split(":", 5)
    return f"https://sqs.{region}.amazonaws.com{'.cn' * (partition == 'aws-cn')}/{account}/{name}"


def send_all(queue_url: str, messages: Sequence[str], delay: int = 0) -> None:
    """Put short `messages` into the queue, which delivers them after `delay` seconds (up to 900).

    The queue may be in another region. Some messages may arrive twice. Raises Unavailable when SQS does not accept one.
    """
    region = signed_requests.queue_region(queue_url)
    for begin in range(0, len(messages), BATCH):
        entries: Any = [
            {"Id": str(number), "MessageBody": message, "DelaySeconds": delay}
            for number, message in enumerate(messages[begin : begin + BATCH])
        ]
        with boto3_errors.translated(AWAY):
            refused = client(region).send_message_batch(QueueUrl=queue_url, Entries=entries).get("Failed")
        if refused:
            raise Unavailable(f"The queue service did not take {len(refused)} messages")


def check(queue_url: str) -> None:
    """Check that SQS has the queue. Raises Unavailable."""
    with boto3_errors.translated(AWAY):
        client().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])


def count(queue_url: str) -> int:
    """Return about how many messages the queue has, including those that a consumer holds. Raises Unavailable."""
    with boto3_errors.translated(AWAY):
        answer = client().get_queue_attributes(
            QueueUrl=queue_url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
    return sum(map(int, answer["Attributes"].values()))
