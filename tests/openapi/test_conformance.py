"""The running stack against its OpenAPI document: schemathesis sends requests that fit the document, and others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chalicelib.authentication import tokens
from chalicelib.documents.openapi_file import OPENAPI
from infra.openapi.security import BEARER, PASSWORD, TOKEN
from tests.conftest import Launch

pytestmark = pytest.mark.verify

DOCUMENT = json.loads(OPENAPI.read_text("utf-8"))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    operation.label: operation
    for operation in (result.ok() for result in SCHEMA.get_all_operations() if isinstance(result, Ok))
}
ORDERS = ("/wp_autocall", "/wp_switchcall", "/wp_declinecall", "/wp_flash")
EXAMPLES = 6
SECONDS = 40


@dataclass(frozen=True)
class Target:
    """A running stack, a token with all scopes, and values that exist there, by the names of parameters."""

    url: str
    token: str
    known: Mapping[str, str]

    def credentials(self, security: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
        """Return the headers and parameters that admit a request; the first way of the operation counts."""
        scheme = next((name for way in security for name in way), "")
        if scheme == BEARER:
            return {"headers": {"Authorization": f"Bearer {self.token}"}}
        return {"params": {scheme: self.token}} if scheme in {TOKEN, PASSWORD} else {}


@pytest.fixture(scope="module")
def target(launch: Launch, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """Return a stack of its own: the requests may change and delete everything."""
    facts = launch(tmp_path_factory.mktemp("conformance") / "data", DEMO="1", DEMO_CALLS="200").facts
    token = tokens.create(facts["database_url"], "conformance", tokens.SCOPES)
    call = urlsplit(facts["recording"]).path.split("/")[5]
    known = {"token": token, "inviteid": call, "line": "201", "iduser": "201", "provider": "telphin"}
    return Target(facts["url"], token, {**known, "key": facts["webhook_keys"]["telphin"]["phone"]})


def _use_known_values(case: Any, target: Target) -> None:
    # An order for a known line waits for the agent program beside a PBX, which is not there.
    kept = {"line"} if case.path.startswith(ORDERS) else set()
    for values in (case.path_parameters, case.query):
        for name in (values or {}).keys() & target.known.keys() - kept:
            values[name] = target.known[name]


def test_the_document_is_valid() -> None:
    """The document has the structure that OpenAPI 3.1 prescribes."""
    SCHEMA.validate()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "wrong"])
@pytest.mark.parametrize("label", OPERATIONS)
def test_answers_are_documented(target: Target, label: str, mode: GenerationMode) -> None:
    """No request fails inside, and each answer has a status, a type and a content that the document names."""
    operation = OPERATIONS[label]
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    credentials = target.credentials(operation.definition.raw["security"])

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        if mode is GenerationMode.POSITIVE:
            _use_known_values(case, target)
        answer = case.call(base_url=target.url, timeout=SECONDS, **credentials)
        case.validate_response(answer, checks=checks)

    try:
        send()
    except Unsatisfiable:
        # Nothing about this request can be wrong: it has no parameters.
        assert mode is GenerationMode.NEGATIVE
