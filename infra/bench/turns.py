"""A relay that counts round trips: the times at which a client sends again after its server has answered."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from chalicelib.platform import runtime
from infra.bench.testbed import Testbed


class Turns:
    """The relay's count so far."""

    def __init__(self) -> None:
        """Start at zero."""
        self.count = 0
        self._server_spoke = True

    def client_speaks(self) -> None:
        """Count a new turn unless the client is still sending."""
        self.count += self._server_spoke
        self._server_spoke = False

    def server_speaks(self) -> None:
        """Remember that the client's next bytes are a new turn."""
        self._server_spoke = True


@contextmanager
def relayed(url: str) -> Iterator[tuple[str, Turns]]:
    """Relay a database URL; yield the URL to use instead, and the count."""
    place = urlsplit(url)
    turns = Turns()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = (place.hostname or "127.0.0.1", place.port or 5432)
        threading.Thread(target=_accept, args=(listener, target, turns), daemon=True).start()
        login = place.netloc.rpartition("@")[0]
        yield place._replace(netloc=f"{login}@127.0.0.1:{listener.getsockname()[1]}").geturl(), turns


def round_trips(place: Testbed, role: str, ask: Callable[[], None], requests: int) -> float:
    """Count the round trips of a warm request to PostgreSQL, as `role` and as the gate, by a relay in between."""
    before_relaying = dict(os.environ)
    with relayed(place.role_url(role)) as (role_url, turns), relayed(place.role_url("gate")) as (gate_url, gate):
        os.environ.update({f"{role.upper()}_DATABASE_URL": role_url, "GATE_DATABASE_URL": gate_url})
        runtime.renew()
        ask()
        before = turns.count + gate.count
        for _ in range(requests):
            ask()
        count = turns.count + gate.count - before
    os.environ.update(before_relaying)
    runtime.renew()
    return count / requests


def _accept(listener: socket.socket, target: tuple[str, int], turns: Turns) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.create_connection(target)
        for source, sink, count in ((client, server, turns.client_speaks), (server, client, turns.server_speaks)):
            threading.Thread(target=_pump, args=(source, sink, count), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, count: Callable[[], None]) -> None:
    while data := _received(source):
        count()
        sink.sendall(data)
    sink.close()


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(65_536)
    except OSError:
        return b""
