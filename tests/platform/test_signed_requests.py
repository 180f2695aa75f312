"""Messages to SQS by requests signed here: their address, and the credentials that sign them."""

from __future__ import annotations

import pytest

from chalicelib.errors import Misconfigured
from chalicelib.platform import signed_requests

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS")


@pytest.fixture(autouse=True)
def _lambda_environment(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_a_message_goes_to_the_region_of_its_queue(host: str, region: str) -> None:
    """The queue's URL contains its region, which may differ from the sender's."""
    url, access = signed_requests.queue_service(f"https://{host}/123456789012/call-events")

    assert (url, access.region) == (f"https://{host}/", region)
    assert (access.access_key, access.session_token) == ("aws_access_key_id", "aws_session_token")


@pytest.mark.parametrize("variable", ENDPOINTS)
def test_a_configured_endpoint_comes_first(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """An endpoint in the environment replaces the queue's own service, as in boto3."""
    monkeypatch.setenv(variable, "http://127.0.0.1:5000")
    url, access = signed_requests.queue_service("https://sqs.us-east-1.amazonaws.com/1/q")

    assert (url, access.region) == ("http://127.0.0.1:5000/", "eu-central-1")


def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the missing variable."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    with pytest.raises(Misconfigured, match="AWS_ACCESS_KEY_ID"):
        signed_requests.send_message("https://sqs.eu-central-1.amazonaws.com/1/q", "message")
