"""Menus that open over the page, and the saved report that one of them makes."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest
from selenium.webdriver.common.keys import Keys

from tests.console.browser import PageBrowser

pytestmark = pytest.mark.verify

VIEW = f"sql?query={quote('select count(*) as calls from calls.success')}"


def test_a_menu_closes_by_escape_and_elsewhere(browser: PageBrowser) -> None:
    """Escape closes an open menu and returns to its button; a press elsewhere closes it, one within does not."""
    browser.sign_in(VIEW)
    browser.wait("main table tbody tr")
    browser.wait("details.menu summary", "History").click()
    browser.wait("details.menu[open]")
    browser.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    browser.wait_gone("details.menu[open]")
    assert "History" in browser.driver.switch_to.active_element.text
    browser.wait("details.menu summary", "Save").click()
    browser.wait("input[name=title]").send_keys("Not saved")
    assert len(browser.all("details.menu[open]")) == 1
    browser.wait("main h1").click()
    browser.wait_gone("details.menu[open]")


def test_an_address_changes_the_query_of_the_open_page(browser: PageBrowser) -> None:
    """A link to another query runs it, though the editor is open already."""
    browser.sign_in(VIEW)
    browser.wait("main table thead th", "calls")
    browser.go(f"sql?query={quote('select 7 as seven')}")
    browser.wait("main table thead th", "seven")
    browser.wait_script(
        "document.querySelector('[data-test=editor]').shadowRoot.textContent.includes('select 7 as seven')"
    )


def test_a_saved_report_is_removed(browser: PageBrowser) -> None:
    """A saved report says who saved it; a second press removes it, and the list no longer has it."""
    title = f"Counted {time.time_ns()}"
    browser.sign_in(VIEW)
    browser.wait("main table tbody tr")
    browser.wait("details.menu summary", "Save").click()
    browser.wait("input[name=title]").send_keys(title, Keys.ENTER)
    browser.wait("details.menu [role=status] a").click()
    browser.wait("[data-test=saved]", "Saved by demo-console")
    browser.wait("[data-test=saved] button").click()
    browser.wait("[data-test=saved] button", "Press again").click()
    browser.wait("[data-report='heat-map'] table")
    assert not any(title in each.text for each in browser.all("[data-report] h2"))
