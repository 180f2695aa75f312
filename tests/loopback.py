"""Servers and addresses on loopback for tests."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from pathlib import Path

import pytest

from infra.local import environment
from infra.local.aws import Aws
from infra.local.gateway import bound
from infra.local.keyring import Keyring

#: The seconds after which a server notices that it is to stop, which the end of each test waits for.
LOOK_SECONDS = 0.01


@contextmanager
def served(server: HTTPServer) -> Iterator[str]:
    """Answer in a thread until the block ends, and yield the server's URL."""
    threading.Thread(target=server.serve_forever, args=(LOOK_SECONDS,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def speak_tls(server: HTTPServer, certificate: Path) -> None:
    """Make a server that is not started yet speak TLS with the certificate and the key in a file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    # A handshake here would stop the server while a client does not go on with it.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)


@contextmanager
def aws_services(folder: Path) -> Iterator[str]:
    """Run S3 and SQS of their own on a folder, and yield their address."""
    environment.prepare_clients()
    server = Aws(folder)
    yield server.start(Keyring(folder).port("aws"))
    server.stop()


@pytest.fixture
def silent_address() -> Iterator[str]:
    """Yield the host and port of a server that accepts connections and never answers."""
    with bound("127.0.0.1", 0) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def closed_address() -> str:
    """Return the host and port of no server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"
