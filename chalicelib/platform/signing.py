"""S3 addresses that carry their own right, signed without boto3 (AWS Signature Version 4, query parameters).

Loading botocore's signer costs more than everything else that a first click waits for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from chalicelib import settings, signatures
from chalicelib.settings import AwsAccess

#: The longest life that S3 accepts, in seconds.
LONGEST = 7 * 24 * 3_600

_UNRESERVED = "-_.~"
_DEFAULT_PORTS = {"http": 80, "https": 443}
NOTHING: Mapping[str, str] = {}


class Place(NamedTuple):
    """Where S3 keeps an object: `host` is what a client sends as Host, `path` is percent-encoded."""

    scheme: str
    host: str
    path: str


class Wanted(NamedTuple):
    """What is to be allowed: one method on one object, with S3's own parameters, such as `response-content-type`."""

    method: str
    place: Place
    overrides: Mapping[str, str] = NOTHING


def presign(method: str, bucket: str, key: str, seconds: int, overrides: Mapping[str, str] = NOTHING) -> str:
    """An address at which `method`, and no other, works on the object for `seconds`, or until the credentials end.

    `overrides` are S3's own parameters, such as `response-content-type`. Raises Misconfigured without credentials and
    region in the environment.
    """
    access = settings.aws_access("s3")
    return presigned(access, Wanted(method, place(access, bucket, key), overrides), seconds, datetime.now(UTC))


def presigned(access: AwsAccess, wanted: Wanted, seconds: int, now: datetime) -> str:
    """The same with everything given; `now` is aware."""
    access.check()
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{access.region}/s3/aws4_request"
    parameters = {
        "X-Amz-Algorithm": signatures.ALGORITHM,
        "X-Amz-Credential": f"{access.access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(_life(access, seconds, now)),
        "X-Amz-SignedHeaders": "host",
        **wanted.overrides,
    }
    if access.session_token:
        parameters["X-Amz-Security-Token"] = access.session_token
    where = wanted.place
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(parameters.items()))
    request = "\n".join((wanted.method, where.path, query, f"host:{where.host}\n", "host", "UNSIGNED-PAYLOAD"))
    signature = signatures.signature(access.secret_key, scope, stamp, request)
    return f"{where.scheme}://{where.host}{where.path}?{query}&X-Amz-Signature={signature}"


def place(access: AwsAccess, bucket: str, key: str) -> Place:
    """Where the object is: in a host of its bucket's own, or below the bucket's name where that cannot be."""
    path = f"/{quote(key, safe='/' + _UNRESERVED)}"
    if access.endpoint:
        endpoint = urlsplit(access.endpoint)
        port = endpoint.port if endpoint.port != _DEFAULT_PORTS.get(endpoint.scheme) else None
        host = endpoint.hostname or ""
        host = f"[{host}]" if ":" in host else host
        return Place(endpoint.scheme, f"{host}:{port}" if port else host, f"{endpoint.path.rstrip('/')}/{bucket}{path}")
    host = f"s3.{access.region}.amazonaws.com{'.cn' * access.region.startswith('cn-')}"
    # A certificate for *.s3… covers no name with a further dot.
    if "." in bucket:
        return Place("https", host, f"/{bucket}{path}")
    return Place("https", f"{bucket}.{host}", path)


def _life(access: AwsAccess, seconds: int, now: datetime) -> int:
    left = LONGEST
    if access.expires:
        left = int((datetime.fromisoformat(access.expires).astimezone(UTC) - now).total_seconds())
    return max(1, min(seconds, left, LONGEST))


def _quoted(text: str) -> str:
    return quote(text, safe=_UNRESERVED)
