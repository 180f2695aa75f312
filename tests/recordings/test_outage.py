"""While S3 or PostgreSQL is away, a click is answered in time, with 503 and Retry-After."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from chalicelib.platform import signed_requests
from tests.recordings.conftest import Ask, link_secret

# The timeout of this Lambda in .chalice/config.json.
LAMBDA_SECONDS = 10
FOUND, FORBIDDEN, UNAVAILABLE = 302, 403, 503


def _assert_unavailable(answer: dict[str, Any]) -> None:
    assert answer["statusCode"] == UNAVAILABLE
    assert json.loads(answer["body"])["error"] == "unavailable"
    assert int(answer["headers"]["Retry-After"]) > 0


@pytest.mark.parametrize("place", ["silent_address", "closed_address"])
def test_s3_is_away(
    stack: dict[str, Any], ask: Ask, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """No address is signed that would fail; when S3 is back, the recording plays."""
    monkeypatch.setattr(signed_requests, "RECORDINGS", signed_requests.RECORDINGS._replace(answer=0.2))
    away = f"http://{request.getfixturevalue(place)}"
    _assert_unavailable(ask(stack["recording"], AWS_ENDPOINT_URL=away))
    assert ask(stack["recording"], "HEAD", AWS_ENDPOINT_URL=away)["statusCode"] == UNAVAILABLE
    assert ask(stack["recording"])["statusCode"] == FOUND


def test_both_attempts_end_before_the_timeout_of_the_lambda() -> None:
    """A second attempt follows a kept connection that had broken; both must leave time for the answer."""
    assert signed_requests.RECORDINGS.whole < LAMBDA_SECONDS


def test_the_database_is_away(stack: dict[str, Any], ask: Ask, closed_address: str) -> None:
    """Nothing is signed without knowing whether the link was revoked."""
    began = time.monotonic()
    _assert_unavailable(
        ask(stack["recording"], GATE_DATABASE_URL=f"postgresql://ringledger_gate:word@{closed_address}/postgres")
    )
    assert time.monotonic() - began < LAMBDA_SECONDS


def test_a_forged_link_is_refused_without_either(stack: dict[str, Any], ask: Ask, closed_address: str) -> None:
    """It is refused before PostgreSQL or S3 is asked."""
    away = {
        "AWS_ENDPOINT_URL": f"http://{closed_address}",
        "GATE_DATABASE_URL": f"postgresql://user:word@{closed_address}/postgres",
    }
    link = stack["recording"]
    forged = link[:-1] + ("A" if link[-1] != "A" else "B")
    assert ask(forged, **away)["statusCode"] == FORBIDDEN


def test_an_older_link_works_while_its_secret_is_kept(stack: dict[str, Any], ask: Ask) -> None:
    """A rotation breaks no link in a CRM; removing the old secret breaks all of them."""
    newer = "2:the-newer-secret-of-the-links-567"
    assert ask(stack["recording"], LINK_SECRETS=f"{newer} 1:{link_secret(stack)}")["statusCode"] == FOUND
    assert ask(stack["recording"], LINK_SECRETS=newer)["statusCode"] == FORBIDDEN
