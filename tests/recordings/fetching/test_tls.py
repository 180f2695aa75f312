"""Downloads over TLS, from a server with its own certificate authority."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.platform import downloads, runtime
from chalicelib.platform.downloads import DownloadFailed, DownloadRefused, Rules
from chalicelib.platform.http_connections import SecureTimedConnection, TimedConnection
from infra.local.gateway import bound
from tests.loopback import served, speak_tls
from tests.recordings.fetching.provider import SOUND, Quiet, moods

RULES = Rules((), 10**6, 5, loopback=True)


@pytest.fixture
def server(authority: Path) -> Iterator[tuple[int, Any]]:
    """Yield the port of the provider over TLS, and its handler."""
    handler = moods()
    serving = Quiet(("127.0.0.1", 0), handler)
    speak_tls(serving, authority.with_name("server.pem"))
    with served(serving):
        yield serving.server_port, handler


def test_a_file_is_downloaded_over_tls(server: tuple[int, Any]) -> None:
    """The host's certificate is valid, and the host gets its token."""
    into = io.BytesIO()
    url = f"https://localhost:{server[0]}/files/good-1"
    assert downloads.fetch(url, into, RULES, {"Authorization": "Bearer t"}) == len(SOUND)
    assert into.getvalue() == SOUND
    assert server[1].tokens == ["Bearer t"]


def test_a_certificate_for_another_name_is_refused(server: tuple[int, Any]) -> None:
    """The connection ends before the token is sent."""
    with pytest.raises(DownloadFailed, match="SSLCertVerificationError"):
        downloads.fetch(f"https://127.0.0.1:{server[0]}/files/good-1", io.BytesIO(), RULES, {"Authorization": "t"})
    assert server[1].tokens == []


def test_a_certificate_of_an_unknown_authority_is_refused(
    server: tuple[int, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An attacker in the middle has no certificate of a known authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    runtime.renew()
    with pytest.raises(DownloadFailed, match="SSLCertVerificationError"):
        downloads.fetch(f"https://localhost:{server[0]}/files/good-1", io.BytesIO(), RULES, {})


def test_a_redirect_from_https_to_http_is_refused(server: tuple[int, Any]) -> None:
    """Only the machine itself may be asked without TLS."""
    server[1].elsewhere = "http://8.8.8.8/a.mp3"
    rules = RULES._replace(hosts=("8.8.8.8",))
    with pytest.raises(DownloadRefused, match="https on port 443 only"):
        downloads.fetch(f"https://localhost:{server[0]}/files/away-1", io.BytesIO(), rules, {})


@pytest.mark.usefixtures("authority")
def test_a_peer_that_never_finishes_the_handshake_times_out() -> None:
    """The handshake counts towards the time of the download."""
    began = time.monotonic()
    with bound("127.0.0.1", 0) as listener:
        url = f"https://localhost:{listener.getsockname()[1]}/a"
        with pytest.raises(DownloadFailed, match="longer than"):
            downloads.fetch(url, io.BytesIO(), RULES._replace(seconds=0.2), {})
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("secure", "port", "host"),
    [(True, 443, "a.example"), (True, 8443, "a.example:8443"), (False, 80, "a.example"), (False, 443, "a.example:443")],
)
def test_the_host_header_has_no_default_port(secure: bool, port: int, host: str) -> None:
    """Presigned addresses cover the Host header without it."""
    connection = (SecureTimedConnection if secure else TimedConnection)("a.example", port)
    connection.putrequest("GET", "/")
    assert f"Host: {host}".encode() in connection._buffer  # type: ignore[attr-defined]
