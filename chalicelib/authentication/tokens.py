"""Integration tokens. Each has a name and scopes, is stored as a digest, and stops within a minute when revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.authentication import networks
from chalicelib.authentication.networks import TokenRefused
from chalicelib.platform.postgres import Connection, connection

__all__ = [
    "ALL_SCRIPTS",
    "SCOPES",
    "STRONG_LENGTH",
    "Token",
    "TokenLimits",
    "TokenRefused",
    "create",
    "find",
    "generate",
    "listing",
    "revoke",
    "verify",
]  # fmt: skip

SCOPES = ("statistics", "reports", "recordings", "nimbox", "oktell", "control", "operations")
#: Among a token's scripts: it may run every one.
ALL_SCRIPTS = "*"
LONGEST_NAME = 64
LONGEST_VALUE = 256

# Characters. A random value of this length cannot be guessed, so a fast digest is enough.
STRONG_LENGTH = 32
# A shorter value can be guessed in time, so it needs the protection of networks.
SHORTEST_OPEN = 16

# Fixed, because a token is looked up by its digest. It makes precomputed tables useless.
_SALT = b"ringledger integration token"
_COST = {"n": 4096, "r": 8, "p": 1}

_VERIFY = """
WITH live AS (
    SELECT id, name, scopes, scripts, networks, last_used_at FROM ledger.tokens WHERE digest = %s AND revoked_at IS NULL
), touched AS (
    UPDATE ledger.tokens SET last_used_at = now() FROM live
    WHERE tokens.id = live.id AND coalesce(live.last_used_at < now() - interval '1 minute', true)
)
SELECT name, scopes, scripts, networks FROM live
"""

_CREATE = """
INSERT INTO ledger.tokens (name, digest, scopes, scripts, networks) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING RETURNING id
"""

_REVOKE = """
UPDATE ledger.tokens SET revoked_at = coalesce(revoked_at, now()) WHERE name = %s RETURNING id
"""

_LISTING = """
SELECT name, scopes, created_at, last_used_at, revoked_at, scripts, networks FROM ledger.tokens ORDER BY name
"""


class Token(NamedTuple):
    """An integration, its scopes, its scripts, and the networks that it is bound to, if any.

    Only `listing` fills in the times.
    """

    name: str
    scopes: tuple[str, ...]
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    scripts: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()

    def admits(self, source: str) -> bool:
        """Return True if the token is valid for a client at the address `source`."""
        return not self.networks or networks.holds(self.networks, source)

    def may_run(self, script: str) -> bool:
        """Return True if the token names this script, or names all scripts by `*`."""
        return ALL_SCRIPTS in self.scripts or script.casefold() in map(str.casefold, self.scripts)


def generate() -> str:
    """Return a new random value of 43 characters that are safe in an address."""
    return secrets.token_urlsafe(32)


class TokenLimits(NamedTuple):
    """The limits of a token besides its scopes: scripts that it may run (`*` for all), networks that it is bound to."""

    scripts: Sequence[str] = ()
    networks: Sequence[str] = ()


NO_LIMITS = TokenLimits()


def create(
    database_url: str, name: str, scopes: Sequence[str], value: str | None = None, limits: TokenLimits = NO_LIMITS
) -> str:
    """Store a token and return its value: `value`, or a new one without it. The value cannot be read back later.

    Raise TokenRefused when the name, a scope, a network or the value is invalid or already used, and for a short value
    without networks.
    """
    value = generate() if value is None else value
    _check_name(name)
    _check_scopes(scopes)
    if limits.scripts and "oktell" not in scopes:
        raise TokenRefused("A token that may run scripts needs the scope oktell")
    bound = [networks.read(text) for text in limits.networks]
    _check_value(value, is_bound=bool(bound))
    stored_scopes = [scope for scope in SCOPES if scope in scopes]
    owner = connection(database_url)
    with owner.transaction():
        if not owner.execute(_CREATE, [name, digest(value), stored_scopes, list(limits.scripts), bound]):
            taken = owner.execute("SELECT 1 FROM ledger.tokens WHERE name = %s", [name])
            raise TokenRefused(_taken_name(name) if taken else "Another token has this value: each token needs its own")
    return value


def _check_value(value: str, *, is_bound: bool) -> None:
    """Refuse a value that no client can send, and a short one that could be guessed from anywhere."""
    if problem := _problem(value):
        raise TokenRefused(f"The token's value {problem}")
    if len(value) < SHORTEST_OPEN and not is_bound:
        raise TokenRefused(
            f"The token's value has {len(value)} characters and could be guessed: bind it to the networks of its"
            f" clients (--from 10.0.0.0/8), or use {SHORTEST_OPEN} characters or more"
        )


def revoke(database_url: str, name: str) -> None:
    """Revoke a token for good. A second call changes nothing. Raise TokenRefused when no token has this name."""
    _check_name(name)
    if not connection(database_url).execute(_REVOKE, [name]):
        raise TokenRefused(f"There is no token named {name!r}; `token list` shows all tokens")


def find(database_url: str, name: str) -> Token:
    """Return a token by its name, revoked ones included. Raise TokenRefused when no token has it."""
    _check_name(name)
    for token in listing(database_url):
        if token.name == name:
            return token
    raise TokenRefused(f"There is no token named {name!r}; `token list` shows all tokens")


def listing(database_url: str) -> list[Token]:
    """Return all tokens in the order of their names, including revoked ones."""
    rows = connection(database_url).execute(_LISTING)
    return [
        Token(name, tuple(scopes), created, used, revoked, tuple(scripts), tuple(bound))
        for name, scopes, created, used, revoked, scripts, bound in rows
    ]


def verify(gate: Connection, value: str) -> Token | None:
    """Return the valid token of this value, or None. Update its last use, at most once a minute, in one round trip."""
    if _problem(value):
        return None
    rows = gate.execute(_VERIFY, [digest(value)])
    if not rows:
        return None
    name, scopes, scripts, bound = rows[0]
    return Token(name, tuple(scopes), scripts=tuple(scripts), networks=tuple(bound))


def digest(value: str) -> bytes:
    """Return the stored digest of a value. It is slow for short values, which could be guessed."""
    if len(value) >= STRONG_LENGTH:
        return hashlib.sha256(value.encode()).digest()
    return hashlib.scrypt(value.encode(), salt=_SALT, dklen=32, **_COST)


def _problem(value: str) -> str:
    if not value:
        return "is empty"
    if len(value) > LONGEST_VALUE:
        return f"has {len(value)} characters; at most {LONGEST_VALUE} are allowed"
    if not value.isprintable() or " " in value:
        return "may only contain printable characters without spaces"
    return ""


def _check_name(name: str) -> None:
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise TokenRefused(f"A token's name has 1 to {LONGEST_NAME} printable characters and no outer spaces")


def _check_scopes(scopes: Sequence[str]) -> None:
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        problem = f"Unknown scope {', '.join(unknown)}" if unknown else "A token needs a scope"
        raise TokenRefused(f"{problem}; the scopes are {', '.join(SCOPES)}")


def _taken_name(name: str) -> str:
    return f"A token named {name!r} already exists, possibly revoked; choose another name"
