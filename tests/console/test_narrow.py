"""The page on a small phone."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from selenium.webdriver.common.keys import Keys

from tests.console.browser import SMALL_PHONE, PageBrowser

pytestmark = pytest.mark.verify


def _views(browser: PageBrowser) -> dict[str, str]:
    call = str(browser.stack["recording"]).partition("/calls/")[2].partition("/")[0]
    return {
        "now": "dl.tiles strong",
        "reports": "[data-report='heat-map'] table.heat",
        "calls?days=90": "table.calls tbody tr",
        "reports/not-called-back": "section.card table",
        "reports/service-level": "section.card table",
        f"calls/{call}": ".timeline .lane",
        f"sql?query={quote('select * from calls.success limit 5')}": "main table tbody tr",
        "nosuch": "main h1",
    }


@pytest.mark.parametrize("language", ["en", "ru"])
def test_nothing_is_wider_than_a_small_phone(browser: PageBrowser, language: str) -> None:
    """No view has to be moved sideways at 360 pixels, with its menus open or closed."""
    browser.renew(language=language, size=SMALL_PHONE)
    browser.driver.get(browser.url)
    browser.wait("input[name=token]")
    assert browser.width() <= SMALL_PHONE[0], "sign-in"
    browser.sign_in()
    for view, selector in _views(browser).items():
        browser.go(view)
        browser.wait(selector)
        browser.wait_gone(".skeleton")
        browser.driver.execute_script("document.querySelectorAll('details').forEach(each => { each.open = true })")
        assert browser.width() <= SMALL_PHONE[0], view


def test_wide_answers_are_moved_within_their_box(browser: PageBrowser) -> None:
    """A table that is wider than the phone is moved by itself, also with the keyboard."""
    browser.renew(size=SMALL_PHONE)
    browser.sign_in(f"sql?query={quote('select * from calls.success limit 5')}")
    box = browser.wait("main .scroll:has(tbody tr)")
    box.send_keys(Keys.ARROW_RIGHT)
    assert browser.driver.execute_script("return arguments[0].scrollWidth > arguments[0].clientWidth", box)
    browser.wait_script("document.querySelector('main .scroll:has(tbody tr)').scrollLeft > 0")
