"""Kept connections: what is repeated, what is not, and that no waiting adds up."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chalicelib.errors import Unavailable
from chalicelib.platform import persistent, tls
from chalicelib.platform.persistent import Server
from tests.recordings.fetching.provider import Quiet

SERVER = Server("The server", connect=0.3, read=0.6, whole=1.2)
Behaviour = Callable[["Scripted"], None]


class Scripted(BaseHTTPRequestHandler):
    """Does with each request what comes next, and with all that follow what comes last."""

    protocol_version = "HTTP/1.1"
    script: list[Behaviour]
    connections = 0
    requests = 0

    def setup(self) -> None:
        """Count."""
        super().setup()
        type(self).connections += 1

    def do_POST(self) -> None:
        """Follow the script."""
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).requests += 1
        behaviour = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        behaviour(self)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def well(handler: Scripted) -> None:
    """Answer as wanted."""
    handler.answer(200, b"well")


def failing(handler: Scripted) -> None:
    """A fault of the server's own."""
    handler.answer(503)


def throttled(handler: Scripted) -> None:
    """Too many requests, as AWS's JSON services say it."""
    handler.answer(400, b'{"__type":"com.amazonaws.sqs#RequestThrottled"}')


def refusing(handler: Scripted) -> None:
    """A fault of the client's."""
    handler.answer(400, b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}')


def last(handler: Scripted) -> None:
    """The last answer on this connection."""
    handler.answer(200, b"well", Connection="close")


def late(handler: Scripted) -> None:
    """An answer that takes longer than a connection may."""
    time.sleep(0.4)
    well(handler)


def gone(handler: Scripted) -> None:
    """The connection is cut."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def silent(_handler: Scripted) -> None:
    """Nothing comes."""
    time.sleep(2)


Serve = Callable[..., tuple[str, type[Scripted]]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers, and ends them."""
    started: list[ThreadingHTTPServer] = []

    def start(*script: Behaviour, authority: Path | None = None) -> tuple[str, type[Scripted]]:
        handler = type("Own", (Scripted,), {"script": list(script), "connections": 0, "requests": 0})
        server = Quiet(("127.0.0.1", 0), handler)
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority.with_name("server.pem"))
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        started.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/", handler

    yield start
    persistent.close()
    for server in started:
        server.shutdown()
        server.server_close()


def ask(url: str) -> tuple[int, bytes]:
    """What the server answers."""
    said = persistent.ask(SERVER, "POST", url, {}, b"question")
    return said.status, said.body


@pytest.mark.parametrize("trouble", [failing, throttled, gone])
def test_what_may_pass_is_asked_once_more(serve: Serve, trouble: Behaviour) -> None:
    """A server's own fault, being too busy, and a cut connection, the first one included."""
    url, server = serve(trouble, well, trouble, well)

    assert [ask(url), ask(url)] == [(200, b"well")] * 2
    assert server.requests == 4


@pytest.mark.parametrize(("trouble", "status"), [(failing, 503), (throttled, 400)])
def test_what_does_not_pass_is_told(serve: Serve, trouble: Behaviour, status: int) -> None:
    """Twice is enough: whoever asked has something to decide."""
    url, server = serve(trouble)

    assert ask(url)[0] == status
    assert server.requests == 2


def test_a_refusal_is_asked_once(serve: Serve) -> None:
    """It would be the same again."""
    url, server = serve(refusing)

    assert ask(url)[0] == 400
    assert server.requests == 1


def test_one_connection_serves_many_requests(serve: Serve) -> None:
    """Until the server wants no more of it."""
    url, server = serve(well, well, last, well)

    assert [ask(url)[1] for _ in range(4)] == [b"well"] * 4
    assert server.connections == 2


def test_a_new_connection_waits_as_long_as_the_first(serve: Serve) -> None:
    """An answer may take longer than connecting may, also when the connection before was closed."""
    url, _ = serve(last, late)

    assert [ask(url), ask(url)] == [(200, b"well")] * 2


def test_a_kept_connection_that_went_silent(serve: Serve) -> None:
    """It gets no answer, and a new one does, in the time that is left."""
    url, server = serve(well, silent, well)

    assert [ask(url), ask(url)] == [(200, b"well")] * 2
    assert server.connections == 2


@pytest.mark.parametrize("script", [(silent,), (well, silent)])
def test_a_server_that_stays_silent(serve: Serve, script: tuple[Behaviour, ...]) -> None:
    """Whoever asks hears so, by its name, and waits no longer than both attempts may take together."""
    url, _ = serve(*script)
    if len(script) > 1:
        ask(url)
    began = time.monotonic()

    with pytest.raises(Unavailable, match="The server does not answer"):
        ask(url)
    assert time.monotonic() - began < 2 * SERVER.whole


def test_a_host_with_many_silent_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """They share the time for connecting; the one that answers is found behind one that does not."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.create_server(("127.0.0.1", 0)) as open_:
        clog = [socket.socket() for _ in range(4)]
        for each in clog:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        found = [(*kind, full.getsockname()), (*kind, open_.getsockname())]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        line = persistent._reached("many.example", 80, SERVER, time.monotonic() + SERVER.whole)
        assert line.getpeername() == open_.getsockname()
        line.close()

        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [found[0]] * 8)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            persistent._reached("many.example", 80, SERVER, began + SERVER.whole)
        assert time.monotonic() - began < 2 * SERVER.whole
        for each in clog:
            each.close()


def test_over_tls(serve: Serve, authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server is believed to be who an authority says, under its own name, and by nobody's word else."""
    url, server = serve(well, authority=authority)
    named = url.replace("http://127.0.0.1", "https://localhost")

    assert [ask(named), ask(named)] == [(200, b"well")] * 2
    assert server.requests == 2
    with pytest.raises(Unavailable):
        ask(url.replace("http:", "https:"))
    persistent.close()
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.with_name("none.pem")))
    tls.context.cache_clear()
    with pytest.raises(Unavailable):
        ask(named)
    assert server.requests == 2


def test_a_name_without_addresses() -> None:
    """It is as good as silent."""
    with pytest.raises(Unavailable):
        ask("http://nowhere.invalid/")
