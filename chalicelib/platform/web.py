"""HTTP: one request to a server of somebody's, with bounds on time and size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

import urllib3

from chalicelib.errors import Unavailable

CONNECT_SECONDS = 3

_http = urllib3.PoolManager(retries=False)


class Said(NamedTuple):
    """A server's answer; of a body that is too long the beginning."""

    status: int
    body: bytes


def get(url: str, fields: Mapping[str, str], seconds: float, limit: int) -> Said:
    """Ask `url` with these fields as its query; no redirect is followed.

    Raises Unavailable when there is no answer within `seconds`.
    """
    timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), total=seconds)
    try:
        answer = _http.request(
            "GET", f"{url}?{urlencode(fields)}", timeout=timeout, redirect=False, preload_content=False
        )
        try:
            return Said(answer.status, answer.read(limit))
        finally:
            answer.release_conn()
    except (urllib3.exceptions.HTTPError, ValueError):
        # Not its cause: that has the address in it, and the address a password.
        raise Unavailable("The server behind this command does not answer") from None
