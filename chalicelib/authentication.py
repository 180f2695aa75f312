"""Who is asking: the integration that holds a token, remembered for a moment."""

from __future__ import annotations

import hashlib
import time

from chalicelib import settings, tokens
from chalicelib.edge import Notes, Request
from chalicelib.errors import Forbidden, Unauthenticated
from chalicelib.platform import postgres

_REMEMBERED_LIMIT = 1_000


def bearer(request: Request) -> str:
    """The token of `Authorization: Bearer <token>` (RFC 6750 section 2.1). Raises Unauthenticated."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise Unauthenticated(headers={"WWW-Authenticate": "Bearer"})
    return value.strip()


def authenticate(value: str, scope: str, notes: Notes) -> tokens.Token | None:
    """The integration that holds the token `value`, or None if none does. Raises Forbidden without `scope`.

    A found token is remembered for TOKEN_CACHE_SECONDS, which bounds how long a revoked one still works.
    """
    token = _known_token(value)
    if token is None:
        return None
    notes["integration"] = token.name
    if scope not in token.scopes:
        raise Forbidden(f"The token lacks the scope {scope}; it has {', '.join(token.scopes)}")
    return token


_remembered: dict[bytes, tuple[float, tokens.Token]] = {}


def _known_token(value: str) -> tokens.Token | None:
    # The key is a digest, so that a dump of the process's memory shows no token.
    key, now = hashlib.sha256(value.encode(errors="replace")).digest(), time.monotonic()
    until, token = _remembered.get(key, (0.0, None))
    if token is not None and now < until:
        return token
    current = settings.current()
    token = tokens.verify(postgres.connection(current.gate_database_url), value)
    if token is not None:
        if len(_remembered) >= _REMEMBERED_LIMIT:
            _remembered.clear()
        _remembered[key] = (now + current.token_cache_seconds, token)
    return token
