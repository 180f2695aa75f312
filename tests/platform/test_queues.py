"""The clients of SQS: one for each region."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.platform import queues, runtime, signed_requests


@pytest.fixture(autouse=True)
def _frankfurt(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Provide the environment of a Lambda in Frankfurt."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, name.lower())
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    runtime.renew()
    yield
    runtime.renew()


@pytest.mark.parametrize(
    ("queue", "region"),
    [
        ("arn:aws:sqs:us-east-1:123456789012:notices", "us-east-1"),
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/notices", "eu-west-1"),
        ("http://127.0.0.1:5000/123456789012/notices", "eu-central-1"),
    ],
)
def test_a_queue_may_be_in_another_region(queue: str, region: str) -> None:
    """Its URL or ARN contains the region; without one it is the Lambda's."""
    client = queues.client(signed_requests.queue_region(queues.url_of(queue)))

    assert client.meta.region_name == region


def test_one_client_serves_a_region() -> None:
    """Making a client takes longer than many requests."""
    assert queues.client("us-east-1") is queues.client("us-east-1")
    assert queues.client("us-east-1") is not queues.client()
