"""`GET /token`: the holder of a token learns its name and its scopes."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from chalicelib.authentication import tokens


def told(stack: dict[str, Any], authorization: str) -> requests.Response:
    """Ask with this Authorization header."""
    return requests.get(f"{stack['url']}/token", headers={"Authorization": authorization}, timeout=60)


@pytest.mark.parametrize("scope", tokens.SCOPES)
def test_a_token_of_any_scope_learns_its_scopes(stack: dict[str, Any], scope: str) -> None:
    """No scope is needed to ask, and the answer has nothing but the name and the scopes."""
    answer = told(stack, f"Bearer {stack['tokens'][scope]}")
    assert answer.status_code == 200
    assert answer.json().keys() == {"name", "scopes"}
    assert answer.json()["name"] == f"demo-{scope}"
    assert scope in answer.json()["scopes"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer nosuch", "Basic bm9zdWNo"])
def test_a_stranger_learns_nothing(stack: dict[str, Any], authorization: str) -> None:
    """Without a valid token the answer is 401 with the scheme that is expected."""
    answer = told(stack, authorization)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["error"] == "unauthenticated"
