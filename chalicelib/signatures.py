"""AWS Signature Version 4: the last steps, which all of its forms share, and the form of headers."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

ALGORITHM = "AWS4-HMAC-SHA256"


class Signer(NamedTuple):
    """Who signs, and for which service where, such as `sqs` in `eu-central-1`; a role's credentials have a token."""

    access_key: str
    secret_key: str
    session_token: str
    region: str
    service: str

    def __repr__(self) -> str:
        """Name the key's owner alone."""
        return f"Signer({self.access_key!r})"


def signature(secret_key: str, scope: str, stamp: str, request: str) -> str:
    """The signature of a canonical `request`; `scope` is `date/region/service/aws4_request`, `stamp` the full time."""
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}"
    return hmac.digest(_day_key(secret_key, scope), text.encode(), "sha256").hex()


def signed(signer: Signer, headers: Mapping[str, str], body: bytes, now: datetime) -> dict[str, str]:
    """The headers of a `POST /` with that body, its authorization among them.

    Names are in small letters, and `host` is one of them; `now` is in UTC.
    """
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    whole = {**headers, "x-amz-date": stamp}
    if signer.session_token:
        whole["x-amz-security-token"] = signer.session_token
    names = sorted(whole)
    lines, listed = "".join([f"{name}:{whole[name]}\n" for name in names]), ";".join(names)
    request = f"POST\n/\n\n{lines}\n{listed}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{stamp[:8]}/{signer.region}/{signer.service}/aws4_request"
    proof = signature(signer.secret_key, scope, stamp, request)
    credential = f"{ALGORITHM} Credential={signer.access_key}/{scope}, SignedHeaders={listed}, Signature={proof}"
    return {**whole, "authorization": credential}


# It holds for a day; a rotation has the old one and the new one.
@lru_cache(maxsize=8)
def _day_key(secret_key: str, scope: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for word in scope.split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    return key
