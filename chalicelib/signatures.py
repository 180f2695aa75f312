"""The last steps of AWS Signature Version 4, which all of its forms share."""

from __future__ import annotations

import hashlib
import hmac

ALGORITHM = "AWS4-HMAC-SHA256"


def signature(secret_key: str, scope: str, stamp: str, request: str) -> str:
    """The signature of a canonical `request`; `scope` is `date/region/service/aws4_request`, `stamp` the full time."""
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{secret_key}".encode()
    for word in scope.split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    return hmac.digest(key, f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}".encode(), "sha256").hex()
