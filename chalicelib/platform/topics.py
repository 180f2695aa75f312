"""SNS: topics that other systems subscribe to."""

from __future__ import annotations

from typing import Any

from chalicelib.platform import boto3_clients, boto3_errors, runtime


def publish(topic: str, message: str) -> None:
    """Publish `message` to the topic of this ARN. Raises Unavailable."""
    with boto3_errors.translated("The notification service does not answer"):
        _client().publish(TopicArn=topic, Message=message)


def _client() -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    return runtime.current().shared("sns", _made)


def _made() -> Any:  # noqa: ANN401 - as above
    return boto3_clients.made("sns", connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
