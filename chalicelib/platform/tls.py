"""TLS for connections of our own: whom this machine trusts, read once."""

from __future__ import annotations

import ssl
from functools import lru_cache


@lru_cache(maxsize=1)
def context() -> ssl.SSLContext:
    """What checks a server's certificate and name against the authorities that this machine trusts."""
    return ssl.create_default_context()
