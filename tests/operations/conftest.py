"""A process with the settings of the surface, on a ledger with a registered office."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest

import app
from chalicelib.authentication import tokens
from chalicelib.platform import runtime
from infra.local.local_lambda import Functions
from tests.ingest.telephony import Ledger
from tests.ledgers import ledger, shared_ledger

__all__ = ["ledger", "shared_ledger"]

#: Method, path below /operations with its query, and body -> status and content.
Ask = Callable[..., tuple[int, Any]]


def _route(path: str) -> tuple[str, dict[str, str] | None]:
    """Return the route of a path, and the values in it."""
    parts = path.strip("/").split("/")
    if len(parts) == 4 and parts[1] == "events":
        return "/operations/events/{accepted_at}/{id}", {"accepted_at": parts[2], "id": parts[3]}
    if len(parts) == 4 and parts[1] == "extensions":
        return "/operations/extensions/{name}/address", {"name": unquote(parts[2])}
    if len(parts) == 4 and parts[1] == "contacts":
        return "/operations/contacts/{id}/calls", {"id": parts[2]}
    if len(parts) == 3 and parts[1] in {"quarantine", "jobs", "dead-letters"}:
        return f"/operations/{parts[1]}/{{id}}", {"id": parts[2]}
    return path, None


@pytest.fixture
def functions() -> Iterator[str]:
    """Run Lambdas by their names, and return the address."""
    server = Functions()
    yield server.start(0)
    server.stop()


@pytest.fixture
def ask(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, functions: str) -> Iterator[Ask]:
    """Return a function that asks the surface with a token of an operator, unless another one is given."""
    settings = ledger.settings
    values = {
        "DATABASE_URL": settings.owner_database_url,
        "GATE_DATABASE_URL": settings.gate_database_url,
        "OPERATOR_DATABASE_URL": settings.operator_database_url,
        "PUBLIC_URL": "https://calls.example",
        "WEBHOOK_SECRETS": f"1:{'s' * 32}",
        "JOBS_FUNCTION": "jobs",
        "AWS_ENDPOINT_URL_LAMBDA": functions,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "SITE_ZONE": "Europe/Moscow",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    runtime.renew()
    ledger.column("DELETE FROM ledger.tokens RETURNING 1")
    ledger.column("DELETE FROM ledger.jobs RETURNING 1")
    own = tokens.create(settings.owner_database_url, "operator", ["operations"])

    def asked(method: str, address: str, body: str = "", token: str = own) -> tuple[int, Any]:
        path, _, query = f"/operations/{address}".partition("?")
        route, values_in_path = _route(path)
        event = {
            "requestContext": {"resourcePath": route, "httpMethod": method, "path": path, "requestId": "1"},
            "multiValueQueryStringParameters": parse_qs(query, keep_blank_values=True) or None,
            "pathParameters": values_in_path,
            "headers": {"authorization": f"Bearer {token}"} if token else {},
            "stageVariables": None,
            "isBase64Encoded": False,
            "body": body or None,
        }
        answer = app.app(event, None)
        return answer["statusCode"], json.loads(answer["body"])

    yield asked
    runtime.renew()
