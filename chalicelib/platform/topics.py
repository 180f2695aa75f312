"""SNS: the topics that others listen to."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from chalicelib.errors import Unavailable


@lru_cache(maxsize=1)
def _client() -> Any:  # noqa: ANN401 - boto3 makes its classes while running
    import boto3  # noqa: PLC0415 - a cold start pays for boto3 only where something is told
    from botocore.config import Config  # noqa: PLC0415

    return boto3.client("sns", config=Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2}))


def publish(topic: str, message: str) -> None:
    """Tell `message` to the topic of this ARN. Raises Unavailable."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        _client().publish(TopicArn=topic, Message=message)
    except (BotoCoreError, ClientError) as fault:
        raise Unavailable("The notification service does not answer") from fault
