"""Database addresses: the parameters of a connection, and the credentials in them."""

from __future__ import annotations

from typing import Any, NamedTuple

import psycopg2
from psycopg2 import extensions

from chalicelib.errors import Misconfigured

# libpq's parameters; an address may override them.
DEFAULTS = {
    "application_name": "ringledger",
    "connect_timeout": "5",
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    # Without it a peer that vanished mid-statement holds the Lambda for the kernel's 15 minutes.
    "tcp_user_timeout": "60000",
}


class Credentials(NamedTuple):
    """The login of an address; the password is empty when the address has none."""

    user: str
    password: str

    def __repr__(self) -> str:
        """Show the user only."""
        return f"Credentials(user={self.user!r})"


def credentials(url: str) -> Credentials:
    """Return the login of `url`. Raises Misconfigured when it is not a libpq address."""
    known = parameters(url)
    return Credentials(known.get("user", ""), known.get("password", ""))


def parameters(url: str) -> dict[str, Any]:
    """Return the parameters of a connection. Raises Misconfigured when `url` is empty or not a libpq address."""
    # libpq reads an empty address as "the local server, as the current user", which is never intended.
    if not url:
        raise Misconfigured("A database address is missing")
    try:
        found = {**DEFAULTS, **extensions.parse_dsn(url)}
        int(found["connect_timeout"])
    except psycopg2.ProgrammingError:
        raise Misconfigured("A database address is not of the form postgresql://user@host:port/name") from None
    except ValueError:
        raise Misconfigured("connect_timeout in a database address is whole seconds, such as 5") from None
    return found
