"""Sending to SQS by requests signed here: where they go, and who signs them there."""

from __future__ import annotations

import pytest

from chalicelib.errors import Misconfigured
from chalicelib.platform import queues

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS")


@pytest.fixture(autouse=True)
def _of_a_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment of a Lambda in Frankfurt."""
    for name in CREDENTIALS:
        monkeypatch.setenv(name, name.lower())
    for name in ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("sqs.eu-central-1.amazonaws.com", "eu-central-1"),
        ("sqs.us-east-1.amazonaws.com", "us-east-1"),
        ("vpce-1.sqs.eu-west-1.vpce.amazonaws.com", "eu-west-1"),
        ("sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("eu-central-1.queue.amazonaws.com", "eu-central-1"),
    ],
)
def test_a_message_goes_to_its_queues_own_service(host: str, region: str) -> None:
    """A queue's address tells its region, which need not be the sender's."""
    where, signer = queues._address(f"https://{host}/123456789012/call-events")

    assert (where, signer.region, signer.service) == (f"https://{host}/", region, "sqs")
    assert (signer.access_key, signer.session_token) == ("aws_access_key_id", "aws_session_token")


@pytest.mark.parametrize("variable", ENDPOINTS)
def test_a_service_of_ones_own_goes_before(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """As AWS's own clients have it."""
    monkeypatch.setenv(variable, "http://127.0.0.1:5000")
    where, signer = queues._address("https://sqs.us-east-1.amazonaws.com/1/q")

    assert (where, signer.region) == ("http://127.0.0.1:5000/", "eu-central-1")


def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is the installation's, and is named."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    with pytest.raises(Misconfigured, match="AWS_ACCESS_KEY_ID"):
        queues.send("https://sqs.eu-central-1.amazonaws.com/1/q", "message")
