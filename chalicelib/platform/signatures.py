"""AWS Signature Version 4 for a `POST /` with signed headers and for an S3 address with a signed query.

Tests compare both with botocore's own signatures, byte for byte.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from chalicelib.settings import AwsAccess

ALGORITHM = "AWS4-HMAC-SHA256"
#: The longest life of a presigned address that S3 accepts, in seconds.
LONGEST = 7 * 24 * 3_600
NO_OVERRIDES: Mapping[str, str] = {}

_UNRESERVED = "-_.~"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class ObjectAddress(NamedTuple):
    """Where S3 keeps an object: `host` is the Host header of a client, `path` is percent-encoded."""

    scheme: str
    host: str
    path: str


class Permission(NamedTuple):
    """The right that a presigned address gives: one method on one object, with parameters of S3."""

    method: str
    address: ObjectAddress
    overrides: Mapping[str, str] = NO_OVERRIDES


def signed(access: AwsAccess, service: str, headers: Mapping[str, str], body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers of a `POST /` to `service`, with the signature.

    The names of `headers` are in lower case and include `host`; `now` is in UTC.
    """
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    whole = {**headers, "x-amz-date": stamp}
    if access.session_token:
        whole["x-amz-security-token"] = access.session_token
    names = sorted(whole)
    lines, listed = "".join([f"{name}:{whole[name]}\n" for name in names]), ";".join(names)
    request = f"POST\n/\n\n{lines}\n{listed}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{stamp[:8]}/{access.region}/{service}/aws4_request"
    proof = _signature(access.secret_key, scope, stamp, request)
    credential = f"{ALGORITHM} Credential={access.access_key}/{scope}, SignedHeaders={listed}, Signature={proof}"
    return {**whole, "authorization": credential}


def presigned(access: AwsAccess, permission: Permission, seconds: int, now: datetime) -> str:
    """Return an address that works for `seconds` from the aware time `now`, or until the credentials expire.

    Raises Misconfigured without credentials or a region.
    """
    access.check()
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{access.region}/s3/aws4_request"
    parameters = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{access.access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(_life(access, seconds, now)),
        "X-Amz-SignedHeaders": "host",
        **permission.overrides,
    }
    if access.session_token:
        parameters["X-Amz-Security-Token"] = access.session_token
    address = permission.address
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(parameters.items()))
    request = "\n".join((permission.method, address.path, query, f"host:{address.host}\n", "host", "UNSIGNED-PAYLOAD"))
    proof = _signature(access.secret_key, scope, stamp, request)
    return f"{address.scheme}://{address.host}{address.path}?{query}&X-Amz-Signature={proof}"


def object_address(access: AwsAccess, bucket: str, key: str) -> ObjectAddress:
    """Return the address of an object: on a host of its bucket, or below the bucket's name where that cannot be."""
    path = f"/{quote(key, safe='/' + _UNRESERVED)}"
    if access.endpoint:
        endpoint = urlsplit(access.endpoint)
        port = endpoint.port if endpoint.port != _DEFAULT_PORTS.get(endpoint.scheme) else None
        host = endpoint.hostname or ""
        host = f"[{host}]" if ":" in host else host
        host = f"{host}:{port}" if port else host
        return ObjectAddress(endpoint.scheme, host, f"{endpoint.path.rstrip('/')}/{bucket}{path}")
    host = f"s3.{access.region}.amazonaws.com{'.cn' * access.region.startswith('cn-')}"
    # The certificate for *.s3… covers no name with a further dot.
    if "." in bucket:
        return ObjectAddress("https", host, f"/{bucket}{path}")
    return ObjectAddress("https", f"{bucket}.{host}", path)


def _signature(secret_key: str, scope: str, stamp: str, request: str) -> str:
    """Return the signature of a canonical `request`; `scope` is `date/region/service/aws4_request`."""
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}"
    return hmac.digest(_day_key(secret_key, scope), text.encode(), "sha256").hex()


# A key is valid for a day; during a rotation of credentials the old and the new one are in use.
@lru_cache(maxsize=8)
def _day_key(secret_key: str, scope: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for word in scope.split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    return key


def _life(access: AwsAccess, seconds: int, now: datetime) -> int:
    left = LONGEST
    if access.expires:
        left = int((datetime.fromisoformat(access.expires).astimezone(UTC) - now).total_seconds())
    return max(1, min(seconds, left, LONGEST))


def _quoted(text: str) -> str:
    return quote(text, safe=_UNRESERVED)
