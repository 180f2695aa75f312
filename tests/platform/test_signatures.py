"""Signed headers equal those of botocore's signer, byte for byte; moto checks no signature."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from chalicelib.platform.signatures import signed
from chalicelib.settings import AwsAccess

NOW = datetime(2026, 11, 21, 4, tzinfo=UTC)
BODY = '{"QueueUrl": "https://sqs.eu-central-1.amazonaws.com/1/é"}'.encode()


@pytest.mark.parametrize("token", ["", "session/token+with=signs"])
@pytest.mark.parametrize(
    ("service", "target", "content_type"),
    [
        ("sqs", "AmazonSQS.SendMessage", "application/x-amz-json-1.0"),
        ("secretsmanager", "secretsmanager.GetSecretValue", "application/x-amz-json-1.1"),
    ],
)
def test_a_request_is_signed_as_botocore_signs_it(service: str, target: str, content_type: str, token: str) -> None:
    """Signed headers, their order and the signature are equal, with a role's token and without one."""
    host = f"{service}.eu-central-1.amazonaws.com"
    headers = {"content-type": content_type, "host": host, "x-amz-target": target}
    ours = signed(AwsAccess("AKID", "SECRET/+=", token, "", "eu-central-1", ""), service, headers, BODY, NOW)

    unsigned = {name: value for name, value in ours.items() if name != "authorization"}
    request = AWSRequest("POST", f"https://{host}/", data=BODY, headers=unsigned)
    request.context["timestamp"] = ours["x-amz-date"]
    signer = SigV4Auth(Credentials("AKID", "SECRET/+=", token or None), service, "eu-central-1")
    text = signer.string_to_sign(request, signer.canonical_request(request))
    listed = signer.signed_headers(signer.headers_to_sign(request))
    theirs = f"Credential={signer.scope(request)}, SignedHeaders={listed}, Signature={signer.signature(text, request)}"

    assert ours["authorization"] == f"AWS4-HMAC-SHA256 {theirs}"
    assert ours.get("x-amz-security-token", "") == token


def test_access_hides_its_secrets() -> None:
    """The text of an access names the key, but neither the secret nor the token."""
    assert repr(AwsAccess("AKID", "SECRET", "TOKEN", "", "eu-central-1", "")) == "AwsAccess('AKID')"
