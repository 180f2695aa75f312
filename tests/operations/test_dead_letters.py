"""Dead letters over HTTP: they are listed with their reasons, counted by day, shown, and sent back one by one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.platform import queues, runtime
from tests.ingest.telephony import Ledger, answered, message
from tests.operations.conftest import Ask
from tests.operations.test_surface import NOW, ended

IDENTITY = "00000000-0000-0000-0000-00000000dead"


@pytest.fixture
def queue(
    request: pytest.FixtureRequest, ledger: Ledger, stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> str:
    """Return the address of an event queue with two dead letters: of today, and one that cannot be read."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack["aws_endpoint_url"])
    runtime.renew()
    # A queue of its own: SQS purges a queue once a minute at the most.
    own = request.node.name[:70].strip("_")
    dead, live = (queues.client().create_queue(QueueName=f"{own}-{name}")["QueueUrl"] for name in ("dead", "live"))
    policy = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:123456789012:{own}-dead", "maxReceiveCount": "5"}
    queues.client().set_queue_attributes(QueueUrl=live, Attributes={"RedrivePolicy": json.dumps(policy)})
    (readable,) = [message(ledger.ids["106"], identity=IDENTITY, accepted=NOW, query=_query(ledger))]
    queues.send_all(dead, [readable, "not an envelope"])
    monkeypatch.setenv("EVENTS_QUEUE_URL", live)
    runtime.renew()
    return str(live)


def _query(ledger: Ledger) -> str:
    return str(json.loads(ledger.texts(answered("D1", 0)[:1])[0])["query"])


@pytest.mark.usefixtures("ask", "queue")
def test_each_dead_letter_has_its_reason_and_its_content(ask: Ask, ledger: Ledger) -> None:
    """A letter that can be read says so; the other one says why not. Looking at them leaves them where they are."""
    for _ in range(2):
        status, listed = ask("GET", "dead-letters")
        assert (status, listed["count"], len(listed["dead_letters"])) == (200, 2, 2)
    by_event = {each["event"]: each for each in listed["dead_letters"]}
    assert "it can be read" in by_event[IDENTITY]["reason"]
    assert by_event[IDENTITY]["extension"] == ledger.ids["106"]
    assert by_event[""]["reason"]
    shown = ask("GET", f"dead-letters/{by_event[IDENTITY]['id']}")[1]
    assert (shown["query"], shown["dead_letter"]["event"]) == (_query(ledger), IDENTITY)
    assert ask("GET", f"dead-letters/{by_event['']['id']}")[1]["text"] == "not an envelope"
    assert ask("GET", "dead-letters/none")[0] == 404


@pytest.mark.usefixtures("ask", "queue")
def test_days_count_dead_letters(ask: Ask, ledger: Ledger) -> None:
    """A dead letter counts on the day of its webhook, for its extension, even if nothing else came that day."""
    days = ask("GET", "webhooks?days=1")[1]
    assert days["dead_letters"] == 2
    assert (ledger.ids["106"], 0, 1) in [(each["extension"], each["accepted"], each["dead"]) for each in days["days"]]


def test_one_dead_letter_is_sent_back(ask: Ask, queue: str) -> None:
    """The others stay; an order for a period takes those that were accepted in it."""
    letters = {each["event"]: each["id"] for each in ask("GET", "dead-letters")[1]["dead_letters"]}

    job = ended(ask, {"kind": "redrive", "ids": [letters[IDENTITY]]})

    assert (job["state"], job["result"]) == ("done", {"sent_back": 1})
    assert queues.count(queue) == 1
    (left,) = ask("GET", "dead-letters")[1]["dead_letters"]
    assert left["id"] == letters[""]
    assert ended(ask, {"kind": "redrive", "until": "2026-01-01T00:00:00Z"})["result"] == {"sent_back": 0}
    assert ended(ask, {"kind": "redrive", "since": "2026-01-01T00:00:00Z"})["result"] == {"sent_back": 1}
