"""A browser at the page of a running bundle."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver

from tests.console.browser import PageBrowser
from tests.programs import CHROMIUM, HEADLESS, missing

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "infra" / "console"
NPM_SECONDS = 300


@pytest.fixture(scope="session")
def packages() -> Path:
    """Return the folder of npm's packages, which are those of the lock file."""
    folder = SOURCES / "node_modules"
    if (folder / ".package-lock.json").exists():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        missing("needs Node.js with npm")
    subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=SOURCES, check=True, timeout=NPM_SECONDS)
    return folder


@pytest.fixture(scope="session")
def driver() -> Iterator[webdriver.Chrome]:
    """Return a browser without a window."""
    service = shutil.which("chromedriver")
    if CHROMIUM is None or service is None:
        missing("needs Chromium (Debian's packages chromium and chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in (*HEADLESS, "--hide-scrollbars", "--lang=en"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(service, env={**os.environ, "TZ": "UTC"})
    )
    yield started
    started.quit()


@pytest.fixture
def browser(driver: webdriver.Chrome, stack: dict[str, Any]) -> Iterator[PageBrowser]:
    """Return the browser at an unused page, in English, light, as wide as a desk's screen."""
    made = PageBrowser(driver, stack)
    made.renew()
    yield made
    made.unblock()
