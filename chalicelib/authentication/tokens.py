"""Integration tokens. Each has a name and scopes, is stored as a digest, and stops within a minute when revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.errors import RingledgerError
from chalicelib.platform.postgres import Connection, connection

SCOPES = ("statistics", "reports", "recordings", "nimbox", "oktell", "control", "operations")
#: Among a token's scripts: it may run every one.
ALL_SCRIPTS = "*"
LONGEST_NAME = 64
LONGEST_VALUE = 256

# Characters. A random value of this length cannot be guessed, so a fast digest is enough.
STRONG_LENGTH = 32

# Fixed, because a token is looked up by its digest. It makes precomputed tables useless.
_SALT = b"ringledger integration token"
_COST = {"n": 4096, "r": 8, "p": 1}

_VERIFY = """
WITH live AS (
    SELECT id, name, scopes, scripts, last_used_at FROM ledger.tokens WHERE digest = %s AND revoked_at IS NULL
), touched AS (
    UPDATE ledger.tokens SET last_used_at = now() FROM live
    WHERE tokens.id = live.id AND coalesce(live.last_used_at < now() - interval '1 minute', true)
)
SELECT name, scopes, scripts FROM live
"""

_CREATE = """
INSERT INTO ledger.tokens (name, digest, scopes, scripts) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id
"""

_REVOKE = """
UPDATE ledger.tokens SET revoked_at = coalesce(revoked_at, now()) WHERE name = %s RETURNING id
"""

_LISTING = """
SELECT name, scopes, created_at, last_used_at, revoked_at, scripts FROM ledger.tokens ORDER BY name
"""


class TokenRefused(RingledgerError):
    """The token cannot be created or revoked."""

    code = "token-refused"
    status = 400


@dataclass(frozen=True)
class Token:
    """An integration, its scopes, and the scripts that it may run. Only `listing` fills in the times."""

    name: str
    scopes: tuple[str, ...]
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    scripts: tuple[str, ...] = ()

    def may_run(self, script: str) -> bool:
        """Return True if the token names this script, or names all scripts by `*`."""
        return ALL_SCRIPTS in self.scripts or script.casefold() in map(str.casefold, self.scripts)


def generate() -> str:
    """Return a new random value of 43 characters that are safe in an address."""
    return secrets.token_urlsafe(32)


def create(
    database_url: str, name: str, scopes: Sequence[str], value: str | None = None, scripts: Sequence[str] = ()
) -> str:
    """Store a token and return its value: `value`, or a new one without it. The value cannot be read back later.

    `scripts` are the names of the scripts that it may run with the scope `oktell`; `*` stands for all of them.

    Raise TokenRefused when the name, a scope or the value is invalid or already used.
    """
    value = generate() if value is None else value
    _check_name(name)
    _check_scopes(scopes)
    if scripts and "oktell" not in scopes:
        raise TokenRefused("A token that may run scripts needs the scope oktell")
    if problem := _problem(value):
        raise TokenRefused(f"The token's value {problem}")
    stored_scopes = [scope for scope in SCOPES if scope in scopes]
    owner = connection(database_url)
    with owner.transaction():
        if not owner.execute(_CREATE, [name, digest(value), stored_scopes, list(scripts)]):
            taken = owner.execute("SELECT 1 FROM ledger.tokens WHERE name = %s", [name])
            raise TokenRefused(_taken_name(name) if taken else "Another token has this value: each token needs its own")
    return value


def revoke(database_url: str, name: str) -> None:
    """Revoke a token for good. A second call changes nothing. Raise TokenRefused when no token has this name."""
    _check_name(name)
    if not connection(database_url).execute(_REVOKE, [name]):
        raise TokenRefused(f"There is no token named {name!r}; `token list` shows all tokens")


def listing(database_url: str) -> list[Token]:
    """Return all tokens in the order of their names, including revoked ones."""
    rows = connection(database_url).execute(_LISTING)
    return [
        Token(name, tuple(scopes), created, used, revoked, tuple(scripts))
        for name, scopes, created, used, revoked, scripts in rows
    ]


def verify(gate: Connection, value: str) -> Token | None:
    """Return the valid token of this value, or None. Update its last use, at most once a minute, in one round trip."""
    if _problem(value):
        return None
    rows = gate.execute(_VERIFY, [digest(value)])
    return Token(rows[0][0], tuple(rows[0][1]), scripts=tuple(rows[0][2])) if rows else None


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
