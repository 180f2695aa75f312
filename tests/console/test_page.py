"""The page in a browser: sign-in, every view, filters, the player, and what happens when something fails."""

from __future__ import annotations

import csv
import json
import time
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from chalicelib.authentication import tokens
from tests.console.browser import PageBrowser

pytestmark = pytest.mark.verify

#: The name of each view and what it shows on the demonstration.
VIEWS = {
    "now": ("dl.tiles strong", ""),
    "reports": ("[data-report='heat-map'] table.heat td span", "1"),
    "calls": ("table.calls tbody tr", ""),
    "sql": ("[data-test='run']", "Run"),
    "operations": ("[data-test='overview'] dd", ""),
}


def _one(browser: PageBrowser, query: str) -> str:
    body = {"entity": "chronological", "action": "data", "options": {"psql": query, "format": "columns"}}
    headers = {"Authorization": f"Bearer {browser.stack['tokens']['statistics']}"}
    request = Request(f"{browser.stack['url']}/statistics", json.dumps(body).encode(), headers)
    with urlopen(request) as answer:
        return str(json.load(answer)["data"]["rows"][0][0])


def _recorded_call(browser: PageBrowser) -> str:
    return str(browser.stack["recording"]).partition("/calls/")[2].partition("/")[0]


def test_a_browser_at_the_root_finds_the_page(browser: PageBrowser) -> None:
    """The address of the service leads to the sign-in, and the page keeps its own policy."""
    browser.driver.get(browser.stack["url"])
    browser.wait("h1", "Ringledger")
    assert browser.driver.current_url == browser.url
    assert browser.errors() == []


def test_signing_in_with_a_pasted_token(browser: PageBrowser) -> None:
    """An unknown token is refused with a clear message; a valid one opens the page and stays in this tab only."""
    browser.driver.get(browser.url)
    field = browser.wait("input[name=token]")
    field.send_keys("w" * 43, Keys.ENTER)
    browser.wait("[role=alert]", "unknown or was revoked")
    field.clear()
    field.send_keys(browser.stack["console_token"], Keys.ENTER)
    browser.wait("nav a[aria-current=page]", "Now")
    stored = browser.driver.execute_script(
        "return [sessionStorage.length, JSON.stringify(localStorage), document.cookie]"
    )
    assert stored[0] == 2, "the token, and its name and scopes"
    assert browser.stack["console_token"] not in stored[1]
    assert stored[2] == ""


def test_a_token_in_the_address_is_erased(browser: PageBrowser) -> None:
    """`#token=` signs in, and neither the address nor the history keeps it."""
    browser.sign_in()
    assert "token" not in browser.driver.current_url
    browser.driver.back()
    assert browser.stack["console_token"] not in browser.driver.current_url


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_its_figures(browser: PageBrowser, view: str) -> None:
    """Each view loads its figures, in both languages, and the browser has nothing to complain about."""
    for language, tab in (("en", VIEWS), ("ru", VIEWS)):
        browser.renew(language=language)
        browser.sign_in(view)
        browser.wait(*tab[view]) if language == "en" else browser.wait(tab[view][0])
        assert browser.driver.execute_script("return document.documentElement.lang") == language
        browser.wait_gone(".skeleton")
        assert browser.errors() == []
        assert browser.all("main [role=alert]") == []


def test_filters_live_in_the_address(browser: PageBrowser) -> None:
    """A chosen filter changes the address, and the address brings the filter back."""
    browser.sign_in("calls?days=90")
    browser.wait("table.calls tbody tr")
    browser.wait("select[name=outcome]").find_element(By.CSS_SELECTOR, "option[value=missed]").click()
    browser.wait_script("location.hash.includes('outcome=missed')")
    browser.wait_script(
        "[...document.querySelectorAll('table.calls tbody .state')].every(e => e.classList.contains('missed'))"
    )
    number = browser.all("table.calls tbody tr .party")[0].text
    browser.go(f"calls?days=90&number={number[-7:]}")
    browser.wait_script(
        f"[...document.querySelectorAll('table.calls tbody tr')].every(e => e.textContent.includes('{number[-7:]}'))"
    )
    assert browser.wait("input[name=number]").get_property("value") == number[-7:]


def test_the_list_goes_on_without_gaps(browser: PageBrowser) -> None:
    """More calls follow the last one shown, each once and in order."""
    browser.sign_in("calls?days=90")
    browser.wait("table.calls tbody tr")
    browser.wait("button.wide-button", "Show more").click()
    browser.wait_script("document.querySelectorAll('table.calls tbody tr').length === 100")
    shown = [link.get_dom_attribute("href") for link in browser.all("table.calls tbody tr td:first-child a")]
    assert len(set(shown)) == 100


def test_a_call_as_a_timeline(browser: PageBrowser) -> None:
    """A transferred call shows each talk, the devices that rang, and why it counts as answered."""
    call = _one(browser, "select inviteid from calls.success where isreplacing limit 1")
    browser.sign_in(f"calls/{call}")
    browser.wait(".timeline .lane.leg .span-talking")
    assert len(browser.all(".timeline .lane.leg")) >= 2
    assert browser.all(".timeline .lane.fork")
    browser.wait(".why li", "transferred")


def test_why_a_call_counts_as_missed(browser: PageBrowser) -> None:
    """A missed call says how long it rang, where, and how it ended."""
    call = _one(browser, "select inviteid from calls.cancelled where fromouter and stop_dt > dial_dt limit 1")
    browser.sign_in(f"calls/{call}")
    browser.wait(".call-head .state.missed")
    browser.wait(".why li", "no device answered")
    browser.wait(".why li", "ended with code")


