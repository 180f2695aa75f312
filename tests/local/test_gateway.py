"""The local server in front of Chalice: API Gateway's limits, and correct answers on kept connections."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest
from chalice.app import Chalice, Response

from chalicelib.errors import Misconfigured
from infra.local.gateway import BODY_BYTES, Gateway, Handler, bound

Exchange = Callable[[bytes], bytes]


def tiny() -> Chalice:
    """Return an app with one route for each case."""
    app = Chalice("tiny")

    @app.route("/size", methods=["GET", "HEAD", "POST"])
    def size() -> dict[str, int]:
        request = app.current_request
        return {"size": len(request.raw_body) if request else -1}

    @app.route("/broken")
    def broken() -> Response:
        # For text with a binary type Chalice raises outside of every error handler.
        return Response(body="text", headers={"Content-Type": "audio/mpeg"})

    return app


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    """Return a function that sends bytes to a server of the app and returns everything until the server hangs up."""
    listener = bound("127.0.0.1", 0)
    gateway = Gateway(tiny(), listener)
    gateway.start()

    def send(request: bytes) -> bytes:
        with socket.create_connection(listener.getsockname(), timeout=20) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    yield send
    gateway.stop()


def test_post(exchange: Exchange) -> None:
    """A body arrives whole."""
    answer = exchange(b"POST /size HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc")

    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b'{"size":3}')


def test_head_on_a_kept_connection(exchange: Exchange) -> None:
    """HEAD answers with headers alone, so that the next answer starts where its client expects it."""
    answer = exchange(b"HEAD /size HTTP/1.1\r\n\r\nGET /size HTTP/1.1\r\nConnection: close\r\n\r\n")

    head, body, rest = answer.split(b"\r\n\r\n")
    assert b"Content-Length: 10" in head
    assert body.startswith(b"HTTP/1.1 200")
    assert rest == b'{"size":0}'


def test_body_in_chunks(exchange: Exchange) -> None:
    """A chunked body is refused with 411, since Chalice would read it as the next request."""
    answer = exchange(b"POST /size HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 411")


@pytest.mark.parametrize("length", [b"-1", b"3x", "٣".encode()], ids=["negative", "not a number", "other digits"])
def test_length_without_sense(exchange: Exchange, length: bytes) -> None:
    """A Content-Length that is not a number is answered with 400."""
    answer = exchange(b"POST /size HTTP/1.1\r\nContent-Length: " + length + b"\r\n\r\nabc")

    assert answer.startswith(b"HTTP/1.1 400")


def test_body_over_the_limit(exchange: Exchange) -> None:
    """A client that sends more than API Gateway accepts gets 413, although it sends everything first."""
    size = BODY_BYTES + 1

    answer = exchange(b"POST /size HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))

    assert answer.startswith(b"HTTP/1.1 413")


def test_answer_that_cannot_be_sent(exchange: Exchange) -> None:
    """An answer that API Gateway cannot read becomes a 502 instead of a lost connection."""
    answer = exchange(b"GET /broken HTTP/1.1\r\nAccept: audio/mpeg\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 502")


def test_promised_body_that_never_comes(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server hangs up on a client that stops sending."""
    monkeypatch.setattr(Handler, "timeout", 0.2)

    assert exchange(b"POST /size HTTP/1.1\r\nContent-Length: 3\r\n\r\n") == b""


def test_paths_stay_secret(exchange: Exchange, capfd: pytest.CaptureFixture[str]) -> None:
    """No request leaves its path on stdout or stderr, whether it is served, refused or not even HTTP."""
    for request in (b"GET /size?secret HTTP/1.1\r\nConnection: close\r\n\r\n", b"GET /secret HTTP/1.1\r\n", b"secret"):
        exchange(request + b"\r\nConnection: close\r\n\r\n")

    captured = capfd.readouterr()
    assert "secret" not in captured.out + captured.err


def test_port_beyond_all_ports() -> None:
    """A port number above all ports is refused with the range."""
    with pytest.raises(Misconfigured, match="between 0 and 65535"):
        bound("127.0.0.1", 70_000)
