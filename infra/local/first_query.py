"""Sends the local server its first query, which takes ten times as long as those after it."""

from __future__ import annotations

import json
from contextlib import suppress
from urllib.request import Request, urlopen

SECONDS = 10


def send(address: str, token: str) -> None:
    """Ask the statistics channel at `address` something: it loads the grammar of SQL and connects to PostgreSQL."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    query = json.dumps({"entity": "chronological", "action": "data", "options": {"psql": "select 1"}})
    # A failure has its message where a user asks; here it only costs the time saved.
    with suppress(OSError), urlopen(Request(address, query.encode(), headers), timeout=SECONDS) as answer:  # noqa: S310 - http
        answer.read()
