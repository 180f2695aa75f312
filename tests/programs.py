"""Programs of the machine that some tests need: without them a test skips on a desk and fails in CI."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: Chromium without a window, which sends nothing of its own.
HEADLESS = (
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


def missing(reason: str) -> NoReturn:
    """Skip the test for `reason`, or fail it where the environment says CI=true."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must run this test: {reason}")
    pytest.skip(reason)
