"""The live figures: what counts as worse than a week ago, and when the page asks for them."""

from __future__ import annotations

import time

import pytest

from tests.console.browser import PageBrowser

pytestmark = pytest.mark.verify


def test_figures_that_look_the_same_are_not_worse(browser: PageBrowser) -> None:
    """Today against last week is coloured when the shown figures differ, and only for the worse."""
    # The answer of the service is changed on its way: no data makes such figures at will.
    script = """
        const ask = window.fetch;
        window.fetch = async (...request) => {
            const answer = await ask(...request);
            if (!String(request[1]?.body).includes('"summary"') || answer.status !== 200) return answer;
            const content = await answer.json();
            Object.assign(content.data.today, {service_level: 92.6, average_wait: 35.4, missed: 7, ...window.today});
            Object.assign(content.data.last_week, {service_level: 93.4, average_wait: 34.6, missed: 7});
            return new Response(JSON.stringify(content), {headers: {"Content-Type": "application/json"}});
        };
    """
    command = "Page.addScriptToEvaluateOnNewDocument"
    added = browser.driver.execute_cdp_cmd(command, {"source": script})
    try:
        browser.sign_in("now")
        browser.wait("dl.tiles .tile.level strong", "93")
        assert browser.all("dl.tiles .worse") == []
        browser.driver.execute_script("window.today = {service_level: 91, average_wait: 40, missed: 8}")
        browser.wait("dl.tiles .tile.level strong", "91")
        assert len(browser.all("dl.tiles .worse")) == 3
        browser.driver.execute_script("window.today = {service_level: 97, average_wait: 10, missed: 2}")
        browser.wait("dl.tiles .tile.level strong", "97")
        assert browser.all("dl.tiles .worse") == []
    finally:
        browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


def test_a_hidden_tab_asks_nothing(browser: PageBrowser) -> None:
    """Live figures are asked for every five seconds, and not while the tab is hidden."""
    browser.sign_in("now")
    browser.wait("dl.tiles strong")
    hide = (
        "Object.defineProperty(document, 'hidden', {value: arguments[0], configurable: true});"
        "performance.clearResourceTimings(); document.dispatchEvent(new Event('visibilitychange'))"
    )
    asked = "return performance.getEntriesByType('resource').filter(e => e.name.includes('/statistics')).length"
    browser.driver.execute_script(hide, True)
    time.sleep(6)
    assert browser.driver.execute_script(asked) == 0
    browser.driver.execute_script(hide, False)
    browser.wait_script(asked.removeprefix("return "))
