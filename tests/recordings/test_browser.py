"""A real browser loads a link into `<audio>`, plays the recording and seeks in it."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

import boto3
import pytest

from chalicelib.recordings import links
from infra.local import environment, tapes
from tests.databases import run
from tests.programs import missing
from tests.recordings.conftest import link_secret

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PAGE = Path(__file__).with_name("page.html").read_bytes()
SECONDS = 60
PATH = "2026/Отдел/браузер 1+1.wav"
OPTIONS = (
    "--headless=new",
    # Chromium refuses root with a sandbox, and containers have no other user.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--no-proxy-server",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
)


@contextmanager
def _page() -> Iterator[tuple[str, queue.Queue[dict[str, Any]]]]:
    """Serve the page, and collect what it reports."""
    reports: queue.Queue[dict[str, Any]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(PAGE)

        def do_POST(self) -> None:
            reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._send(b"")

        def _send(self, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", reports
    server.shutdown()
    server.server_close()


@pytest.fixture
def link(stack: dict[str, Any]) -> Iterator[str]:
    """Yield a link to a recording of half a minute."""
    environment.prepare_clients()
    secret = link_secret(stack)
    s3 = boto3.client("s3", endpoint_url=stack["aws_endpoint_url"])
    s3.put_object(Bucket=stack["bucket"], Key=f"recordings/{PATH}", Body=tapes.sound(30))
    inserted = run(
        stack["database_url"],
        "INSERT INTO calls.success (inviteid, isrec, callrecpath, duration) VALUES (gen_random_uuid(), true, %s, 30)"
        " RETURNING inviteid::text",
        [PATH],
    )
    inviteid = str(inserted[0][0])
    yield links.recording_url(stack["url"], ((1, secret),), UUID(inviteid))
    run(stack["database_url"], "DELETE FROM calls.success WHERE inviteid = %s", [inviteid])


@pytest.mark.verify
def test_a_link_plays_and_seeks_in_a_browser(link: str, tmp_path: Path) -> None:
    """It knows the length before it has the whole file, plays it, and jumps to the twentieth second."""
    if CHROMIUM is None:
        missing("needs Chromium (Debian's package chromium)")
    with _page() as (url, reports):
        command = [CHROMIUM, *OPTIONS, f"--user-data-dir={tmp_path}", f"{url}#{quote(link, safe='')}"]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            answer = reports.get(timeout=SECONDS)
        finally:
            browser.terminate()
            browser.wait(SECONDS)
    assert answer == {"duration": 30, "played": True, "at": 20}
    assert urlsplit(link).query.startswith("key=")
