"""Every view by the rules of axe-core, light and dark, on a desk and on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.console.browser import DESK, PHONE, PageBrowser

pytestmark = pytest.mark.verify

RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
SERIOUS = {"serious", "critical"}


def _views(browser: PageBrowser) -> dict[str, str]:
    call = str(browser.stack["recording"]).partition("/calls/")[2].partition("/")[0]
    return {
        "now": "dl.tiles strong",
        "reports": "[data-report='heat-map'] table.heat",
        "reports/service-level": "section.card table",
        "calls?days=90": "table.calls tbody tr",
        f"calls/{call}": ".timeline .lane",
        "sql?query=select count(*) from calls.success": "main table",
        "operations": "[data-test=overview]",
        "operations/webhooks": "main table tbody tr",
        "operations/events": "main table tbody tr",
        "operations/quarantine": "main h1",
        "operations/extensions": "main table tbody tr",
        "operations/jobs": "form.filters",
        "nosuch": "main h1",
    }


def _violations(browser: PageBrowser, axe: Path) -> list[tuple[str, str]]:
    browser.driver.execute_script(axe.read_text("utf-8"))
    found: list[dict[str, Any]] = browser.driver.execute_async_script(
        f"const done = arguments[0]; axe.run(document, {RULES}).then(found => done(found.violations))"
    )
    return [(each["id"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] in SERIOUS]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_no_view_has_a_serious_violation(
    browser: PageBrowser, packages: Path, size: tuple[int, int], *, dark: bool
) -> None:
    """Names, roles, order, contrast and the size of targets are those that WCAG 2.2 AA asks for."""
    axe = packages / "axe-core" / "axe.min.js"
    browser.renew(size=size, dark=dark)
    browser.driver.get(browser.url)
    browser.wait("input[name=token]")
    found = {"sign-in": _violations(browser, axe)}
    browser.sign_in()
    for view, selector in _views(browser).items():
        browser.go(view)
        browser.wait(selector)
        browser.wait_gone(".skeleton")
        found[view] = _violations(browser, axe)
    assert {view: violations for view, violations in found.items() if violations} == {}
