"""A CRM for tests. It stores the calls that it receives, and fails on demand."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from tests.loopback import served

TOKEN = "crm/token+of=tests"
REJECTED = {"destination": "no se consiguió el número de destino en la base de datos"}
HANG_SECONDS = 30
#: Small on the wire.
BOMB = gzip.compress(b"[" * 8_000_000)

Key = tuple[str, str, str]
#: What to do with request number `attempt`, from 0, for a call.
Behaviour = Callable[[dict[str, str], int], str]


def well(_call: dict[str, str], _attempt: int) -> str:
    """Behave as a CRM should."""
    return "ok"


@dataclass
class Crm:
    """A CRM and the calls that it received. Without `unique` it stores every duplicate as a new call."""

    behave: Behaviour = well
    unique: bool = False
    latency: float = 0.0
    login: str = ""
    url: str = ""
    zone: ZoneInfo = ZoneInfo("UTC")  # noqa: RUF009 - a zone never changes
    deletion: str = "ok"
    deletion_seconds: float = 0.0
    deletions: list[dict[str, str]] = field(default_factory=list)
    effects: list[dict[str, str]] = field(default_factory=list)
    ids: dict[Key, int] = field(default_factory=dict)
    asked: Counter[Key] = field(default_factory=Counter)
    together: set[Key] = field(default_factory=set)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0
    created: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    _flying: defaultdict[Key, int] = field(default_factory=lambda: defaultdict(int))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def keys(self) -> Counter[Key]:
        """Return how often each call was created."""
        return Counter(map(key, self.effects))

    def begin(self, call: dict[str, str]) -> int:
        """Count the begin of a request for `call`, and return its number."""
        with self._lock:
            self._flying[key(call)] += 1
            if self._flying[key(call)] > 1:
                self.together.add(key(call))
            self.asked[key(call)] += 1
            return self.asked[key(call)] - 1

    def end(self, call: dict[str, str]) -> None:
        """Count the end of a request."""
        with self._lock:
            self._flying[key(call)] -= 1

    def create(self, call: dict[str, str]) -> dict[str, Any]:
        """Store the call, and answer as documented."""
        with self._lock:
            if not self.unique or key(call) not in self.ids:
                self.effects.append(call)
                self.created += 1
                self.ids[key(call)] = self.created
            return {"error": False, "contactId": 1, "phonecallId": self.ids[key(call)]}

    def delete(self, since: str, until: str) -> dict[str, Any]:
        """Delete the calls of the days between two dates of the CRM's zone, both exclusive."""
        with self._lock:
            gone = [call for call in self.effects if since < self.day(call) < until]
            self.effects[:] = [call for call in self.effects if call not in gone]
            for call in gone:
                self.ids.pop(key(call), None)
            return {"count": len(gone), "error": False}

    def day(self, call: dict[str, str]) -> str:
        """Return the date of a call in the CRM's zone."""
        return str(datetime.fromisoformat(call["initiated"]).astimezone(self.zone).date())


def key(call: dict[str, str]) -> Key:
    """Return the fields by which a CRM identifies a call."""
    return call["initiated"], call["source"], call["destination"]


class _Server(ThreadingHTTPServer):
    # A client's connections come all at once, and one that finds no room here comes again a second later.
    request_queue_size = 128
    daemon_threads = True


@contextmanager
def running(crm: Crm) -> Iterator[Crm]:
    """Serve the CRM on loopback."""
    server = _Server(("127.0.0.1", 0), type("OfThisCrm", (_Handler,), {"crm": crm}))
    with served(server) as crm.url:
        try:
            yield crm
        finally:
            crm.over.set()


