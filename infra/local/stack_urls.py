"""The addresses of the local stack: of its API, and of PostgreSQL for each role."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from infra.local.keyring import Keyring

ROLES = ("reader", "gate", "writer", "bi", "operator", "archiver")


def of_roles(owner_url: str, keyring: Keyring) -> dict[str, str]:
    """Return the settings with the URL of each role."""
    owner = urlsplit(owner_url)
    place = owner.netloc.rpartition("@")[2]
    return {
        f"{role.upper()}_DATABASE_URL": urlunsplit(
            owner._replace(netloc=f"ringledger_{role}:{keyring.secret(role)}@{place}")
        )
        for role in ROLES
    }


def of_api(host: str, port: int) -> str:
    """Return the URL at which clients of this machine reach the API."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - the address that clients use
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
