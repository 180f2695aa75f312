"""The page for tokens of each scope: what the menu offers, where it opens, and what a barred address says."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest
from selenium.webdriver.common.keys import Keys

from chalicelib.authentication import tokens
from tests.console.browser import PageBrowser

pytestmark = pytest.mark.verify

#: Token of the demonstration -> the pages of the menu; the first one opens by itself. Oktell's has statistics, too.
MENUS = {
    "statistics": ["now", "reports", "calls", "sql"],
    "operations": ["operations"],
    "recordings": ["recordings"],
    "reports": ["sql"],
    "nimbox": [],
    "oktell": ["now", "reports", "calls", "sql"],
    "control": [],
}
ALL = ["now", "reports", "calls", "sql", "operations"]


def _menu(browser: PageBrowser) -> list[str]:
    return [str(link.get_dom_attribute("href")).removeprefix("#/") for link in browser.all("header.top nav a")]


def _open(browser: PageBrowser, token: str, view: str = "") -> None:
    browser.driver.get(f"{browser.url}#token={token}")
    browser.wait("main h1")
    if view:
        browser.go(view)


@pytest.mark.parametrize("scope", MENUS)
def test_a_token_of_one_scope_opens_what_it_may(browser: PageBrowser, scope: str) -> None:
    """The menu has the pages of the scope, the first of them is shown, and nothing was refused on the way."""
    _open(browser, browser.stack["tokens"][scope])
    assert _menu(browser) == MENUS[scope]
    if MENUS[scope]:
        assert browser.wait("nav a[aria-current=page]").get_dom_attribute("href") == f"#/{MENUS[scope][0]}"
        browser.wait_gone(".skeleton")
        assert browser.all("[data-test=barred], main [role=alert]") == []
    else:
        browser.wait("[data-test=barred] button", "Use another token").click()
        browser.wait("input[name=token]")
    assert browser.errors() == []


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("scope", ["statistics", "operations", "recordings", "reports"])
def test_a_barred_address_says_what_is_missing(browser: PageBrowser, scope: str, language: str) -> None:
    """Each page that the token may not read names the missing scope, asks for nothing, and leads to one that works."""
    browser.renew(language=language)
    _open(browser, browser.stack["tokens"][scope])
    for page in [each for each in ALL if each not in MENUS[scope]]:
        browser.go(page)
        if page == "calls" and scope == "recordings":
            browser.wait("[data-test=recordings] h1")
            continue
        needed = "operations" if page == "operations" else "statistics"
        browser.wait("[data-test=barred] .note", needed)
        links = browser.all("[data-test=barred] a.button")
        assert [link.get_dom_attribute("href") for link in links] == [f"#/{each}" for each in MENUS[scope]]
    assert browser.errors() == []


def test_the_token_is_pasted_at_a_barred_address(browser: PageBrowser) -> None:
    """Whoever signs in with a token for operators at the address of Calls is told so, and gets on with one press."""
    browser.driver.get(f"{browser.url}#/calls")
    browser.wait("input[name=token]").send_keys(browser.stack["tokens"]["operations"], Keys.ENTER)
    browser.wait("[data-test=barred]", "scope statistics")
    browser.wait("[data-test=barred] a.button", "Operations").click()
    browser.wait("[data-test=overview]")


def test_a_token_for_recordings_hears_a_call_by_its_link(browser: PageBrowser) -> None:
    """The link of a recording, pasted, leads to its player; a text that is no link is refused in words."""
    _open(browser, browser.stack["tokens"]["recordings"])
    field = browser.wait("input[name=call]")
    field.send_keys("tomorrow", Keys.ENTER)
    browser.wait("[role=alert]", "neither the link")
    field.clear()
    field.send_keys(browser.stack["recording"], Keys.ENTER)
    browser.wait_script("document.querySelector('audio')?.currentTime > 0")
    assert browser.errors() == []


def test_a_token_for_reports_saves_a_query_without_running_it(browser: PageBrowser) -> None:
    """The editor says that it only saves; a saved report is confirmed."""
    query = quote("select count(*) as calls from calls.success")
    _open(browser, browser.stack["tokens"]["reports"], f"sql?query={query}")
    browser.wait(".note", "lacks the scope statistics")
    browser.wait("[data-test=editor]")
    assert browser.all("[data-test=run]") == []
    browser.wait("details.menu summary", "Save").click()
    browser.wait("input[name=title]").send_keys(f"Saved {time.time_ns()}", Keys.ENTER)
    browser.wait("details.menu [role=status]", "Saved")


def test_statistics_alone_neither_hears_nor_saves(browser: PageBrowser) -> None:
    """The page offers no links to listen and no report to save, which the token may not do."""
    _open(browser, browser.stack["tokens"]["statistics"], "calls?days=90")
    browser.wait("table.calls tbody tr")
    assert browser.all("a.hear") == []
    browser.go(f"sql?query={quote('select 1 as one')}")
    browser.wait("main table tbody tr")
    assert browser.all("details.menu input[name=title]") == []


@pytest.mark.parametrize("view", ["operations/webhooks", "sql?query=select%201", "recordings"])
def test_a_token_that_ends_while_a_page_is_open(browser: PageBrowser, view: str) -> None:
    """The next request leads to the sign-in, which says why; a new token continues at the view."""
    database_url = browser.stack["database_url"]
    name = f"ending-{time.time_ns()}"
    scope = next((each for each in ("operations", "recordings") if view.startswith(each)), "statistics")
    token = tokens.create(database_url, name, [scope])
    _open(browser, token, view)
    browser.wait_gone(".skeleton")
    tokens.revoke(database_url, name)
    time.sleep(1.2)
    if view == "recordings":
        browser.go(f"recordings/{browser.stack['recording'].partition('/calls/')[2].partition('/')[0]}")
    elif view.startswith("operations"):
        browser.wait("button", "By extension")
        browser.go("operations/tokens")
    else:
        browser.wait("[data-test=run]").click()
    browser.wait(".sign-in [role=alert]", "no longer valid")
    browser.wait("input[name=token]").send_keys(browser.stack["console_token"], Keys.ENTER)
    browser.wait("nav a[aria-current=page]")
    assert browser.hash().startswith(f"#/{view.partition('?')[0].partition('/')[0]}")
