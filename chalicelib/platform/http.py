"""The HTTP client: kept connections, a deadline for the whole exchange, a limit on the size of answers.

botocore's own urllib3 does the protocol, so the client adds no package to the zip.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout
from urllib3.exceptions import HTTPError

from chalicelib.errors import Unavailable
from chalicelib.platform import runtime
from chalicelib.platform.http_connections import Pool, SecurePool

NO_HEADERS: Mapping[str, str] = {}
MEGABYTE = 1_000_000
#: Connections to one server that stay open; threads beyond that many open their own and close them.
KEPT = 32

_THROTTLED = b"Throttl"


class Peer(NamedTuple):
    """A server: its name in error messages, and what one exchange with it may take.

    `connect` and `answer` limit one attempt, `whole` limits all attempts together, in seconds. An attempt that fails in
    a way that may pass is repeated while `attempts` and the time allow it. A longer answer than `limit` bytes is an
    error, or is cut there with `shorten`.
    """

    name: str
    connect: float
    answer: float
    whole: float
    attempts: int = 2
    limit: int = 8 * MEGABYTE
    shorten: bool = False


class HttpAnswer(NamedTuple):
    """A server's answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Request(NamedTuple):
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None


class HttpClient:
    """Requests over connections that are kept between them, for any number of threads."""

    def __init__(self) -> None:
        """Connect later."""
        self._pools: dict[tuple[str, str], HTTPConnectionPool] = {}
        self._authorities: ssl.SSLContext | None = None

    def ask(
        self, peer: Peer, method: str, url: str, headers: Mapping[str, str] = NO_HEADERS, body: bytes | None = None
    ) -> HttpAnswer:
        """Return the answer of `peer` at `url`; redirects are not followed.

        The server may receive the request `peer.attempts` times. Raises Unavailable when it does not answer in time.
        """
        parts = urlsplit(url)
        pool = self._kept(parts.scheme, parts.netloc)
        request = _Request(method, _target(parts.path, parts.query), headers, body)
        until = time.monotonic() + peer.whole
        answer = _attempted(pool, request, peer, until)
        # A kept connection may have died while the Lambda was frozen, and a server may just have restarted.
        for _ in range(1, peer.attempts):
            if _may_pass(answer) and time.monotonic() < until:
                answer = _attempted(pool, request, peer, until)
        if isinstance(answer, Exception):
            raise Unavailable(f"{peer.name} does not answer") from answer
        return answer

    @contextmanager
    def download(
        self, url: str, headers: Mapping[str, str], *, addresses: tuple[str, ...], connect: float, until: float
    ) -> Iterator[BaseHTTPResponse]:
        """GET `url` from the first of `addresses` that answers, on a connection of its own; follow no redirect.

        No name server is asked, so the connection goes where the caller checked that it may go. The body is read from
        the response, until the moment `until` of `time.monotonic()`. Raises urllib3's HTTPError and OSError.
        """
        parts = urlsplit(url)
        pool = self.pool(url, addresses=addresses)
        try:
            request = _Request("GET", _target(parts.path, parts.query), headers, None)
            yield _sent(pool, request, _timeout(connect, None, until))
        finally:
            pool.close()

    def pool(self, url: str, **options: Any) -> HTTPConnectionPool:  # noqa: ANN401 - urllib3's own
        """Return a pool of connections to the server of `url`, for callers with their own rules of repetition.

        `options` are those of urllib3's pools. The read timeout limits the headers and the body together.
        """
        parts = urlsplit(url)
        if parts.scheme == "https":
            return SecurePool(parts.hostname or "", parts.port, ssl_context=self._trust(), **options)
        return Pool(parts.hostname or "", parts.port, **options)

    def close(self) -> None:
        """Close every kept connection that is not in use, and forget the authorities."""
        self._authorities = None
        while self._pools:
            self._pools.popitem()[1].close()

    def _kept(self, scheme: str, place: str) -> HTTPConnectionPool:
        kept = self._pools.get((scheme, place))
        if kept is None:
            # Another thread may make one in the meantime.
            kept = self._pools.setdefault((scheme, place), self.pool(f"{scheme}://{place}", maxsize=KEPT))
        return kept

    def _trust(self) -> ssl.SSLContext:
        """Return the context that checks certificates against this machine's authorities, or those of SSL_CERT_FILE."""
        # OpenSSL takes up to 130 ms to read them.
        self._authorities = self._authorities or ssl.create_default_context()
        return self._authorities


def client() -> HttpClient:
    """Return the client of this process."""
    return runtime.current().shared(HttpClient, HttpClient)


def _target(path: str, query: str) -> str:
    return f"{path or '/'}{query and '?'}{query}"


def _sent(pool: HTTPConnectionPool, request: _Request, timeout: Timeout) -> BaseHTTPResponse:
    return pool.urlopen(
        request.method,
        request.target,
        request.body,
        request.headers,
        retries=False,
        redirect=False,
        timeout=timeout,
        preload_content=False,
        decode_content=False,
    )


def _timeout(connect: float, answer: float | None, until: float) -> Timeout:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("no time is left")
    return Timeout(connect=connect, read=answer, total=left)


def _attempted(pool: HTTPConnectionPool, request: _Request, peer: Peer, until: float) -> HttpAnswer | Exception:
    try:
        response = _sent(pool, request, _timeout(peer.connect, peer.answer, until))
        return HttpAnswer(response.status, response.headers, _body(response, peer))
    except (HTTPError, OSError, ValueError) as fault:
        return fault


def _body(response: BaseHTTPResponse, peer: Peer) -> bytes:
    body = b""
    try:
        # urllib3 notices a body that broke off only at the read after its last bytes.
        while block := response.read(peer.limit + 1 - len(body)):
            body += block
            if len(body) > peer.limit:
                # The rest of this answer would be read as the beginning of the next one.
                response.close()
                if not peer.shorten:
                    raise ValueError(f"the answer is longer than {peer.limit} bytes")
                break
        return body[: peer.limit]
    finally:
        response.release_conn()


def _may_pass(answer: HttpAnswer | Exception) -> bool:
    if isinstance(answer, Exception) or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return True
    return answer.status != HTTPStatus.OK and _THROTTLED in answer.body
