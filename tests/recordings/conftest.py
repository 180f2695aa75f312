"""The surface `recordings` as its Lambda has it, within this process: API Gateway's event in, its answer out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from chalice.local import LambdaContext

import app
from chalicelib import settings
from chalicelib.platform import persistent
from chalicelib.recordings import links

Ask = Callable[..., dict[str, Any]]


def link_secret(stack: dict[str, Any]) -> str:
    """The secret of the stack's links, of the first generation."""
    return str(json.loads((Path(stack["data"]) / "secrets.json").read_text("utf-8"))["link"])


@pytest.fixture
def ask(stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Follows a link by a method, in the stack's environment and with further variables as keywords."""
    known = {
        "GATE_DATABASE_URL": stack["gate_url"],
        "LINK_SECRETS": f"1:{link_secret(stack)}",
        "BUCKET": stack["bucket"],
        "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }

    def asked(link: str, method: str = "GET", **variables: str) -> dict[str, Any]:
        for name, value in (known | variables).items():
            monkeypatch.setenv(name, value)
        settings.current.cache_clear()
        answer: dict[str, Any] = app.recordings(_event(link, method), LambdaContext("recordings", 256))
        return answer

    yield asked
    settings.current.cache_clear()
    persistent.close()


def _event(link: str, method: str) -> dict[str, Any]:
    place = urlsplit(link)
    return {
        "resource": links.PATH,
        "path": place.path,
        "httpMethod": method,
        "headers": {},
        "multiValueHeaders": {},
        "pathParameters": {"inviteid": place.path.split("/")[-2]},
        "multiValueQueryStringParameters": {"key": [place.query.removeprefix("key=")]},
        "stageVariables": None,
        "requestContext": {"resourcePath": links.PATH, "httpMethod": method, "path": place.path, "requestId": "1"},
        "body": None,
        "isBase64Encoded": False,
    }
