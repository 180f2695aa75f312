"""The view of operators in a browser: each part, messages that were not stored, and addresses of extensions."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from tests.console.browser import SMALL_PHONE, PageBrowser

pytestmark = pytest.mark.verify

PARTS = (
    "overview", "jobs", "webhooks", "events", "quarantine", "dead-letters", "set-aside", "replication", "recordings",
    "orders", "extensions", "tokens", "users", "contacts", "phonecalls", "faxes", "archive",
)  # fmt: skip


def _queue(browser: PageBrowser, name: str) -> Any:
    session = boto3.Session("local", "local", region_name="us-east-1")
    sqs = session.resource("sqs", endpoint_url=browser.stack["aws_endpoint_url"])
    return sqs.Queue(browser.stack["queues"][name])


@pytest.mark.parametrize("language", ["en", "ru"])
def test_each_part_has_its_list(browser: PageBrowser, language: str) -> None:
    """Every part loads, fits a phone, has its name in the language, and the browser has nothing to complain about."""
    browser.renew(language=language, size=SMALL_PHONE)
    browser.sign_in("operations")
    browser.wait("[data-test=overview]")
    titles = set()
    for part in PARTS:
        browser.go(f"operations/{part}")
        browser.wait(f".side a[aria-current][href$='{part}']")
        browser.wait_gone(".skeleton")
        titles.add(browser.wait(".side a[aria-current]").get_property("textContent"))
        assert browser.all("main [role=alert]") == [], part
        assert browser.width() <= SMALL_PHONE[0], part
    assert len(titles) == len(PARTS)
    assert not any("." in str(title) for title in titles)
    assert browser.errors() == []


def test_a_dead_letter_is_read_and_sent_back(browser: PageBrowser) -> None:
    """The row says why the message is there, its page what it says, and a second press sends this one back."""
    _queue(browser, "call-events-dead").send_message(MessageBody="a dead letter of the page")
    browser.sign_in("operations")
    browser.wait(".needed", "Dead letters").find_element("css selector", "a.button").click()
    browser.wait("[data-test=dead-letters] tbody td.long")
    browser.wait("[data-test=dead-letters] tbody tr td a").click()
    browser.wait("main pre", "a dead letter of the page")
    browser.wait("main .note button", "Send back").click()
    browser.wait("main .note button.primary").click()
    browser.wait("main .note", "sent back: 1")
    browser.go("operations/dead-letters")
    browser.wait(".empty", "No dead letters")


def test_a_quarantined_webhook_says_why_it_cannot_be_read(browser: PageBrowser) -> None:
    """Its page has the reason and the body; another attempt that fails gives the reason again."""
    browser.sign_in("operations/quarantine")
    browser.wait("[data-test=quarantine] td.long", "There is no EventType")
    browser.wait("[data-test=quarantine] tbody tr td a").click()
    browser.wait("main .note button", "Try again").click()
    browser.wait("main .note button.primary").click()
    browser.wait("main .note [role=status]", "Done")
    assert browser.wait("[data-test=body]").text


def test_the_address_of_an_extension_is_shown_on_request(browser: PageBrowser) -> None:
    """The list has no addresses; a button shows the one that was asked for, and another one hides it."""
    browser.sign_in("operations/extensions")
    row = browser.wait("[data-test=extensions] tbody tr", "13596*106")
    keys = json.dumps(browser.stack["webhook_keys"])
    assert not any(word.rpartition("/")[2] in keys for word in row.text.split() if "http" in word)
    row.find_element("css selector", "button").click()
    assert browser.wait("[data-test=address]").text.rpartition("/")[2] in keys
    browser.wait(".address button", "Hide").click()
    browser.wait_gone("[data-test=address]")


def test_webhooks_are_counted_by_day_and_by_extension(browser: PageBrowser) -> None:
    """The counts of both groupings have the same sum, and a count leads to its raw events."""
    browser.sign_in("operations/webhooks")

    def total() -> int:
        cells = browser.all("[data-test=webhooks] tbody td:has(.share)")
        return sum(int(cell.text.replace(",", "")) for cell in cells)

    browser.wait("[data-test=webhooks] tbody tr")
    by_day = total()
    browser.wait("button", "By extension").click()
    browser.wait("[data-test=webhooks] thead th", "Extension")
    assert total() >= by_day > 0
    browser.wait("[data-test=webhooks] tbody tr td a").click()
    browser.wait_script("location.hash.includes('extension=') && location.hash.includes('since=')")
    browser.wait("main table tbody tr")


def test_a_contact_leads_to_its_phone_calls(browser: PageBrowser) -> None:
    """The list of contacts leads to the calls of one, or says that it has none; going back finds the list."""
    browser.sign_in("operations/contacts")
    browser.wait("[data-test=contacts] tbody tr td a").click()
    browser.wait_script("location.hash.startsWith('#/operations/contacts/')")
    browser.wait(".part .empty, .part table")
    browser.wait(".part a.back").click()
    browser.wait("[data-test=contacts] tbody tr")


def test_the_versions_of_the_stage(browser: PageBrowser) -> None:
    """The overview names the newest migration and the versions, as the command `status` does."""
    browser.sign_in("operations")
    shown = browser.wait(".versions").text
    assert all(name in shown for name in ("Ringledger", "Migration", "PostgreSQL 1", "Python 3"))
