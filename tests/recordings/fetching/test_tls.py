"""Files over TLS, from a server with an authority of its own."""

from __future__ import annotations

import io
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.platform import downloads, tls
from chalicelib.platform.downloads import DownloadFailed, DownloadRefused, Rules, _Pinned, _Target
from infra.local.gateway import bound
from tests.recordings.fetching.provider import SOUND, Quiet, moods

RULES = Rules((), 10**6, 5, loopback=True)


@pytest.fixture
def server(authority: Path) -> Iterator[tuple[int, Any]]:
    """The port of the provider over TLS, and its handler."""
    handler = moods()
    serving = Quiet(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.with_name("server.pem"))
    serving.socket = context.wrap_socket(serving.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
    yield serving.server_port, handler
    serving.shutdown()
    serving.server_close()


def test_a_file_comes_over_tls(server: tuple[int, Any]) -> None:
    """From a host whose certificate an authority vouches for; it hears its own name and a token for it."""
    into = io.BytesIO()
    url = f"https://localhost:{server[0]}/files/good-1"
    assert downloads.fetch(url, into, RULES, {"Authorization": "Bearer t"}) == len(SOUND)
    assert into.getvalue() == SOUND
    assert server[1].tokens == ["Bearer t"]


def test_another_name_is_refused(server: tuple[int, Any]) -> None:
    """A certificate counts for its own name; an address that leads there is not enough, and nothing is sent."""
    with pytest.raises(DownloadFailed, match="SSLCertVerificationError"):
        downloads.fetch(f"https://127.0.0.1:{server[0]}/files/good-1", io.BytesIO(), RULES, {"Authorization": "t"})
    assert server[1].tokens == []


def test_a_host_that_nobody_vouches_for_is_refused(
    server: tuple[int, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever sits between has no certificate of an authority that we know."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    tls.context.cache_clear()
    with pytest.raises(DownloadFailed, match="SSLCertVerificationError"):
        downloads.fetch(f"https://localhost:{server[0]}/files/good-1", io.BytesIO(), RULES, {})


def test_tls_does_not_turn_into_plain_http(server: tuple[int, Any]) -> None:
    """A redirect from https is checked as any: elsewhere than on the machine itself it must be https again."""
    server[1].elsewhere = "http://8.8.8.8/a.mp3"
    rules = RULES._replace(hosts=("8.8.8.8",))
    with pytest.raises(DownloadRefused, match="https on port 443 only"):
        downloads.fetch(f"https://localhost:{server[0]}/files/away-1", io.BytesIO(), rules, {})


@pytest.mark.usefixtures("authority")
def test_a_peer_that_never_shakes_hands_is_left() -> None:
    """The time of a file counts from its first byte on the line."""
    began = time.monotonic()
    with bound("127.0.0.1", 0) as listener:
        url = f"https://localhost:{listener.getsockname()[1]}/a"
        with pytest.raises(DownloadFailed, match="longer than"):
            downloads.fetch(url, io.BytesIO(), RULES._replace(seconds=0.2), {})
    assert time.monotonic() - began < downloads.READ_SECONDS


@pytest.mark.parametrize(
    ("secure", "port", "host"),
    [(True, 443, "a.example"), (True, 8443, "a.example:8443"), (False, 80, "a.example"), (False, 443, "a.example:443")],
)
def test_a_host_hears_its_name_as_it_was_signed(secure: bool, port: int, host: str) -> None:
    """Storages sign the header Host, without a port that goes without saying."""
    connection = _Pinned(_Target(secure, "a.example", port, "/", ()))
    connection.putrequest("GET", "/")
    assert f"Host: {host}".encode() in connection._buffer  # type: ignore[attr-defined]
