"""Authentication of a request: the integration that owns its token, cached for a short time."""

from __future__ import annotations

import binascii
import hashlib
import time
from base64 import b64decode

from chalicelib.authentication import guesses, tokens
from chalicelib.edge import Notes, Request
from chalicelib.errors import Forbidden, Unauthenticated
from chalicelib.platform import configuration, postgres, runtime
from chalicelib.platform.postgres import Connection

_CACHE_LIMIT = 1_000


def bearer(request: Request) -> str:
    """Return the token of `Authorization: Bearer <token>` (RFC 6750 section 2.1). Raise Unauthenticated."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise Unauthenticated(headers={"WWW-Authenticate": "Bearer"})
    return value.strip()


def address_or_header(request: Request) -> str:
    """Return the token of Bearer, of the password of Basic, or of the parameter `token`. Raise Unauthenticated.

    Spreadsheets and browsers send nothing else. A Basic name without a password is the token too.
    """
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        user, _, password = _decoded(value).partition(":")
        token = password or user
    else:
        token = value if scheme.lower() == "bearer" else request.query.get("token", "")
    if not token.strip():
        raise Unauthenticated(
            "An integration token is needed: as Bearer, as the password of Basic, or as ?token=", headers=_CHALLENGE
        )
    return token.strip()


_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Ringledger: a token as the password", charset="UTF-8"'}


def refusal() -> Unauthenticated:
    """Return the error for a token that is unknown or revoked, for addresses that browsers open."""
    return Unauthenticated("The token is unknown or revoked", headers=_CHALLENGE)


def _decoded(credentials: str) -> str:
    try:
        return b64decode(credentials.strip(), validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return ""


def authenticate(value: str, scope: str, notes: Notes, source: str = "", *, or_scope: str = "") -> tokens.Token | None:
    """Return the integration that owns the token `value`, or None. Raise Forbidden if it has neither scope.

    `source` is the client's address. A token that is bound to networks is unknown elsewhere. A valid token is cached
    for TOKEN_CACHE_SECONDS. A revoked token works at most that much longer. Raise TooManyGuesses after TOKEN_GUESSES
    wrong tokens of one source in a minute; long values that are right are accepted even then.
    """
    token = identify(value, notes, source)
    if token and not {scope, or_scope} & set(token.scopes):
        raise Forbidden(f"The token lacks the scope {scope}; it has {', '.join(token.scopes)}")
    return token


def identify(value: str, notes: Notes, source: str = "") -> tokens.Token | None:
    """Return the integration that owns the token `value`, with any scopes, or None; otherwise as `authenticate`."""
    token = _known_token(value, source)
    if token is None or not token.admits(source):
        if value and source:
            guesses.count(_gate(), source, configuration.current().token_guesses)
        return None
    notes["integration"] = token.name
    return token


def _known_token(value: str, source: str) -> tokens.Token | None:
    # The key is a digest, so that a dump of the cache shows no token.
    key, now = hashlib.sha256(value.encode(errors="replace")).digest(), time.monotonic()
    cache: dict[bytes, tuple[float, tokens.Token]] = runtime.current().shared(tokens.Token, dict)
    until, token = cache.get(key, (0.0, None))
    if token is not None and now < until:
        return token
    current = configuration.current()
    if source and 0 < len(value) < tokens.STRONG_LENGTH:
        guesses.check(_gate(), source, current.token_guesses)
    token = tokens.verify(_gate(), value)
    if token is not None:
        if len(cache) >= _CACHE_LIMIT:
            cache.clear()
        cache[key] = (now + current.token_cache_seconds, token)
    return token


def _gate() -> Connection:
    return postgres.connection(configuration.current().gate_database_url)
