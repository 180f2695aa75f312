"""A client of the channel, as an integration uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

Ask = Callable[..., requests.Response]


def request_of(psql: str, action: str = "data") -> dict[str, Any]:
    """Return the documented body of one request."""
    return {"entity": "chronological", "action": action, "options": {"psql": psql}}


@pytest.fixture
def ask(stack: dict[str, Any]) -> Ask:
    """Return a function that sends one query with the token in the address and does not follow redirects."""

    def send(psql: str, action: str = "data", **options: Any) -> requests.Response:
        address = f"{stack['url']}/api/token/v1/{stack['tokens']['statistics']}"
        return requests.post(address, json=request_of(psql, action), timeout=60, allow_redirects=False, **options)

    return send
