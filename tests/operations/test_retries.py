"""Jobs that try again what failed: recordings, and calls that a CRM refused."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.platform import queues, runtime
from tests.databases import run
from tests.ingest.telephony import Ledger
from tests.operations.conftest import Ask
from tests.operations.test_surface import ended


@pytest.fixture
def queue(request: pytest.FixtureRequest, stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of an empty queue of recordings, which the jobs send to. Tests ask for `ask` before it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack["aws_endpoint_url"])
    runtime.renew()
    url = str(queues.client().create_queue(QueueName=request.node.name[:70].strip("_"))["QueueUrl"])
    monkeypatch.setenv("RECORDINGS_QUEUE_URL", url)
    runtime.renew()
    return url


@pytest.fixture
def failed(ledger: Ledger) -> dict[str, str]:
    """Return the calls of two recordings that failed, and of one that is ready, by the names of the recordings."""
    calls = {name: str(uuid4()) for name in ("first", "second", "ready")}
    for name, call in calls.items():
        state = "ready" if name == "ready" else "failed"
        run(ledger.url, "INSERT INTO calls.success (inviteid, isrec) VALUES (%s, false)", [call])
        run(
            ledger.url,
            "INSERT INTO ledger.recordings (inviteid, provider, client, recording, state, reason, attempts)"
            " VALUES (%s, 'telphin', '13596', %s, %s, 'status 404', 10)",
            [call, name, state],
        )
    return calls


def _queued(url: str) -> set[str]:
    """Take the messages of the queue, and return the recordings that they name."""
    names: set[str] = set()
    while messages := queues.client().receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            names.add(json.loads(message["Body"])["recording"])
            queues.client().delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return names


def _states(ask: Ask) -> dict[str, str]:
    return {each["recording"]: each["state"] for each in ask("GET", "recordings")[1]["recordings"]}


def test_one_recording_is_fetched_again(ask: Ask, queue: str, failed: dict[str, str]) -> None:
    """The chosen one waits for the recorder, which gets a message; the other one stays failed."""
    job = ended(ask, {"kind": "retry-recordings", "ids": [failed["first"]]})

    assert (job["state"], job["result"]) == ("done", {"fetched_again": 1})
    assert _queued(queue) == {"first"}
    assert _states(ask) == {"first": "pending", "second": "failed", "ready": "ready"}


@pytest.mark.usefixtures("failed")
def test_all_failed_recordings_are_fetched_again(ask: Ask, queue: str) -> None:
    """Without ids every failed one waits again, and what is ready stays."""
    job = ended(ask, {"kind": "retry-recordings"})

    assert (job["state"], job["done"], job["result"]) == ("done", 2, {"fetched_again": 2})
    assert _queued(queue) == {"first", "second"}
    assert _states(ask) == {"first": "pending", "second": "pending", "ready": "ready"}
    assert ended(ask, {"kind": "retry-recordings"})["result"] == {"fetched_again": 0}


def test_a_recording_that_is_ready_is_left_alone(ask: Ask, queue: str, failed: dict[str, str]) -> None:
    """A call without a failed recording, and one that is not there, change nothing."""
    job = ended(ask, {"kind": "retry-recordings", "ids": [failed["ready"], str(uuid4())]})

    assert (job["state"], job["result"]) == ("done", {"fetched_again": 0})
    assert _queued(queue) == set()


@pytest.mark.usefixtures("failed")
def test_recordings_without_a_queue(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job says which setting is missing, and the recordings stay failed."""
    monkeypatch.delenv("RECORDINGS_QUEUE_URL", raising=False)
    runtime.renew()

    job = ended(ask, {"kind": "retry-recordings"})

    assert (job["state"], "RECORDINGS_QUEUE_URL is not set" in job["failure"]) == ("failed", True)
    assert _states(ask)["first"] == "failed"


@pytest.mark.parametrize("chosen", ["one", "all"])
def test_refused_calls_become_pending_again(ask: Ask, ledger: Ledger, chosen: str) -> None:
    """The calls of the named CRM wait for its next run; those of another one stay refused."""
    run(ledger.url, "DELETE FROM ledger.replication RETURNING 1")
    rows = [("crm", "1"), ("crm", "2"), ("other", "3")]
    ids = {
        destination: run(
            ledger.url,
            "INSERT INTO ledger.replication"
            " (target, origin, initiated, source, destination, duration, url, reference, state, reason)"
            " VALUES (%s, 'calls', '2026-11-20 09:00', '201', %s, 45, '', '', 'rejected', 'unknown') RETURNING id",
            [target, destination],
        )[0][0]
        for target, destination in rows
    }
    wanted = [ids["1"]] if chosen == "one" else []

    job = ended(ask, {"kind": "retry-replication", "target": "crm", "ids": wanted})

    expected = {"1"} if chosen == "one" else {"1", "2"}
    assert (job["state"], job["result"]) == ("done", {"pending": len(expected)})
    pending = ask("GET", "replication/calls?state=pending")[1]["calls"]
    assert {each["destination"] for each in pending} == expected
    refused = ask("GET", "replication/calls?state=rejected")[1]["calls"]
    assert {each["destination"] for each in refused} == {"1", "2", "3"} - expected
