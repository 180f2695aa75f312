"""One HTTPS request of the standard library, with a limit on its time and its answer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

ANSWER_LIMIT = 1_000_000
#: Addresses with TLS, or of this machine.
SAFE = ("https://", "http://127.0.0.1", "http://localhost")


class WebFault(Exception):
    """The other side is away or refused the request.

    `status` is 0 if it did not answer. `retry_after` is the number of seconds that it asks to wait, or 0.
    """

    def __init__(self, message: str, status: int = 0, retry_after: float = 0.0) -> None:
        """Keep the status for callers that tell refusals apart."""
        super().__init__(message)
        self.status, self.retry_after = status, retry_after


class _NoRedirects(HTTPRedirectHandler):
    # After a redirect, a POST would be sent as a GET without its body, and its success would mean nothing.
    def redirect_request(self, *_: object) -> None:
        return None


_opener = build_opener(_NoRedirects)


def post(name: str, url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> dict[str, Any]:
    """Post `body` and return the JSON of the answer. `name` stands for the other side in errors. Raise WebFault."""
    answer = send(name, url, headers, body, seconds)
    try:
        content = json.loads(answer or b"{}")
    except ValueError as fault:
        raise WebFault(f"{name} is away: {fault}") from None
    return content if isinstance(content, dict) else {}


def send(name: str, url: str, headers: Mapping[str, str], body: bytes | Iterable[bytes], seconds: float) -> bytes:
    """Post `body` and return the answer. `name` stands for the other side in errors. Raise WebFault.

    `seconds` limits the time in which nothing comes or goes. A body in parts needs a Content-Length among `headers`.
    """
    if not url.startswith(SAFE):
        raise WebFault(f"{name} has an address without TLS")
    request = Request(url, body, dict(headers), method="POST")  # noqa: S310 - checked above
    try:
        with _opener.open(request, timeout=seconds) as answer:
            content: bytes = answer.read(ANSWER_LIMIT)
    except HTTPError as fault:
        reason = " ".join(fault.read(300).decode(errors="replace").split())
        wait = retry_after(fault.headers.get("Retry-After", ""), time.time())
        raise WebFault(f"{name} answers {fault.code}: {reason}", fault.code, wait) from None
    except (OSError, HTTPException, ValueError) as fault:
        raise WebFault(f"{name} is away: {fault}") from None
    return content


def retry_after(text: str, now: float) -> float:
    """Return the seconds that a header Retry-After asks for at `now`, in seconds since 1970: a number or a date."""
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (TypeError, ValueError, IndexError):
        return 0.0
