"""The queue `recordings`: what its messages cause, and malformed ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.errors import Unavailable
from chalicelib.platform import queues, runtime
from chalicelib.recordings import fetching, recorder
from tests.databases import run
from tests.recordings.fetching.conftest import Studio


@pytest.fixture
def queue(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the recorder's queue; its settings are in the environment."""
    url = queues.client().create_queue(QueueName="of-the-recorder")["QueueUrl"]
    known = studio.settings
    for name, value in {
        "WRITER_DATABASE_URL": known.writer_database_url,
        "BUCKET": known.bucket,
        "TELPHIN_URL": known.telphin_url,
        "TELPHIN_CLIENT_ID": known.telphin_client_id,
        "TELPHIN_CLIENT_SECRET": known.telphin_client_secret,
        "RECORDING_LOOPBACK": "1",
        "RECORDINGS_QUEUE_URL": url,
    }.items():
        monkeypatch.setenv(name, value)
    runtime.renew()
    yield url
    runtime.renew()
    queues.client().delete_queue(QueueUrl=url)


def _event(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]}


def _message(studio: Studio, recording: str) -> str:
    return json.dumps({"version": 1, **studio.file(recording)._asdict()})


MALFORMED = [
    "",
    "{",
    "[]",
    "null",
    '{"provider": "telphin"}',
    '{"provider": "telphin", "client": "1", "recording": "a\\u0000b"}',
    '{"provider": "telphin", "client": "1", "recording": "\\ud800"}',
]


@pytest.mark.usefixtures("queue")
def test_malformed_messages_are_dropped(studio: Studio) -> None:
    """They would fail again, so SQS need not deliver them again; other messages of the event are handled."""
    studio.call("c1", "good-1")
    recorder.handle(_event(*MALFORMED, _message(studio, "good-1")))
    assert studio.row("good-1")["state"] == "ready"


def test_a_file_that_is_not_ready_is_queued_with_a_delay(studio: Studio, queue: str) -> None:
    """The next message arrives when the next attempt is due."""
    studio.call("c1", "late-1")
    recorder.handle(_event(_message(studio, "late-1")))
    names: Any = ["ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessages"]
    counts = queues.client().get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    assert [counts[name] for name in names] == ["1", "0"]
    waits = "SELECT due_at - now() BETWEEN interval '1 s' AND %s * interval '1 s' FROM ledger.recordings"
    assert run(studio.ledger.url, waits, [fetching.DELAYS[0]]) == [(True,)]


@pytest.mark.usefixtures("queue")
def test_a_message_is_delivered_again_while_postgresql_is_away(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the database no attempt is counted, and the provider is not asked."""
    monkeypatch.setenv("WRITER_DATABASE_URL", "postgresql://ringledger_writer:word@127.0.0.1:1/postgres")
    runtime.renew()
    with pytest.raises(Unavailable):
        recorder.handle(_event(_message(studio, "good-1")))
    assert list(studio.seen) == []