class _Handler(BaseHTTPRequestHandler):
    crm: Crm
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        """Count connections."""
        super().setup()
        self.crm.connections += 1

    def do_GET(self) -> None:
        """Answer one call."""
        self.crm.headers.append({name.lower(): value for name, value in self.headers.items()})
        if self.crm.login and self.headers.get("Authorization") != self.crm.login:
            self._send(401, b"who are you?", **{"WWW-Authenticate": 'Basic realm="NiMbox"'})
            return
        call = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if call.pop("token") != TOKEN:
            self._json({"error": True, "errors": {"token": "desconocido"}})
            return
        if urlsplit(self.path).path.endswith("/delete"):
            self.crm.deletions.append(call)
            self._delete(call, *self.crm.deletion.split(" ", 1))
            return
        attempt = self.crm.begin(call)
        try:
            time.sleep(self.crm.latency)
            self._react(self.crm.behave(call, attempt), call)
        finally:
            self.crm.end(call)

    def _delete(self, dates: dict[str, str], reaction: str, value: str = "") -> None:
        before = {"from": "", "to": ""} if reaction in {"drop", "status", "text"} else dates
        time.sleep(self.crm.deletion_seconds)
        answer = json.dumps(self.crm.delete(before["from"], before["to"])).encode()
        if reaction.startswith("drop"):
            self.close_connection = True
            return
        self._send(int(value) if reaction.startswith("status") else 200, value.encode() if value else answer)

    def _react(self, reaction: str, call: dict[str, str]) -> None:
        word, _, value = reaction.partition(" ")
        getattr(self, f"_{word}")(call, value)

    def _ok(self, call: dict[str, str], _value: str) -> None:
        self._json(self.crm.create(call))

    def _reject(self, _call: dict[str, str], _value: str) -> None:
        self._json({"errors": REJECTED, "error": True})

    def _duplicate(self, _call: dict[str, str], _value: str) -> None:
        self._json({"error": True, "errors": {"initiated": "ya existe"}})

    def _status_after(self, call: dict[str, str], value: str) -> None:
        self.crm.create(call)
        self._status(call, value)

    def _status(self, _call: dict[str, str], value: str) -> None:
        status, _, rest = value.partition(" ")
        self._send(int(status), f"<h1>status {status}</h1>".encode(), **({"Retry-After": rest} if rest else {}))

    def _text(self, _call: dict[str, str], value: str) -> None:
        self._send(200, value.encode())

    def _text_after(self, call: dict[str, str], value: str) -> None:
        self.crm.create(call)
        self._send(200, value.encode())

    def _echo(self, _call: dict[str, str], value: str) -> None:
        self._send(404, f"<p>{'.' * int(value or 0)}{self.path} is not here".encode())

    def _redirect(self, _call: dict[str, str], value: str) -> None:
        self._send(302, b"", Location=value + self.path)

    def _gzip(self, call: dict[str, str], value: str) -> None:
        body = BOMB if value else gzip.compress(json.dumps(self.crm.create(call)).encode())
        self._send(200, body, **{"Content-Encoding": "gzip"})

    def _odd(self, call: dict[str, str], _value: str) -> None:
        body = json.dumps(self.crm.create(call)).encode()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nno header at all\r\n\r\n%s" % (len(body), body))
        self.close_connection = True

    def _flood(self, _call: dict[str, str], _value: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not self.crm.over.is_set():
            try:
                self.wfile.write(b"[" * 65_536)
            except ConnectionError:
                break
        self.close_connection = True

    def _hang(self, _call: dict[str, str], _value: str) -> None:
        self.crm.over.wait(HANG_SECONDS)
        self.close_connection = True

    def _slow(self, call: dict[str, str], value: str) -> None:
        self.crm.over.wait(float(value))
        self._json(self.crm.create(call))

    def _drip(self, _call: dict[str, str], value: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"" if value else b"Content-Length: 1000\r\n\r\n"))
        self.close_connection = True
        while not self.crm.over.wait(0.02):
            try:
                self.wfile.write(b"x")
            except ConnectionError:
                break

    def _drop(self, _call: dict[str, str], _value: str) -> None:
        self.close_connection = True

    def _drop_after(self, call: dict[str, str], _value: str) -> None:
        self.crm.create(call)
        self.close_connection = True

    def _cut(self, call: dict[str, str], _value: str) -> None:
        self.crm.create(call)
        self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"error": fal')
        self.close_connection = True

    def _json(self, content: dict[str, Any]) -> None:
        self._send(200, json.dumps(content).encode())

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Log nothing."""
