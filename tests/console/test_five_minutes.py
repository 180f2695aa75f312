"""The first five minutes of a stranger: a real browser that only follows the words on the page."""

from __future__ import annotations

import csv

import pytest
from selenium.webdriver.common.by import By

from tests.console.browser import PageBrowser

pytestmark = pytest.mark.verify

#: Keeps the text of the file that the page gives to the browser to save.
WATCH = """
window.saved = "";
const kept = URL.createObjectURL;
URL.createObjectURL = blob => {
    blob.text().then(text => { window.saved = text });
    return kept.call(URL, blob);
};
"""


def _press(browser: PageBrowser, text: str, within: str = "body") -> None:
    """Press the first link or button that reads `text`."""
    browser.wait(f"{within} :is(a, button)", text).click()


def test_a_stranger_finds_the_way(browser: PageBrowser) -> None:
    """Today's figures, a call's sound, why a call is missed, the list to call back, and a replay: by words alone."""
    browser.driver.get(f"{browser.url}#token={browser.stack['console_token']}")
    browser.wait("dl.tiles", "Answered today")
    assert browser.wait("dl.tiles strong").text.replace(",", "").isdigit()
    _hear_a_call(browser)
    _see_why_a_call_is_missed(browser)
    _export_the_missed_ones(browser)
    _replay_a_webhook(browser)
    assert browser.errors() == []


def _hear_a_call(browser: PageBrowser) -> None:
    _press(browser, "Calls", "nav")
    _press(browser, "90 days")
    _press(browser, "Listen", "table.calls")
    browser.wait_script("document.querySelector('audio')?.currentTime > 0")


def _see_why_a_call_is_missed(browser: PageBrowser) -> None:
    _press(browser, "Calls", "nav")
    _press(browser, "90 days")
    browser.wait("select[name=outcome]").find_element(By.XPATH, "option[.='Missed']").click()
    browser.wait_script(
        "[...document.querySelectorAll('table.calls tbody .state')].every(e => e.textContent.includes('Missed'))"
    )
    browser.wait("table.calls tbody tr td a").click()
    browser.wait("section h2", "Why it counts like this")
    browser.wait(".why li", "Missed: no device answered")


def _export_the_missed_ones(browser: PageBrowser) -> None:
    _press(browser, "Reports", "nav")
    browser.wait("[data-report] h2", "Missed and not called back")
    browser.driver.execute_script(WATCH)
    _press(browser, "CSV", "[data-report='not-called-back']")
    rows = list(csv.reader(str(browser.wait_script("window.saved")).splitlines()))
    assert "number" in rows[0]
    assert len(rows) > 1


def _replay_a_webhook(browser: PageBrowser) -> None:
    _press(browser, "Operations", "nav")
    _press(browser, "Raw events", "nav.side")
    browser.wait("main table tbody tr td a").click()
    _press(browser, "Replay")
    _press(browser, "Press again to confirm")
    browser.wait("[role=status]", "Done")
