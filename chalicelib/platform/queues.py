"""SQS: the queues that the bundle writes to."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@lru_cache(maxsize=1)
def client() -> SQSClient:
    """This process's SQS client, made on first use."""
    import boto3  # noqa: PLC0415 - a cold start pays for boto3 only where a queue is used
    from botocore.config import Config  # noqa: PLC0415

    return boto3.client("sqs", config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2}))


def check(queue_url: str) -> None:
    """Ask SQS whether the queue is there. Raises Unavailable."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        client().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    except (BotoCoreError, ClientError) as fault:
        raise Unavailable("The queue service does not answer") from fault
