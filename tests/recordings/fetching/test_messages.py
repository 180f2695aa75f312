"""The queue `recordings`: what its messages bring about, and what becomes of those that make no sense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.errors import Unavailable
from chalicelib.platform import queues
from chalicelib.recordings import fetching, recorder
from tests.databases import run
from tests.recordings.fetching.conftest import Studio


@pytest.fixture
def queue(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The queue of the recorder, which finds all it needs in the environment."""
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
    settings.current.cache_clear()
    yield url
    settings.current.cache_clear()
    queues.client().delete_queue(QueueUrl=url)


def _event(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]}


def _message(studio: Studio, recording: str) -> str:
    return json.dumps({"version": 1, **studio.file(recording)._asdict()})


NONSENSE = [
    "",
    "{",
    "[]",
    "null",
    '{"provider": "telphin"}',
    '{"provider": "telphin", "client": "1", "recording": "a\\u0000b"}',
    '{"provider": "telphin", "client": "1", "recording": "\\ud800"}',
]


@pytest.mark.usefixtures("queue")
def test_nonsense_is_dropped_and_stops_nothing(studio: Studio) -> None:
    """It would never become a recording, so that it need not come again."""
    studio.call("c1", "good-1")
    recorder.handle(_event(*NONSENSE, _message(studio, "good-1")))
    assert studio.row("good-1")["state"] == "ready"


def test_a_file_that_is_late_is_queued_with_its_delay(studio: Studio, queue: str) -> None:
    """The next message comes when the file may be there, not before."""
    studio.call("c1", "late-1")
    recorder.handle(_event(_message(studio, "late-1")))
    names: Any = ["ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessages"]
    counts = queues.client().get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    assert [counts[name] for name in names] == ["1", "0"]
    waits = "SELECT due_at - now() BETWEEN interval '1 s' AND %s * interval '1 s' FROM ledger.recordings"
    assert run(studio.ledger.url, waits, [fetching.DELAYS[0]]) == [(True,)]


@pytest.mark.usefixtures("queue")
def test_while_the_database_is_away_a_message_comes_again(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is not counted has not been tried."""
    monkeypatch.setenv("WRITER_DATABASE_URL", "postgresql://ringledger_writer:word@127.0.0.1:1/postgres")
    settings.current.cache_clear()
    with pytest.raises(Unavailable):
        recorder.handle(_event(_message(studio, "good-1")))
    assert list(studio.seen) == []
