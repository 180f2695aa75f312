"""The HTTP client: which requests are repeated, how long they take, which connections are kept."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from chalicelib.errors import Unavailable
from chalicelib.platform import http_connections
from chalicelib.platform.http import HttpClient, Peer
from tests.loopback import served, speak_tls
from tests.platform.scripted import (
    Behaviour,
    Scripted,
    dripping_body,
    dripping_headers,
    endless,
    failing,
    gone,
    half,
    idle_close,
    last,
    late,
    redirecting,
    refusing,
    silent,
    throttled,
    well,
)
from tests.recordings.fetching.provider import Quiet

PEER = Peer("The server", connect=0.3, answer=0.6, whole=1.2)
Serve = Callable[..., tuple[str, type[Scripted]]]


@pytest.fixture
def client() -> Iterator[HttpClient]:
    """Provide a client without connections."""
    made = HttpClient()
    yield made
    made.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers, and stop them after the test."""
    with ExitStack() as started:

        def start(*script: Behaviour, authority: Path | None = None) -> tuple[str, type[Scripted]]:
            handler = type("Own", (Scripted,), {"script": list(script), "connections": 0, "requests": 0})
            server = Quiet(("127.0.0.1", 0), handler)
            if authority:
                speak_tls(server, authority.with_name("server.pem"))
            return f"{started.enter_context(served(server))}/", handler

        yield start


def ask(client: HttpClient, url: str, peer: Peer = PEER) -> tuple[int, bytes]:
    """Return the status and the body of the server's answer."""
    answer = client.ask(peer, "POST", url, {}, b"question")
    return answer.status, answer.body


@pytest.mark.parametrize("trouble", [failing, throttled, gone, half])
def test_a_failure_that_may_pass_is_repeated_once(client: HttpClient, serve: Serve, trouble: Behaviour) -> None:
    """Errors of the server, throttling and cut connections are repeated, on the first request as well."""
    url, server = serve(trouble, well, trouble, well)

    assert [ask(client, url), ask(client, url)] == [(200, b"well")] * 2
    assert server.requests == 4


@pytest.mark.parametrize(("trouble", "status"), [(failing, 503), (throttled, 400)])
def test_a_failure_that_lasts_is_returned(client: HttpClient, serve: Serve, trouble: Behaviour, status: int) -> None:
    """After the second attempt the caller gets the answer."""
    url, server = serve(trouble)

    assert ask(client, url)[0] == status
    assert server.requests == 2


def test_a_refusal_is_not_repeated(client: HttpClient, serve: Serve) -> None:
    """A second attempt would be refused as well."""
    url, server = serve(refusing)

    assert ask(client, url)[0] == 400
    assert server.requests == 1


@pytest.mark.parametrize("trouble", [failing, gone, half, silent])
def test_a_peer_with_one_attempt_is_asked_once(client: HttpClient, serve: Serve, trouble: Behaviour) -> None:
    """An order that must not be carried out twice is sent once, whatever happens."""
    url, server = serve(trouble)
    try:
        ask(client, url, PEER._replace(attempts=1))
    except Unavailable:
        assert trouble is not failing
    assert server.requests == 1


def test_a_redirect_is_not_followed(client: HttpClient, serve: Serve) -> None:
    """The caller gets the redirect: following it would send headers to another address."""
    url, server = serve(redirecting)

    assert ask(client, url)[0] == 307
    assert server.requests == 1


def test_one_connection_serves_many_requests(client: HttpClient, serve: Serve) -> None:
    """A connection is kept until the server closes it."""
    url, server = serve(well, well, last, well)

    assert [ask(client, url)[1] for _ in range(4)] == [b"well"] * 4
    assert server.connections == 2


def test_a_kept_connection_that_the_server_closed(client: HttpClient, serve: Serve) -> None:
    """A closed connection is noticed before the request is sent, so even a peer with one attempt gets its answer."""
    url, server = serve(idle_close, well)
    once = PEER._replace(attempts=1)

    assert ask(client, url, once) == (200, b"well")
    time.sleep(0.1)
    assert ask(client, url, once) == (200, b"well")
    assert server.connections == 2


