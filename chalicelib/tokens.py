"""Integration tokens: named, scoped, stored as digests, and gone within a minute of being revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.errors import RingledgerError
from chalicelib.platform.postgres import Connection, connection

SCOPES = ("statistics", "recordings", "nimbox", "oktell")
LONGEST_NAME = 64
LONGEST_VALUE = 256

# A value of this length has enough chance in it that a fast digest cannot be searched.
STRONG_LENGTH = 32

# Fixed, since a token must be found by its digest alone; it keeps ready-made tables from fitting.
_SALT = b"ringledger integration token"
_COST = {"n": 4096, "r": 8, "p": 1}

_VERIFY = """
WITH found AS (
    SELECT id, name, scopes, last_used_at FROM ledger.tokens WHERE digest = %s AND revoked_at IS NULL
), touched AS (
    UPDATE ledger.tokens SET last_used_at = now() FROM found
    WHERE tokens.id = found.id AND coalesce(found.last_used_at < now() - interval '1 minute', true)
)
SELECT name, scopes FROM found
"""

_CREATE = """
INSERT INTO ledger.tokens (name, digest, scopes) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING id
"""

_REVOKE = """
UPDATE ledger.tokens SET revoked_at = coalesce(revoked_at, now()) WHERE name = %s RETURNING id
"""

_LISTING = """
SELECT name, scopes, created_at, last_used_at, revoked_at FROM ledger.tokens ORDER BY name
"""


class TokenRefused(RingledgerError):
    """The token cannot be created or revoked as asked."""

    code = "token-refused"
    status = 400


@dataclass(frozen=True)
class Token:
    """An integration and what it may use; only `listing` knows the times."""

    name: str
    scopes: tuple[str, ...]
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


def generate() -> str:
    """A new value: 43 characters that are safe in an address."""
    return secrets.token_urlsafe(32)


def create(database_url: str, name: str, scopes: Sequence[str], value: str | None = None) -> str:
    """Store a token and return its value, which is `value` or else a new one; it cannot be read back later.

    Raises TokenRefused when the name, a scope or the value cannot be used or is taken.
    """
    value = generate() if value is None else value
    _check_name(name)
    _check_scopes(scopes)
    if fault := _fault(value):
        raise TokenRefused(f"The token's value {fault}")
    wanted = [scope for scope in SCOPES if scope in scopes]
    owner = connection(database_url)
    with owner.transaction():
        if not owner.execute(_CREATE, [name, digest(value), wanted]):
            taken = owner.execute("SELECT 1 FROM ledger.tokens WHERE name = %s", [name])
            raise TokenRefused(_taken_name(name) if taken else "Another token has this value: each needs its own")
    return value


def revoke(database_url: str, name: str) -> None:
    """End a token for good; revoking it again changes nothing. Raises TokenRefused when there is none of this name."""
    _check_name(name)
    if not connection(database_url).execute(_REVOKE, [name]):
        raise TokenRefused(f"There is no token named {name!r}; `token list` shows those that there are")


def listing(database_url: str) -> list[Token]:
    """Every token by name, revoked ones included."""
    rows = connection(database_url).execute(_LISTING)
    return [Token(name, tuple(scopes), *times) for name, scopes, *times in rows]


def verify(gate: Connection, value: str) -> Token | None:
    """The live token of this value, or None; notes its use, to the minute, in the same round trip."""
    if _fault(value):
        return None
    rows = gate.execute(_VERIFY, [digest(value)])
    return Token(rows[0][0], tuple(rows[0][1])) if rows else None


def digest(value: str) -> bytes:
    """What is stored of a value: slow to compute for short ones, which could be found by trying all."""
    if len(value) >= STRONG_LENGTH:
        return hashlib.sha256(value.encode()).digest()
    return hashlib.scrypt(value.encode(), salt=_SALT, dklen=32, **_COST)


def _fault(value: str) -> str:
    if not value:
        return "is empty"
    if len(value) > LONGEST_VALUE:
        return f"has {len(value)} characters; it may have {LONGEST_VALUE}"
    if not value.isprintable() or " " in value:
        return "may hold printable characters without blanks only"
    return ""


def _check_name(name: str) -> None:
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise TokenRefused(f"A token's name is 1 to {LONGEST_NAME} printable characters without outer blanks")


def _check_scopes(scopes: Sequence[str]) -> None:
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        fault = f"Unknown scope {', '.join(unknown)}" if unknown else "A token needs a scope"
        raise TokenRefused(f"{fault}; the scopes are {', '.join(SCOPES)}")


def _taken_name(name: str) -> str:
    return f"There is a token named {name!r} already, maybe a revoked one; choose another name"
