"""The page's first load: its size, and the time until the first figures are on the screen of a new browser."""

from __future__ import annotations

import re
import shutil
import statistics
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.console.static_files import INDEX, STATIC
from infra.bench.report import Figure, milliseconds
from infra.bench.testbed import Testbed

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

ROUNDS = 7
PATIENCE_SECONDS = 30
#: The most that the first load may have, compressed by gzip.
MOST_BYTES = 60_000
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server")
_LINKED = re.compile(r'(?:href|src)="([^"/]+\.(?:js|css))"')


def first_load() -> int:
    """Return the bytes, compressed by gzip, of the page's document and of the files that it names."""
    index = STATIC / INDEX
    names = _LINKED.findall(index.read_text("utf-8"))
    return index.stat().st_size + sum(_sent(name) for name in names)


def _sent(name: str) -> int:
    """Return the bytes that a browser gets: small files have no compressed form."""
    packed = STATIC / f"{name}.gz"
    return (packed if packed.exists() else STATIC / name).stat().st_size


def lines(place: Testbed) -> Iterator[Figure]:
    """Measure the size of the first load, and the time to the first figures in Chromium without a cache."""
    size = first_load()
    yield Figure("first load, gzip", f"{size / 1_000:.1f} kB", "60 kB", size / MOST_BYTES, at_most=1)
    chromium, service = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if chromium is None or service is None:
        yield Figure("first figures on the screen", "no Chromium")
        return
    driver = _started(chromium, service)
    try:
        seconds = [_first_figures(driver, place) for _ in range(ROUNDS)]
    finally:
        driver.quit()
    yield Figure("first figures on the screen, median", milliseconds(statistics.median(seconds)))
    yield Figure("first figures on the screen, slowest", milliseconds(max(seconds)))


def _started(chromium: str, service: str) -> Chrome:
    from selenium import webdriver  # noqa: PLC0415 - only this part needs a browser

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in OPTIONS:
        options.add_argument(option)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(service))


def _first_figures(driver: Chrome, place: Testbed) -> float:
    """Return the seconds from opening the address that signs in to the first figure, with nothing in the cache."""
    driver.get("about:blank")
    driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    began = time.perf_counter()
    driver.get(f"{place.facts['url']}/console/#token={place.facts['console_token']}")
    shown = "return document.querySelector('dl.tiles strong') !== null"
    while not driver.execute_script(shown):
        if time.perf_counter() - began > PATIENCE_SECONDS:
            raise TimeoutError("the page shows no figures")
        time.sleep(0.005)
    return time.perf_counter() - began