def test_a_new_connection_waits_as_long_as_the_first(client: HttpClient, serve: Serve) -> None:
    """The timeout of connecting does not apply to the answer, on a second connection neither."""
    url, _ = serve(last, late)

    assert [ask(client, url), ask(client, url)] == [(200, b"well")] * 2


def test_a_kept_connection_that_went_silent(client: HttpClient, serve: Serve) -> None:
    """A new connection gets the answer in the time that is left."""
    url, server = serve(well, silent, well)

    assert [ask(client, url), ask(client, url)] == [(200, b"well")] * 2
    assert server.connections == 2


@pytest.mark.parametrize("script", [(silent,), (well, silent), (dripping_headers,), (dripping_body,)])
def test_a_slow_server_is_unavailable_at_the_deadline(
    client: HttpClient, serve: Serve, script: tuple[Behaviour, ...]
) -> None:
    """The deadline holds for the whole exchange, however often the server sends a byte."""
    url, _ = serve(*script)
    if len(script) > 1:
        ask(client, url)
    began = time.monotonic()

    with pytest.raises(Unavailable, match="The server does not answer"):
        ask(client, url)
    assert time.monotonic() - began < 2 * PEER.whole


def test_an_endless_answer_is_unavailable(client: HttpClient, serve: Serve) -> None:
    """No more than the limit is read, and the connection is not used again."""
    url, server = serve(endless, endless, well)

    with pytest.raises(Unavailable):
        ask(client, url, PEER._replace(limit=100_000))
    assert ask(client, url) == (200, b"well")
    assert server.connections == 3


def test_a_long_answer_may_be_shortened(client: HttpClient, serve: Serve) -> None:
    """A peer whose answer is only shown to a person may send more than the limit."""
    url, _ = serve(well)

    assert ask(client, url, PEER._replace(limit=2, shorten=True)) == (200, b"we")


@contextmanager
def _full_port() -> Iterator[tuple[str, int]]:
    """Provide an address that accepts no further connection and refuses none."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        yield full.getsockname()
        for each in waiting:
            each.close()


def _lead_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Let every name have these addresses."""
    resolved = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: resolved)


def test_a_host_with_a_silent_address(client: HttpClient, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that answers is found behind one that does not."""
    url, server = serve(well)
    port = int(url.rstrip("/").rpartition(":")[2])
    with _full_port() as full:
        _lead_to(monkeypatch, full, ("127.0.0.1", port))
        assert ask(client, url.replace("127.0.0.1", "many.example")) == (200, b"well")
    assert server.requests == 1


def test_a_host_with_many_silent_addresses(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silent addresses do not add up: only the first ones are tried."""
    with _full_port() as full:
        _lead_to(monkeypatch, *[full] * 8)
        began = time.monotonic()
        with pytest.raises(Unavailable):
            ask(client, "http://many.example/")
        assert time.monotonic() - began < 2 * PEER.connect * http_connections.RESOLVED_ADDRESSES + 0.3


def test_over_tls(client: HttpClient, serve: Serve, authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server must have a certificate for its name, signed by an authority of SSL_CERT_FILE."""
    url, server = serve(well, authority=authority)
    named = url.replace("http://127.0.0.1", "https://localhost")

    assert [ask(client, named), ask(client, named)] == [(200, b"well")] * 2
    assert server.requests == 2
    with pytest.raises(Unavailable):
        ask(client, url.replace("http:", "https:"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.with_name("none.pem")))
    with pytest.raises(Unavailable):
        ask(HttpClient(), named)
    assert server.requests == 2


def test_a_name_without_addresses(client: HttpClient) -> None:
    """A host that cannot be resolved is unavailable."""
    with pytest.raises(Unavailable):
        ask(client, "http://nowhere.invalid/")
