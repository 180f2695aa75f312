"""A real browser loads a link into `<audio>`, plays the recording and seeks in it."""

from __future__ import annotations

import json
import queue
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from infra.local import tapes
from infra.local.serving import QuietHandler
from tests.loopback import served
from tests.programs import CHROMIUM, HEADLESS, missing
from tests.recordings.conftest import Desk

SAMPLES = Path(__file__).with_name("samples")
FOR_BROWSERS = (
    "adts.aac", "alaw.wav", "bare.mp3", "fragmented.m4a", "frames.flac", "index-first.m4a", "index-last.m4a",
    "indexed.webm", "live.webm", "opus.opus", "pcm.wav", "rf64.wav", "streamed.wav", "vorbis.ogg", "xing.mp3",
)  # fmt: skip
SECONDS = 60
PATH = "2026/Отдел/браузер 1+1.wav"


@contextmanager
def _page(content: bytes) -> Iterator[tuple[str, queue.Queue[Any]]]:
    """Serve the page, and collect what it reports."""
    reports: queue.Queue[Any] = queue.Queue()

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.send(200, content, "text/html; charset=utf-8")

        def do_POST(self) -> None:
            reports.put(json.loads(self.body()))
            self.send(200, b"")

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield f"{url}/", reports


def _report(page: str, fragment: str, profile: Path) -> Any:
    """Open a page of this folder in a browser, and return what it reports."""
    if CHROMIUM is None:
        missing("needs Chromium (Debian's package chromium)")
    with _page(Path(__file__).with_name(page).read_bytes()) as (url, reports):
        command = [CHROMIUM, *HEADLESS, f"--user-data-dir={profile}", f"{url}#{quote(fragment, safe='')}"]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return reports.get(timeout=SECONDS)
        finally:
            browser.terminate()
            browser.wait(SECONDS)


@pytest.mark.verify
def test_a_link_plays_and_seeks_in_a_browser(desk: Desk, tmp_path: Path) -> None:
    """It knows the length before it has the whole file, plays it, and jumps to the twentieth second."""
    inviteid = desk.call(tapes.sound(30), callrecpath=PATH, duration=30)
    link = desk.url(inviteid, desk.key(inviteid))

    assert _report("page.html", link, tmp_path) == {"duration": 30, "played": True, "at": 20}


@pytest.mark.verify
def test_a_browser_plays_every_format_for_browsers(desk: Desk, tmp_path: Path) -> None:
    """The README lists these formats; the others are for download."""
    links = {}
    for name in FOR_BROWSERS:
        inviteid = desk.call((SAMPLES / name).read_bytes(), callrecpath=f"browser/{name}")
        links[name] = desk.url(inviteid, desk.key(inviteid))

    assert _report("formats.html", json.dumps(links), tmp_path) == dict.fromkeys(FOR_BROWSERS, "plays")
