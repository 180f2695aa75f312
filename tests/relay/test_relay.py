"""The relay of infra/relay: a real nginx between clients without TLS and the bundle behind TLS."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest

from tests import authorities
from tests.loopback import served, speak_tls
from tests.programs import missing

CONFIG = Path(__file__).parents[2] / "infra/relay/ringledger-relay.conf"
MAIN = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/1;
    uwsgi_temp_path {folder}/2;
    scgi_temp_path {folder}/3;
    include {folder}/relay.conf;
}}
"""


class Front(ThreadingHTTPServer):
    """The gateway's TLS in front of the bundle."""

    daemon_threads = True
    bundle = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        inside = HTTPConnection(self.server.bundle, timeout=60)
        inside.request(self.command, _decoded(self.path), body, dict(self.headers))
        answer = inside.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "transfer-encoding", "content-length", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        inside.close()

    do_GET = do_POST = _pass

    def log_message(self, *_: object) -> None:
        """Write no log."""


def _decoded(path: str) -> str:
    """Return an address as API Gateway passes it on: bytes that are not UTF-8 are lost."""
    place, _, query = path.partition("?")
    return f"{place}?{quote(unquote(query, errors='replace'), safe='&=+%')}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an authority, and a server certificate of localhost."""
    folder = tmp_path_factory.mktemp("certificates")
    authorities.establish(folder)
    return folder


@pytest.fixture(scope="module")
def front(stack: dict[str, Any], certificates: Path) -> Iterator[int]:
    """Run the bundle behind TLS, and return the port."""
    server = Front(("127.0.0.1", 0), _Handler)
    server.bundle = urlsplit(stack["url"]).netloc
    speak_tls(server, certificates / "server.pem")
    with served(server):
        yield server.server_port


def _started(folder: Path, front: int, authority: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start nginx with the project's file, changed as its page says, and return its port."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if nginx is None:
        missing("nginx is not installed")
    folder.chmod(0o755)
    port = _free_port()
    text = CONFIG.read_text("utf-8").replace("default calls.example;", f"default 127.0.0.1:{front};")
    text = text.replace("listen 4055;", f"listen 127.0.0.1:{port};").replace("listen 80;", "")
    text = text.replace("/etc/ssl/certs/ca-certificates.crt", str(authority))
    # An address has no name that the certificate could have.
    text = text.replace("proxy_ssl_server_name on;", "proxy_ssl_server_name on; proxy_ssl_name localhost;")
    (folder / "relay.conf").write_text(text)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    program = subprocess.Popen([nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    until = time.monotonic() + 20
    while time.monotonic() < until and program.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return program, port
        time.sleep(0.05)
    pytest.fail((folder / "error.log").read_text())


@pytest.fixture(scope="module")
def relay(front: int, certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run the relay, and return its port."""
    program, port = _started(tmp_path_factory.mktemp("relay"), front, certificates / "authority.pem")
    yield port
    program.terminate()
    program.wait(20)


def _raw(port: int, request: str | bytes) -> tuple[str, bytes]:
    """Send a request as it is, and return the head and the body of the answer."""
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.sendall(request if isinstance(request, bytes) else request.encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode(), body


def test_a_client_of_http_1_0_is_answered(stack: dict[str, Any], relay: int) -> None:
    """It sends no Host header, and gets an answer that is neither chunked nor compressed."""
    path = f"/tst_getintnumberreadyusers?number=120&password={stack['tokens']['oktell']}"
    head, body = _raw(relay, f"GET {path} HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n")

    assert (head.split()[1], b'<group name="120"' in body) == ("200", True)
    assert re.search("chunked|gzip", head, re.IGNORECASE) is None


def test_an_address_in_windows_1251_arrives_unchanged(stack: dict[str, Any], relay: int) -> None:
    """API Gateway would lose its characters, so the relay sends the address in a header, too."""
    path = f"/wp_getabonentinfo?user=%C8%E2%E0%ED+%CF%E5%F2%F0%EE%E2&password={stack['tokens']['oktell']}"
    assert _raw(relay, f"GET {path} HTTP/1.0\r\n\r\n")[0].split()[1] == "200"


def test_a_recording_needs_no_tls(stack: dict[str, Any], relay: int) -> None:
    """The relay follows the redirects to the recording's link and to S3, and answers the file."""
    place = urlsplit(stack["recording"])
    head, body = _raw(relay, f"GET {place.path}?{place.query} HTTP/1.0\r\nAuthorization: Bearer x\r\n\r\n")
    assert (head.split()[1], body[:4]) == ("200", b"RIFF")


def test_a_script_of_nimbox_creates_a_call(stack: dict[str, Any], relay: int) -> None:
    """Its form arrives with its fields."""
    form = f"token={stack['tokens']['nimbox']}&initiated=2026-11-20T10:00:00Z&source=1&destination=2&duration=1"
    head, body = _raw(
        relay,
        "POST /direct/items/phonecalls/create HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(form)}\r\n\r\n{form}",
    )
    assert (head.split()[1], body[:1]) == ("200", b"{")


def test_a_body_in_chunks_arrives(stack: dict[str, Any], relay: int) -> None:
    """API Gateway refuses bodies in chunks, so the relay collects them."""
    form = f"number=120&password={stack['tokens']['oktell']}"
    head, body = _raw(
        relay,
        "POST /tst_getintnumberreadyusers HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{len(form):x}\r\n{form}\r\n0\r\n\r\n",
    )
    assert (head.split()[1], b"<group" in body) == ("200", True)


@pytest.mark.verify
def test_an_api_with_another_certificate_gets_no_password(
    front: int, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The relay answers 502, since the certificate is not signed by an authority that it trusts."""
    other = authorities.establish(tmp_path)
    program, port = _started(tmp_path_factory.mktemp("distrusting"), front, other)
    try:
        assert _raw(port, "GET /health HTTP/1.0\r\n\r\n")[0].split()[1] == "502"
    finally:
        program.terminate()
        program.wait(20)
