"""The networks that a token is bound to, in the notation of CIDR (RFC 4632)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from chalicelib.errors import RingledgerError

#: The length of the shortest prefix by the version of IP. A wider network would bind a token to nothing.
WIDEST = {4: 8, 6: 16}


class TokenRefused(RingledgerError):
    """The token cannot be created or revoked."""

    code = "token-refused"
    status = 400


def read(text: str) -> str:
    """Return a network in its usual spelling; an address is a network of its own. Raise TokenRefused."""
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError:
        raise TokenRefused(f"{text!r} is not a network: write 10.0.0.0/8, 192.168.1.20 or 2001:db8::/32") from None
    if network.prefixlen < WIDEST[network.version]:
        raise TokenRefused(f"{text} is too wide to protect a token: at most /{WIDEST[network.version]}")
    return str(network)


def holds(networks: Iterable[str], source: str) -> bool:
    """Return True if the address is in one of the networks. A text that is no address is in none."""
    try:
        address = ip_address(source)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in ip_network(network) for network in networks)
