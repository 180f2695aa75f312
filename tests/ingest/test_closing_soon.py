"""MTT may try the next number for 15 seconds; then the call is closed by a message that ingest sends to itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.envelope import reading
from chalicelib.ingest.surface import CLOSE_DUE, handle
from chalicelib.ledger import store
from chalicelib.platform import runtime
from tests.ingest.telephony import Ledger, message

GRACE = timedelta(seconds=15)
CONFERENCE = "BC5F236C 5AD211E9 81BA5CB9 01FED6FC"


@pytest.fixture
def lambda_settings(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give this process the settings of the ingest Lambda, without a queue to send to."""
    monkeypatch.setenv("WRITER_DATABASE_URL", ledger.settings.writer_database_url)
    monkeypatch.delenv("EVENTS_QUEUE_URL", raising=False)
    runtime.renew()
    yield
    runtime.renew()


def busy(ledger: Ledger, accepted: datetime) -> list[str]:
    """Two webhooks of a call whose only number is busy."""
    extension = ledger.register("mtt", "redirects")
    texts = []
    for number, event in enumerate(({"type": "o"}, {"type": "h", "cause": "17"})):
        moscow = accepted + timedelta(hours=3, seconds=number)
        body = {
            "data": f"event={event['type']}_79684881033_{moscow:%Y-%m-%d-%H-%M-%S}",
            "event": event,
            "h323_conf_id": CONFERENCE,
            "redirect_number": "79684881033",
        }
        identity = f"00000000-0000-4000-8000-00000000000{number}"
        texts.append(message(extension, identity=identity, accepted=accepted, provider="mtt", body=json.dumps(body)))
    return texts


def test_a_batch_says_until_when_its_calls_may_go_on(ledger: Ledger) -> None:
    """The time counts from the last acceptance; batches whose calls are over say nothing."""
    accepted = datetime(2026, 11, 20, 9)  # noqa: DTZ001 - UTC, as everywhere in the ledger
    due: list[datetime] = []
    store.take(ledger.writer, [reading.read(text) for text in busy(ledger, accepted)], close_later=due.append)

    assert due == [accepted + timedelta(seconds=1) + GRACE]
    assert ledger.column("SELECT open FROM ledger.calls") == [True]


@pytest.mark.usefixtures("lambda_settings")
def test_the_message_closes_what_is_due(ledger: Ledger) -> None:
    """A call whose time has passed gets its row; one that may still go on stays open."""
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    wake = {"messageId": "w", "body": CLOSE_DUE, "attributes": {"ApproximateReceiveCount": "1"}}
    store.take(ledger.writer, [reading.read(text) for text in busy(ledger, now)])
    assert handle({"Records": [wake]}) == {"batchItemFailures": []}
    assert ledger.column("SELECT count(*) FROM calls.cancelled") == [0]

    ledger.clear()
    store.take(ledger.writer, [reading.read(text) for text in busy(ledger, now - 2 * GRACE)])
    assert handle({"Records": [wake]}) == {"batchItemFailures": []}
    assert ledger.column("SELECT stoptype FROM calls.cancelled") == ["486"]
