"""Files of others, over HTTPS: from configured hosts alone, never from our own network, within a size and a time.

A host's addresses are checked and the connection goes to one of those that were: asked for once more, the name might
lead elsewhere. Each redirect is a new address that is checked in the same way.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import BinaryIO, NamedTuple, Self
from urllib.parse import quote, urljoin, urlsplit

from chalicelib.errors import RingledgerError
from chalicelib.platform import tls

BLOCK_BYTES = 1 << 16
REDIRECTS = 5
CONNECT_SECONDS = 5
READ_SECONDS = 15
HTTP_PORT, HTTPS_PORT = 80, 443

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What of an address's path is a delimiter, or is encoded already.
_AS_IT_IS = "/%:@!$&'()*+,;=-._~?"


class DownloadRefused(RingledgerError):
    """The address, or what came from it, is nothing that we take: trying again will not help."""

    code = "download-refused"


class DownloadFailed(RingledgerError):
    """The file did not come now."""

    code = "download-failed"


class Rules(NamedTuple):
    """What may be fetched: `hosts` by name, or all below one by a leading dot; `limit` in bytes.

    With `loopback` the machine's own addresses may be asked too, without TLS.
    """

    hosts: Sequence[str]
    limit: int
    seconds: float
    loopback: bool = False


class _Target(NamedTuple):
    """An address that was checked, and where it leads."""

    secure: bool
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


class _Pinned(HTTPConnection):
    """A connection to one of the addresses that were checked, in the name of their host."""

    def __init__(self, target: _Target) -> None:
        super().__init__(target.host, target.port, timeout=READ_SECONDS)
        # Left out of the Host header, which whoever signed the address left it out of too.
        self.default_port = HTTPS_PORT if target.secure else HTTP_PORT
        self._target = target
        self._line: socket.socket | None = None
        self._ended = False

    def connect(self) -> None:
        self.sock = self._connected()
        self.sock.settimeout(READ_SECONDS)
        # A copy of the descriptor: http.client gives its own away as soon as an answer begins.
        self._line = socket.socket(fileno=os.dup(self.sock.fileno()))
        if self._ended:
            raise TimeoutError
        if self._target.secure:
            self.sock = tls.context().wrap_socket(self.sock, server_hostname=self._target.host)

    def _connected(self) -> socket.socket:
        fault: OSError = TimeoutError()
        for address in self._target.addresses:
            if self._ended:
                break
            try:
                return socket.create_connection((address, self._target.port), CONNECT_SECONDS)
            except OSError as refused:
                fault = refused
        raise fault

    def cut(self) -> None:
        """End whatever waits for the peer."""
        # First: a connection that is only being made sees it as soon as there is a line to shut down.
        self._ended = True
        if self._line is not None:
            try:
                self._line.shutdown(socket.SHUT_RDWR)
            except OSError:
                # It is over already.
                return

    def leave(self) -> None:
        """Close all that is open."""
        self.close()
        if self._line is not None:
            self._line.close()


class _Deadline:
    """Ends whatever its connection waits for, however slowly a peer sends."""

    def __init__(self, connection: _Pinned, seconds: float) -> None:
        self.passed = False
        self._connection = connection
        self._timer = threading.Timer(max(0.0, seconds), self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._connection.leave()

    def _cut(self) -> None:
        self.passed = True
        self._connection.cut()


def fetch(url: str, into: BinaryIO, rules: Rules, headers: Mapping[str, str]) -> int:
    """Write the file at `url` to `into` and answer its size in bytes; `headers` go to its own host alone.

    Raises DownloadRefused and DownloadFailed, which name hosts and no whole address: those may carry keys.
    """
    until = time.monotonic() + rules.seconds
    first = target = _checked(url, rules)
    for _ in range(REDIRECTS + 1):
        sent = headers if (target.secure, target.host, target.port) == (first.secure, first.host, first.port) else {}
        onward = _step(target, into, rules, sent, until)
        if isinstance(onward, int):
            return onward
        url = _joined(url, onward)
        target = _checked(url, rules)
    raise DownloadRefused(f"{first.host} redirects more than {REDIRECTS} times")


def _step(target: _Target, into: BinaryIO, rules: Rules, headers: Mapping[str, str], until: float) -> int | str:
    """The size of the file, or the address that we are sent to."""
    connection = _Pinned(target)
    with _Deadline(connection, until - time.monotonic()) as deadline:
        try:
            asked = {"Accept-Encoding": "identity", "User-Agent": "ringledger", **headers}
            connection.request("GET", target.path, headers=asked)
            with connection.getresponse() as response:
                if response.status in _REDIRECTS:
                    return _location(response)
                if response.status != HTTPStatus.OK:
                    raise DownloadFailed(f"{target.host} answered with status {response.status}")
                size = _copy(response, into, rules.limit)
        except (OSError, HTTPException, ValueError) as fault:
            if not deadline.passed:
                raise DownloadFailed(f"{target.host} broke off: {type(fault).__name__}") from None
        if deadline.passed:
            raise DownloadFailed(f"{target.host} took longer than {rules.seconds:g} seconds")
    return size


def _location(response: HTTPResponse) -> str:
    """Where a redirect leads; as browsers do, bytes beyond ASCII are taken for UTF-8."""
    return response.headers.get("Location", "").encode("latin-1").decode("utf-8", "replace")


def _joined(url: str, onward: str) -> str:
    try:
        return urljoin(url, onward)
    except ValueError:
        raise DownloadRefused("A redirect leads to an address that is none") from None


def _copy(response: HTTPResponse, into: BinaryIO, limit: int) -> int:
    announced = response.length
    if (announced or 0) > limit:
        raise DownloadRefused(f"The file is {announced} bytes long; at most {limit} are taken")
    size = 0
    while block := response.read1(BLOCK_BYTES):
        size += len(block)
        if size > limit:
            raise DownloadRefused(f"The file is longer than {limit} bytes")
        into.write(block)
    if announced is not None and size != announced:
        raise DownloadFailed(f"The file broke off: {size} of {announced} bytes came")
    return size


def _checked(url: str, rules: Rules) -> _Target:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise DownloadRefused("The provider gave an address that is none") from None
    secure = parts.scheme == "https"
    if parts.username is not None or not (secure or (rules.loopback and parts.scheme == "http")):
        raise DownloadRefused(f"Files are taken over https only, not from {parts.scheme or 'nowhere'}://{host}")
    addresses = _addresses(host, rules)
    if not all(map(_own, addresses)) and (not secure or port not in {None, HTTPS_PORT}):
        raise DownloadRefused(f"Files are taken over https on port {HTTPS_PORT} only, not from {host}")
    path = quote(parts.path or "/", safe=_AS_IT_IS)
    query = f"?{quote(parts.query, safe=_AS_IT_IS)}" if parts.query else ""
    return _Target(secure, host, port or (HTTPS_PORT if secure else HTTP_PORT), path + query, addresses)


def _addresses(host: str, rules: Rules) -> tuple[str, ...]:
    """The host's addresses, when all of them may be asked."""
    listed = any(host == name or (name.startswith(".") and host.endswith(name)) for name in rules.hosts)
    local = rules.loopback and (host == "localhost" or host.startswith("127.") or host == "::1")
    if not (listed or local):
        raise DownloadRefused(f"The host {host or 'without a name'} is not among RECORDING_HOSTS")
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise DownloadFailed(f"The name {host} leads nowhere") from None
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not all((rules.loopback and _own(address)) or (listed and _is_public(address)) for address in addresses):
        raise DownloadRefused(f"The host {host} is not on the public internet, or not among RECORDING_HOSTS")
    return addresses


def _own(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and (found not in _UNICAST or found.sixtofour or found.teredo):
        # Outside are those of one site, and those that stand for an address of the older protocol, as these two do.
        return False
    return found.is_global and not found.is_multicast


#: Of IPv6 all that is given out to the public (RFC 4291 section 2.4).
_UNICAST = ipaddress.ip_network("2000::/3")