def test_the_player_plays_and_seeks(browser: PageBrowser) -> None:
    """A recording plays from its storage, skips ten seconds, and changes its speed."""
    browser.sign_in(f"calls/{_recorded_call(browser)}")
    browser.wait("[data-test=listen]").click()
    browser.wait_script("document.querySelector('audio')?.currentTime > 0")
    browser.wait("button[aria-label='Pause']").click()
    before = browser.driver.execute_script(
        "const a = document.querySelector('audio'); a.currentTime = 2; return a.currentTime"
    )
    browser.wait("[data-test=on]").click()
    browser.wait_script(f"document.querySelector('audio').currentTime > {before} + 9")
    browser.wait(".speed option[value='1.5']").click()
    browser.wait_script("document.querySelector('audio').playbackRate === 1.5")
    assert browser.errors() == []


def test_a_recording_that_the_token_may_not_hear(browser: PageBrowser) -> None:
    """A token of the statistics channel alone is told the scope that it lacks, without a press."""
    browser.sign_in(f"calls/{_recorded_call(browser)}", browser.stack["tokens"]["statistics"])
    browser.wait(".recording .note", "scope recordings")
    assert browser.all("[data-test=listen]") == []


def test_a_query_with_an_error_and_without(browser: PageBrowser) -> None:
    """An error is marked at its place in the editor; a right query gets its table, a chart and CSV."""
    browser.sign_in("sql?query=select%20nosuch%20from%20calls.success")
    browser.wait(".sql-error", "nosuch")
    editor = "document.querySelector('[data-test=editor]').shadowRoot"
    browser.wait_script(f"{editor}.querySelector('.cm-lintRange-error')?.textContent === 'nosuch'")
    browser.go("now")
    query = "select date_trunc('day', invitedt) as day, count(*) from calls.success group by 1 order by 1"
    browser.go(f"sql?query={quote(query)}")
    browser.wait("main table tbody tr")
    browser.wait("button[aria-pressed]", "Chart").click()
    browser.wait(".plot canvas")
    assert [message for message in browser.errors() if "Security Policy" in message] == []


def test_a_report_has_its_table_its_csv_and_its_sql(browser: PageBrowser) -> None:
    """The figures of a report are the same as a table, as a file, and as the answer of its query."""
    browser.sign_in("reports/service-level?days=30")
    browser.wait("section.card table tbody tr")
    shown = len(browser.all("section.card table tbody tr"))
    script = (
        "const done = arguments[0], kept = URL.createObjectURL;"
        "URL.createObjectURL = blob => { blob.text().then(done); return kept.call(URL, blob) };"
        "document.querySelector('[data-test=csv]').click()"
    )
    rows = list(csv.reader(str(browser.driver.execute_async_script(script)).splitlines()))
    assert len(rows) == shown + 1
    assert "day" in rows[0]
    browser.wait("details summary", "SQL").click()
    browser.wait("details a.button").click()
    browser.wait_script("location.hash.startsWith('#/sql')")
    browser.wait("main table tbody tr")
    assert len(browser.all("main table tbody tr")) == shown


def test_a_raw_event_as_it_was_received(browser: PageBrowser) -> None:
    """The search leads to one webhook with its body, and to the call that it belongs to."""
    browser.sign_in("operations/events?number=")
    browser.wait("main table tbody tr td a").click()
    browser.wait("[data-test=body]")
    browser.wait("main h2", "Its call")


def test_a_period_is_replayed(browser: PageBrowser) -> None:
    """A job is ordered by a second press of its button, and its progress is shown until it is done."""
    browser.sign_in("operations/jobs")
    browser.wait("form.filters button", "Rebuild").click()
    browser.wait("form.filters button.primary", "Press again").click()
    browser.wait("[role=status]", "Done")
    browser.wait("main table tbody tr td", "Replay")


def test_a_revoked_token(browser: PageBrowser) -> None:
    """A reader whose token ends is led to the sign-in, which says why."""
    database_url = browser.stack["database_url"]
    token = tokens.create(database_url, f"console-{time.time_ns()}", ["statistics"])
    name = next(
        each.name for each in tokens.listing(database_url) if each.name.startswith("console-") and not each.revoked_at
    )
    browser.sign_in("calls", token)
    browser.wait("table.calls tbody tr")
    tokens.revoke(database_url, name)
    time.sleep(1.2)
    browser.go("calls?outcome=missed")
    browser.wait(".sign-in [role=alert]", "no longer valid")


def test_a_channel_that_is_away(browser: PageBrowser) -> None:
    """A banner says so, what was shown stays, and the page goes on by itself once the channel answers."""
    browser.sign_in("calls")
    browser.wait("table.calls tbody tr")
    browser.block("*/statistics*")
    browser.go("calls?outcome=missed")
    browser.wait(".banner[role=alert]", "does not answer")
    assert browser.all("table.calls tbody tr")
    browser.unblock()
    browser.wait_gone(".banner")
    assert browser.hash() == "#/calls?outcome=missed"


def test_the_keyboard_alone(browser: PageBrowser) -> None:
    """The first step of the keyboard skips to the content, and every control shows where it is."""
    browser.sign_in("calls")
    browser.wait("table.calls tbody tr")
    browser.wait("body").send_keys(Keys.TAB)
    skip = browser.driver.switch_to.active_element
    assert skip.text == "Skip to the content"
    skip.send_keys(Keys.ENTER)
    assert browser.driver.switch_to.active_element.get_dom_attribute("id") == "main"
