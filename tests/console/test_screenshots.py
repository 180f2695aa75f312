"""The pictures in `docs/screenshots`, which `make screenshots` takes anew; otherwise they only have to exist."""

from __future__ import annotations

import os
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from selenium import webdriver

from tests.conftest import Launch
from tests.console.browser import DESK, PHONE, PageBrowser

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"

QUERY = """select aprovidercode as line, count(*) as calls, round(avg(duration)) as seconds
from calls.success
where aouter
group by aprovidercode
order by calls desc"""

#: File -> view, what it waits for, language, size, and whether it is dark.
PICTURES: dict[str, tuple[str, str, str, tuple[int, int], bool]] = {
    "now.png": ("now", "[data-test=live] li", "en", DESK, False),
    "reports.png": ("reports", "table.heat", "en", DESK, False),
    "reports-dark-ru.png": ("reports", "table.heat", "ru", DESK, True),
    "calls.png": ("calls?days=90", "table.calls tbody tr", "en", DESK, False),
    "calls-phone.png": ("calls?days=90", "table.calls tbody tr", "en", PHONE, False),
    "call.png": ("calls/{call}", ".timeline .lane", "en", DESK, False),
    "sql.png": (f"sql?query={quote(QUERY)}", "main table", "en", DESK, False),
    "operations.png": ("operations", "[data-test=overview]", "en", DESK, False),
    "operations-quarantine-dark-ru.png": ("operations/quarantine", "main table tbody tr", "ru", DESK, True),
}


#: So many live calls make a picture of a working day, and come within so many seconds.
LIVE_CALLS = 5
LIVE_SECONDS = 240


@pytest.fixture(scope="module")
def living(driver: webdriver.Chrome, launch: Launch, tmp_path_factory: pytest.TempPathFactory) -> PageBrowser:
    """Return the browser at a bundle with a month of calls and some that are going on."""
    data = tmp_path_factory.mktemp("pictures") / "data"
    browser = PageBrowser(driver, launch(data, DEMO="1", DEMO_CALLS="6000", DEMO_LIVE="1").facts)
    browser.renew()
    browser.sign_in("now")
    deadline = time.monotonic() + LIVE_SECONDS
    while len(browser.all("[data-test=live] li")) < LIVE_CALLS:
        assert time.monotonic() < deadline
        time.sleep(1)
    return browser


@pytest.mark.verify
@pytest.mark.skipif(not os.environ.get("SCREENSHOTS"), reason="SCREENSHOTS=1 takes them anew")
@pytest.mark.parametrize("name", PICTURES)
def test_take_a_screenshot(living: PageBrowser, name: str) -> None:
    """A view is photographed once its figures are there."""
    browser, (view, selector, language, size, dark) = living, PICTURES[name]
    browser.renew(language=language, size=size, dark=dark)
    call = str(browser.stack["recording"]).partition("/calls/")[2].partition("/")[0]
    browser.sign_in(view.format(call=call))
    browser.wait(selector)
    browser.wait_gone(".skeleton")
    FOLDER.mkdir(exist_ok=True)
    assert browser.driver.save_screenshot(str(FOLDER / name))


@pytest.mark.parametrize("name", PICTURES)
def test_a_screenshot_exists(name: str) -> None:
    """Each picture is a file that pages of the docs can show."""
    assert (FOLDER / name).is_file()
