"""The surface of operators: webhooks and their calls, quarantine, lists, and jobs."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_DNS, uuid5

import pytest

from chalicelib.authentication import tokens
from chalicelib.envelope import reading
from chalicelib.ledger import store
from chalicelib.registry import extensions
from chalicelib.registry.extensions import ExtensionDescription
from tests.databases import refusal
from tests.ingest.telephony import BEGIN, CALLER, Ledger, answered, message, missed
from tests.operations.conftest import Ask

PATIENCE_SECONDS = 20
READING = (
    "overview",
    "webhooks",
    "events",
    "quarantine",
    "set-aside",
    "replication",
    "replication/calls",
    "recordings",
    "extensions",
    "tokens",
    "users",
    "contacts",
    "contacts/1/calls",
    "faxes",
    "archive",
    "phonecalls",
    "orders",
    "jobs",
)
NOW = datetime.now(UTC).replace(tzinfo=None)


def period(**more: str) -> str:
    """Return the parameters of the day of the tests."""
    since, until = BEGIN - timedelta(hours=1), BEGIN + timedelta(days=1)
    values = {"since": since.isoformat(), "until": until.isoformat(), **more}
    return "?" + "&".join(f"{name}={value}" for name, value in values.items())


def ended(ask: Ask, order: dict[str, Any]) -> dict[str, Any]:
    """Order a job, wait until it has ended, and return it."""
    status, job = ask("POST", "jobs", json.dumps(order))
    assert (status, job["state"], job["created_by"]) == (202, "waiting", "operator")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while job["state"] in {"waiting", "running"}:
        assert time.monotonic() < deadline, job
        time.sleep(0.1)
        job = ask("GET", f"jobs/{job['id']}")[1]
    return dict(job)


@pytest.mark.parametrize("address", READING)
def test_everything_is_readable_with_the_scope_alone(ask: Ask, ledger: Ledger, address: str) -> None:
    """A token without the scope, and no token, get nothing."""
    other = tokens.create(ledger.settings.owner_database_url, "analyst", ["statistics"])

    assert ask("GET", address)[0] == 200
    assert ask("GET", address, token=other)[0] == 403
    assert ask("GET", address, token="")[0] == 401
    assert ask("GET", address, token="0" * 32)[0] == 401


def test_a_webhook_is_found_by_its_number_and_leads_to_its_call(ask: Ask, ledger: Ledger) -> None:
    """The page names each webhook; one of them has its text, its call, the reasons and the rows."""
    ledger.take([*answered("C1", 0), *missed("C2", 600)])

    status, page = ask("GET", f"events{period(number=CALLER.lstrip('+'), call='C1')}")
    assert status == 200
    assert {each["call_id"] for each in page["events"]} == {"C1"}

    line = page["events"][0]
    status, one = ask("GET", f"events/{line['accepted_at']}/{line['id']}")
    assert (status, one["event"]) == (200, line)
    assert "C1" in one["query"] + (one["body"] or "")
    (record,) = one["call"]["records"]
    assert record["facts"]["reasons"]
    assert set(record["rows"]) >= {"calls.success"}


def test_a_long_list_comes_in_pages(ask: Ask, ledger: Ledger) -> None:
    """Each webhook is on one page, the newest first."""
    ledger.take([hook for number in range(4) for hook in answered(f"C{number}", number * 60)])
    seen: list[tuple[str, str]] = []
    following: str | None = ""
    while following is not None:
        page = ask("GET", f"events{period(limit='5', before=following)}")[1]
        seen += [(each["accepted_at"], each["id"]) for each in page["events"]]
        following = page["next"]

    assert len(seen) == len(set(seen)) == len(ledger.column("SELECT id FROM ledger.events"))
    assert seen == sorted(seen, reverse=True)


def take(ledger: Ledger, **queries: str) -> None:
    """Store webhooks of the extension 106 that are accepted now: their ids, and their queries."""
    texts = [
        message(ledger.ids["106"], identity=str(uuid5(NAMESPACE_DNS, name)), accepted=NOW, query=query)
        for name, query in queries.items()
    ]
    store.take(ledger.writer, list(map(reading.read, texts)))


def test_days_count_webhooks_and_quarantine(ask: Ask, ledger: Ledger) -> None:
    """The counts belong to the days of the site and to the extension whose address was used."""
    take(ledger, good="EventType=hangup&CallID=now", bad="nothing")

    today = ask("GET", "webhooks?days=1")[1]["days"]

    assert [(each["extension"], each["accepted"], each["quarantined"]) for each in today] == [(ledger.ids["106"], 1, 1)]
    assert today[0]["dead"] == 0


def test_a_quarantined_message_is_shown_and_tried_again(ask: Ask, ledger: Ledger) -> None:
    """The text and the reason are shown; a job tries it, and says why it still fails."""
    take(ledger, bad="nothing")
    (line,) = ask("GET", "quarantine")[1]["messages"]

    status, shown = ask("GET", f"quarantine/{line['id']}")
    assert (status, shown["message"]) == (200, line)
    assert "There is no EventType" in line["reason"]
    job = ended(ask, {"kind": "retry-quarantine", "ids": [line["id"]]})
    assert (job["state"], job["result"]["stored"]) == ("done", 0)
    assert "There is no EventType" in job["result"]["refused"][line["id"]]


def test_a_replay_is_ordered_and_watched(ask: Ask, ledger: Ledger) -> None:
    """The job repairs a row that was damaged by hand, and counts its steps."""
    ledger.take(answered("C1", 0))
    ledger.column("UPDATE calls.success SET duration = 999 RETURNING 1")
    before = (BEGIN - timedelta(hours=1)).isoformat()
    after = (BEGIN + timedelta(hours=2)).isoformat()

    job = ended(ask, {"kind": "replay", "since": before, "until": after})

    assert (job["state"], job["done"], job["total"], job["failure"]) == ("done", 3, 3, "")
    assert job["result"]["calls"] == 1
    assert ledger.column("SELECT duration = 999 FROM calls.success") == [False]
    assert ask("GET", "jobs")[1]["jobs"][0]["id"] == job["id"]


def test_tokens_and_extensions_are_listed_without_secrets_of_theirs(ask: Ask, ledger: Ledger) -> None:
    """A token's value and an extension's address are in no list."""
    shown = ask("GET", "tokens")[1]["tokens"]
    assert [(each["name"], each["scopes"]) for each in shown] == [("operator", ["operations"])]
    assert set(shown[0]) == {"name", "scopes", "scripts", "networks", "created_at", "last_used_at", "revoked_at"}
    listed = ask("GET", "extensions")[1]["extensions"]
    assert listed
    assert not any("ext-event" in str(each) for each in listed)
    assert refusal(ledger.settings.operator_database_url, "SELECT digest FROM ledger.tokens") == "42501"


def test_an_address_is_asked_for_one_at_a_time(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    """The answer has the address of this extension, and the log says which token asked for it."""
    name = ask("GET", "extensions")[1]["extensions"][0]["name"]

    status, answer = ask("GET", f"extensions/{quote(name, safe='')}/address")

    assert (status, answer["name"]) == (200, name)
    assert answer["url"].startswith("https://calls.example/")
    (line,) = [vars(each) for each in caplog.records if hasattr(each, "address_of")]
    assert (line["address_of"], line["integration"]) == (name, "operator")
    assert answer["url"].rpartition("/")[2] not in str(line)


def test_a_name_that_two_extensions_have_needs_their_account(ask: Ask, ledger: Ledger) -> None:
    """The answer says how to choose one of them; a revoked extension has no address."""
    url = ledger.settings.owner_database_url
    for client in ("one", "two", "three"):
        extensions.add(url, ExtensionDescription("telphin", client, "twin"))
    ledger.column("UPDATE ledger.extensions SET revoked_at = now() WHERE client = 'three' RETURNING 1")

    status, answer = ask("GET", "extensions/twin/address")
    assert (status, "provider=telphin&client=one" in answer["message"]) == (409, True)
    assert ask("GET", "extensions/twin/address?client=two")[0] == 200
    assert ask("GET", "extensions/twin/address?client=three")[0] == 404


def test_events_are_searched_by_text_and_by_the_state_of_their_call(ask: Ask, ledger: Ledger) -> None:
    """A text is taken to the letter; each state lists its own webhooks."""
    ledger.take([*answered("C1", 0), *missed("C2", 600)])
    ledger.column("UPDATE ledger.calls SET fault = 'broken' WHERE id = 'C2' RETURNING 1")

    assert {each["call_id"] for each in ask("GET", f"events{period(text='CallID=C2')}")[1]["events"]} == {"C2"}
    assert ask("GET", f"events{period(text='callid=c2')}")[1]["events"] == []
    states = {state: ask("GET", f"events{period(state=state)}")[1]["events"] for state in ("set-aside", "no-call")}
    assert {(each["call_id"], each["state"]) for each in states["set-aside"]} == {("C2", "set-aside")}
    assert states["no-call"] == []


def test_orders_that_were_not_taken_are_listed(ask: Ask, ledger: Ledger) -> None:
    """An expired order counts as not taken, needs attention, and is not among those that were carried out."""
    ledger.column(
        "INSERT INTO ledger.call_orders (id, command, integration, user_id, expires_at)"
        " VALUES (gen_random_uuid(), 'autocall', 'crm', gen_random_uuid(), now() - interval '1 minute') RETURNING 1"
    )

    (order,) = ask("GET", "orders")[1]["orders"]
    assert (order["command"], order["integration"], order["outcome"]) == ("autocall", "crm", "withdrawn")
    assert ask("GET", "orders?outcome=done")[1]["orders"] == []
    overview = ask("GET", "overview")[1]
    assert not overview["healthy"]
    assert ("orders that no agent took", 1) in [(each["name"], each["figure"]) for each in overview["attention"]]


#: Method, address and body -> status and words of the message.
WRONG: dict[tuple[str, str, str], tuple[int, str]] = {
    ("GET", "webhooks?days=0", ""): (400, "days"),
    ("GET", "webhooks?days=x", ""): (400, "days"),
    ("GET", "webhooks?weeks=1", ""): (400, "weeks"),
    ("GET", "events?number=1%20or%201", ""): (400, "number"),
    ("GET", "events?before=yesterday", ""): (400, "before"),
    ("GET", "events?since=2020-01-01&until=2026-01-01", ""): (400, "92 days apart"),
    ("GET", "events/yesterday/00000000-0000-0000-0000-000000000000", ""): (400, "ISO 8601"),
    ("GET", "events/2026-11-20T09:00:00/1", ""): (400, "not a UUID"),
    ("GET", "events/2026-11-20T09:00:00/00000000-0000-0000-0000-000000000000", ""): (404, "No webhook"),
    ("GET", "quarantine/none", ""): (404, "quarantine"),
    ("GET", "quarantine?state=lost", ""): (400, "waiting, all"),
    ("GET", "events?state=lost", ""): (400, "state"),
    ("GET", "orders?outcome=lost", ""): (400, "outcome"),
    ("GET", "extensions/none/address", ""): (404, "No live extension"),
    ("GET", "contacts/anna/calls", ""): (400, "not a number"),
    ("GET", "dead-letters", ""): (500, ""),
    ("GET", "replication/calls?state=lost", ""): (400, "there are rejected"),
    ("GET", "recordings?state=lost", ""): (400, "pending, ready"),
    ("GET", "jobs/1", ""): (400, "not a UUID"),
    ("GET", "jobs/00000000-0000-0000-0000-000000000000", ""): (404, "no job"),
    ("POST", "jobs", ""): (400, "JSON"),
    ("POST", "jobs", "[]"): (400, "kind is one of"),
    ("POST", "jobs", '{"kind": "drop-everything"}'): (400, "kind is one of replay"),
    ("POST", "jobs", '{"kind": "replay"}'): (400, "since"),
    ("POST", "jobs", '{"kind": "replay", "since": "2026-11-21", "until": "2026-11-20"}'): (400, "after since"),
    ("POST", "jobs", '{"kind": "redrive", "queue": "other"}'): (400, "queue"),
    ("POST", "jobs", json.dumps({"kind": "retry-quarantine", "ids": ["x"] * 1_001})): (400, "ids"),
    ("POST", "jobs", "x" * 70_000): (413, "at most 65536"),
}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong[1]} {wrong[2][:40]}")
def test_a_wrong_request_is_answered_with_what_is_wrong(ask: Ask, wrong: tuple[str, str, str]) -> None:
    """The status says whose fault it is, and the message names the parameter."""
    status, words = WRONG[wrong]
    given, content = ask(*wrong)
    assert (given, words in content["message"]) == (status, True), content


def test_a_job_that_fails_says_why(ask: Ask) -> None:
    """A redrive without a queue ends with the reason."""
    job = ended(ask, {"kind": "redrive"})
    assert (job["state"], "EVENTS_QUEUE_URL is not set" in job["failure"]) == ("failed", True)
