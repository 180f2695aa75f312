"""One HTTPS request of the standard library, with a limit on its time and its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ANSWER_LIMIT = 1_000_000


class WebFault(Exception):
    """The other side is away or refused the request. `status` is 0 if it did not answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        """Keep the status for callers that tell refusals apart."""
        super().__init__(message)
        self.status = status


def post(name: str, url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> dict[str, Any]:
    """Post `body` and return the JSON of the answer. `name` stands for the other side in errors. Raise WebFault."""
    request = Request(url, body, dict(headers), method="POST")  # noqa: S310 - the settings allow https:// alone
    try:
        with urlopen(request, timeout=seconds) as answer:  # noqa: S310 - as above
            content = json.loads(answer.read(ANSWER_LIMIT) or b"{}")
    except HTTPError as fault:
        reason = " ".join(fault.read(300).decode(errors="replace").split())
        raise WebFault(f"{name} answers {fault.code}: {reason}", fault.code) from None
    except (OSError, HTTPException, ValueError) as fault:
        raise WebFault(f"{name} is away: {fault}") from None
    return content if isinstance(content, dict) else {}
