"""The replication part of Operations, on calls that a CRM took, refused, and had corrected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.admin.commands import run
from chalicelib.platform import runtime
from tests.console.browser import SMALL_PHONE, PageBrowser
from tests.databases import run as sql
from tests.replication.crm import TOKEN, Crm, running

pytestmark = pytest.mark.verify

DAY = date.today() - timedelta(days=2)  # noqa: DTZ011 - any day of the demonstration
TABLES = ("replication", "replication_runs", "replication_cursors", "replication_corrections")


@pytest.fixture
def replicated(browser: PageBrowser, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """Return the number of calls in each state, after a run with refusals, a corrected day and a refused correction."""
    url = browser.stack["database_url"]
    # Another test may have sent the stack's calls to its own CRM.
    _empty(url)
    crm = Crm(behave=lambda call, _: "reject" if call["destination"].endswith(("3", "7")) else "ok", unique=True)
    with running(crm):
        environment = {
            "DATABASE_URL": url,
            "CRM_URL": crm.url,
            "CRM_NAME": "crm",
            "CRM_TOKEN": TOKEN,
            "CRM_OURS_ALONE": "1",
            "REPLICATION_SETTLED_SECONDS": "1",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        runtime.renew()
        since = datetime.now(UTC) - timedelta(days=60)
        assert _ordered("run", "--since", since.isoformat()) == 0
        assert _ordered("correct", str(DAY), "--yes") == 0
        crm.deletion = "status 503"
        assert _ordered("correct", str(DAY - timedelta(days=1)), "--yes") == 1
        yield {str(state): int(str(count)) for state, count in sql(url, _STATES)}
    _empty(url)
    runtime.renew()


def _empty(url: str) -> None:
    for table in TABLES:
        sql(url, f"DELETE FROM ledger.{table} RETURNING 1")


_STATES = "SELECT state, count(*) FROM ledger.replication GROUP BY state"


def _ordered(*words: str) -> int:
    return run(["replication", *words], lambda: "").exit


def test_every_state_of_a_call_has_its_reason(browser: PageBrowser, replicated: dict[str, int]) -> None:
    """The figures of the CRM are those of the ledger, refused calls have the CRM's words, and one is offered again."""
    browser.sign_in("operations/replication")
    browser.wait(".figures .figure", "Refused")
    shown = {each.text.split("\n")[0]: each.text.split("\n")[1] for each in browser.all(".figures .figure")}
    assert shown["Refused"] == str(replicated["rejected"])
    assert shown["Delivered"] == str(replicated["delivered"])
    row = browser.wait("[data-test=replicated] tbody tr")
    assert "no se consiguió el número de destino" in row.text
    assert "{" not in row.text
    row.find_element("css selector", "button").click()
    row.find_element("css selector", "button.primary").click()
    browser.wait(".figures .figure dd", str(replicated["rejected"] - 1))
    browser.go("operations/replication?state=delivered")
    browser.wait_script(
        f"document.querySelectorAll('[data-test=replicated] tbody tr').length === {min(100, replicated['delivered'])}"
    )
    browser.go(f"operations/replication?state=delivered&until={DAY - timedelta(days=30)}")
    browser.wait("[data-test=replicated] .empty")
    assert browser.errors() == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_corrected_days_are_listed(browser: PageBrowser, replicated: dict[str, int], language: str) -> None:
    """A day that the CRM deleted counts as corrected, another one has the CRM's refusal; a phone shows both."""
    assert replicated
    words = {"en": ("Corrected", "Refused"), "ru": ("Исправлен", "Отказано")}[language]
    browser.renew(language=language, size=SMALL_PHONE)
    browser.sign_in("operations/replication")
    browser.wait("[data-test=corrections] tbody tr", words[0])
    assert "503" in browser.wait("[data-test=corrections] tbody tr", words[1]).text
    assert browser.width() <= SMALL_PHONE[0]
    assert browser.errors() == []
