"""Wrong tokens are counted by their source, and too many of them stop further guesses for a minute."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from chalicelib.errors import RingledgerError
from chalicelib.platform.postgres import Connection

#: The part of an IPv6 address that belongs to one client.
CLIENT_BITS = 64

_STATE = """
SELECT failures, ceil(extract(epoch FROM since + interval '1 minute' - now()))::integer
FROM ledger.token_guesses WHERE source = %s AND since > now() - interval '1 minute'
"""

# A few old rows go with each new one.
_COUNT = """
WITH old AS (
    DELETE FROM ledger.token_guesses WHERE source IN (
        SELECT source FROM ledger.token_guesses
        WHERE since < now() - interval '1 hour' AND source <> %(source)s LIMIT 10
    )
)
INSERT INTO ledger.token_guesses AS known (source, failures, since) VALUES (%(source)s, 1, now())
ON CONFLICT (source) DO UPDATE SET
    failures = CASE WHEN known.since > now() - interval '1 minute' THEN known.failures + 1 ELSE 1 END,
    since = CASE WHEN known.since > now() - interval '1 minute' THEN known.since ELSE now() END
RETURNING failures, ceil(extract(epoch FROM since + interval '1 minute' - now()))::integer
"""


class TooManyGuesses(RingledgerError):
    """Too many wrong tokens came from this address; try again in a minute."""

    code = "too-many-guesses"
    status = 429


def check(gate: Connection, source: str, limit: int) -> None:
    """Raise TooManyGuesses if the source has sent `limit` wrong tokens within a minute."""
    _judge(gate.execute(_STATE, [client_of(source)]), limit)


def count(gate: Connection, source: str, limit: int) -> None:
    """Count a wrong token. Raise TooManyGuesses if it is one after `limit` within a minute."""
    _judge(gate.execute(_COUNT, {"source": client_of(source)}), limit + 1)


def client_of(source: str) -> str:
    """Return the address of a client: that of its network for IPv6, where one client has many addresses."""
    try:
        address = ip_address(source)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, CLIENT_BITS), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def _judge(rows: list[tuple[int, int]] | list[tuple[object, ...]], limit: int) -> None:
    for failures, seconds in rows:
        if int(str(failures)) >= limit:
            raise TooManyGuesses(headers={"Retry-After": str(max(1, int(str(seconds))))})
