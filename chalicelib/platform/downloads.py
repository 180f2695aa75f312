"""Downloads of files from other companies' servers: from configured hosts only, within a size and a time.

A provider chooses the address, so it may not lead into our own network. The host's addresses are checked, and the
connection goes to one of the checked addresses: a second look-up of the name might lead elsewhere (DNS rebinding).
Each redirect is checked in the same way.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import BinaryIO, NamedTuple
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from chalicelib.errors import RingledgerError
from chalicelib.platform import http

BLOCK_BYTES = 1 << 16
#: How much of an error page is kept.
ERROR_BYTES = 4_096
REDIRECTS = 5
CONNECT_SECONDS = 5
HTTPS_PORT = 443

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# The delimiters of a path and a query, and "%" for what is encoded already.
_KEPT_CHARACTERS = "/%:@!$&'()*+,;=-._~?"
#: The part of IPv6 that is allocated for public use (RFC 4291 section 2.4).
_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")


class DownloadRefused(RingledgerError):
    """The address or the file is not allowed; another attempt fails as well."""

    code = "download-refused"


class DownloadFailed(RingledgerError):
    """The file did not arrive; another attempt may succeed.

    `content` is the beginning of the server's answer, where it answered with an error.
    """

    code = "download-failed"

    def __init__(self, message: str, content: bytes = b"") -> None:
        """State the reason, and keep the beginning of what came instead."""
        super().__init__(message)
        self.content = content


class Rules(NamedTuple):
    """The limits of a download: from these `hosts`, up to `limit` bytes, in up to `seconds`.

    A host that begins with a dot stands for all hosts below it. With `loopback`, the machine's own addresses are
    allowed too, also without TLS.
    """

    hosts: Sequence[str]
    limit: int
    seconds: float
    loopback: bool = False


class _Target(NamedTuple):
    """A checked URL: `server` is its scheme, host and port, `addresses` are the checked addresses of the host."""

    url: str
    host: str
    server: tuple[str, str, int | None]
    addresses: tuple[str, ...]


def fetch(url: str, into: BinaryIO, rules: Rules, headers: Mapping[str, str]) -> int:
    """Write the file at `url` to `into` and return its size in bytes.

    `headers` are sent to the server of `url` only, not to servers that it redirects to. Raises DownloadRefused and
    DownloadFailed; their messages contain hosts but no whole URL, which may carry a key.
    """
    until = time.monotonic() + rules.seconds
    first = target = _checked(url, rules)
    for _ in range(REDIRECTS + 1):
        onward = _step(target, into, rules, headers if target.server == first.server else {}, until)
        if isinstance(onward, int):
            return onward
        url = _joined(url, onward)
        target = _checked(url, rules)
    raise DownloadRefused(f"{first.host} redirects more than {REDIRECTS} times")


def _step(target: _Target, into: BinaryIO, rules: Rules, headers: Mapping[str, str], until: float) -> int | str:
    """Return the size of the downloaded file, or the address of a redirect."""
    sent = {"Accept-Encoding": "identity", "User-Agent": "ringledger", **headers}
    with (
        _failures(target.host, rules, until),
        http.client().download(
            target.url, sent, addresses=target.addresses, connect=CONNECT_SECONDS, until=until
        ) as response,
    ):
        if response.status in _REDIRECTS:
            return _location(response)
        if response.status != HTTPStatus.OK:
            content = response.read1(ERROR_BYTES)
            raise DownloadFailed(f"{target.host} answered with status {response.status}", content)
        return _copy(response, into, rules.limit)


@contextmanager
def _failures(host: str, rules: Rules, until: float) -> Iterator[None]:
    try:
        yield
    except (HTTPError, OSError, ValueError) as fault:
        if time.monotonic() >= until:
            raise DownloadFailed(f"{host} took longer than {rules.seconds:g} seconds") from None
        # urllib3 wraps the fault of the connection or of TLS that the operator wants to know.
        cause = fault.args[0] if fault.args and isinstance(fault.args[0], Exception) else fault
        raise DownloadFailed(f"{host} broke off: {type(cause).__name__}") from None


def _location(response: BaseHTTPResponse) -> str:
    """Return the address of a redirect; bytes beyond ASCII are UTF-8, as in browsers."""
    return response.headers.get("Location", "").encode("latin-1").decode("utf-8", "replace")


def _joined(url: str, onward: str) -> str:
    try:
        return urljoin(url, onward)
    except ValueError:
        raise DownloadRefused("A redirect leads to an address that is none") from None


def _copy(response: BaseHTTPResponse, into: BinaryIO, limit: int) -> int:
    announced = response.length_remaining
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
    """Return where `url` leads, as far as `rules` allow it."""
    parts, host, port = _split(url)
    schemes = {"https", "http"} if rules.loopback else {"https"}
    if parts.username is not None or parts.scheme not in schemes:
        raise DownloadRefused(f"Files are taken over https only, not from {parts.scheme or 'nowhere'}://{host}")
    addresses = _addresses(host, rules)
    has_usual_port = parts.scheme == "https" and port in {None, HTTPS_PORT}
    if not has_usual_port and not all(map(_is_loopback, addresses)):
        raise DownloadRefused(f"Files are taken over https on port {HTTPS_PORT} only, not from {host}")
    path, query = (quote(part, safe=_KEPT_CHARACTERS) for part in (parts.path or "/", parts.query))
    checked = parts._replace(netloc=_place(host, port), path=path, query=query, fragment="").geturl()
    return _Target(checked, host, (parts.scheme, host, port), addresses)


def _split(url: str) -> tuple[SplitResult, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts, (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise DownloadRefused("The provider gave an address that is none") from None


def _place(host: str, port: int | None) -> str:
    place = f"[{host}]" if ":" in host else host
    return place if port is None else f"{place}:{port}"


def _addresses(host: str, rules: Rules) -> tuple[str, ...]:
    """Return the addresses of the host when every one of them is allowed."""
    is_listed = any(map(partial(_is_named, host), rules.hosts))
    if not is_listed and not (rules.loopback and _is_local(host)):
        raise DownloadRefused(f"The host {host or 'without a name'} is not among RECORDING_HOSTS")
    addresses = _resolved(host)
    allowed = {each for each in addresses if is_listed and _is_public(each)}
    if rules.loopback:
        allowed |= set(filter(_is_loopback, addresses))
    if not allowed.issuperset(addresses):
        raise DownloadRefused(f"The host {host} is not on the public internet, or not among RECORDING_HOSTS")
    return addresses


def _is_named(host: str, name: str) -> bool:
    """Tell whether `name` stands for this host; one that begins with a dot stands for the hosts below it."""
    return host == name or (name.startswith(".") and host.endswith(name))


def _is_local(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _resolved(host: str) -> tuple[str, ...]:
    try:
        entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise DownloadFailed(f"The name {host} leads nowhere") from None
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in entries))


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address) and (parsed not in _PUBLIC_IPV6 or parsed.sixtofour or parsed.teredo):
        # 6to4 and Teredo addresses contain an IPv4 address, which may be a private one.
        return False
    return parsed.is_global and not parsed.is_multicast
