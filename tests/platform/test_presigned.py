"""Presigned addresses equal those of botocore, signature included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Misconfigured
from chalicelib.platform import signatures
from chalicelib.platform.signatures import ObjectAddress, Permission
from chalicelib.settings import AwsAccess
from tests.examples import examples

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ACCESS = AwsAccess("AKIDEXAMPLE", "secret/with+signs=", "", "", "eu-central-1", "")
TOKEN = "session/token+with=signs"
ENDPOINT = "http://127.0.0.1:5000"
PERMISSION = Permission("GET", ObjectAddress("https", "s3", "/a"))
OPERATIONS = {"GET": "get_object", "HEAD": "head_object"}

KEYS = [
    "запись разговора.mp3",
    "a b+c%20d.mp3",
    "100%.wav",
    "a//b/c.mp3",
    "~tilde_(brackets)!*'.mp3",
    "what?is#this&that=x;y.mp3",
    'quote"back\\slash`^{|}.mp3',
    "line\nbreak\ttab.mp3",
    "😀/é/ё.ogg",
]


@lru_cache(maxsize=16)
def _client(region: str, token: str, endpoint: str, style: Literal["path", "virtual"]) -> Any:
    return boto3.client(
        "s3",
        region_name=region,
        endpoint_url=endpoint or None,
        aws_access_key_id=ACCESS.access_key,
        aws_secret_access_key=ACCESS.secret_key,
        aws_session_token=token or None,
        config=Config(signature_version="s3v4", s3={"addressing_style": style}),
    )


def _theirs(access: AwsAccess, method: str, bucket: str, key: str, overrides: dict[str, str]) -> str:
    style: Literal["path", "virtual"] = "path" if access.endpoint or "." in bucket else "virtual"
    client = _client(access.region, access.session_token, access.endpoint, style)
    named = {
        "response-content-type": "ResponseContentType",
        "response-content-disposition": "ResponseContentDisposition",
    }
    parameters = {"Bucket": bucket, "Key": key, **{named[name]: value for name, value in overrides.items()}}
    with patch("botocore.auth.get_current_datetime", lambda: NOW.replace(tzinfo=None)):
        return str(client.generate_presigned_url(OPERATIONS[method], Params=parameters, ExpiresIn=600))


def _ours(access: AwsAccess, method: str, bucket: str, key: str, overrides: dict[str, str]) -> str:
    return signatures.presigned(
        access, Permission(method, signatures.object_address(access, bucket, key), overrides), 600, NOW
    )


def _assert_equal(ours: str, theirs: str) -> None:
    one, other = urlsplit(ours), urlsplit(theirs)
    assert (one.scheme, one.hostname, one.path) == (other.scheme, other.hostname, other.path)
    assert parse_qs(one.query, strict_parsing=True) == parse_qs(other.query, strict_parsing=True)


@pytest.mark.parametrize("method", OPERATIONS)
@pytest.mark.parametrize("key", KEYS)
def test_a_hostile_key_is_signed_as_botocore_signs_it(method: str, key: str) -> None:
    """Non-ASCII letters, blanks and delimiters are signed correctly."""
    overrides = {"response-content-disposition": "attachment; filename*=UTF-8''%D0%B0.mp3"}
    _assert_equal(_ours(ACCESS, method, "bucket", key, overrides), _theirs(ACCESS, method, "bucket", key, overrides))


@settings(max_examples=examples(150), deadline=None)
@given(
    key=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40).filter(
        lambda key: not key.startswith("/") and not {".", ".."} & set(key.split("/"))
    ),
    method=st.sampled_from(sorted(OPERATIONS)),
    token=st.sampled_from(["", TOKEN]),
    endpoint=st.sampled_from(["", ENDPOINT]),
    media=st.sampled_from(["", "audio/mpeg", "audio/ogg; codecs=opus"]),
)
def test_any_key_is_signed_as_botocore_signs_it(key: str, method: str, token: str, endpoint: str, media: str) -> None:
    """With and without a session token, an endpoint and overrides."""
    access = ACCESS._replace(session_token=token, endpoint=endpoint)
    overrides = {"response-content-type": media} if media else {}
    _assert_equal(_ours(access, method, "bucket", key, overrides), _theirs(access, method, "bucket", key, overrides))


@pytest.mark.parametrize(
    ("region", "bucket", "endpoint"),
    [
        ("us-east-1", "bucket", "https://s3.example:443"),
        ("cn-north-1", "bucket", ""),
        ("us-east-2", "dotted.bucket", ""),
        ("us-east-1", "bucket", "http://127.0.0.1:80"),
    ],
)
def test_hosts_and_ports_are_those_of_botocore(region: str, bucket: str, endpoint: str) -> None:
    """Hosts depend on region and bucket; default ports are left out."""
    access = ACCESS._replace(region=region, endpoint=endpoint)
    _assert_equal(_ours(access, "GET", bucket, "a b.mp3", {}), _theirs(access, "GET", bucket, "a b.mp3", {}))


def test_the_method_is_signed() -> None:
    """An address for GET does not work for HEAD."""
    made = {_ours(ACCESS, method, "bucket", "a.mp3", {}).rpartition("=")[2] for method in OPERATIONS}
    assert len(made) == 2


@pytest.mark.parametrize(
    ("requested", "left", "expected"),
    [(600, 3_600, 600), (600, 120, 120), (600, -5, 1), (10**9, 10**9, signatures.LONGEST)],
)
def test_an_address_lives_no_longer_than_its_credentials(requested: int, left: int, expected: int) -> None:
    """The lifetime is the shortest of the requested one, that of the credentials, and the limit of S3."""
    access = ACCESS._replace(expires=(NOW + timedelta(seconds=left)).isoformat())
    url = signatures.presigned(access, PERMISSION, requested, NOW)
    assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == [str(expected)]


def test_without_credentials_nothing_is_signed() -> None:
    """The error names the missing variable, and `repr` hides the secret."""
    with pytest.raises(Misconfigured, match="AWS_SECRET_ACCESS_KEY"):
        signatures.presigned(ACCESS._replace(secret_key=""), PERMISSION, 1, NOW)
    assert ACCESS.secret_key not in repr(ACCESS)
