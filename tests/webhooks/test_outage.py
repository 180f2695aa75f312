"""While the queue is unavailable, providers learn it in time to repeat, and nothing is reported as stored."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.webhooks.conftest import Start, key
from tests.webhooks.samples import TELPHIN

HANGUP = TELPHIN["hangup"]
# The time in which providers get an answer.
PROMISED_SECONDS = 3
#: A busy machine may delay an answer by much more.
PATIENCE_SECONDS = 30


@pytest.mark.parametrize("aws", ["silent_address", "closed_address"])
def test_aws_is_unavailable(start: Start, request: pytest.FixtureRequest, aws: str) -> None:
    """503 with Retry-After comes on the first request and on later ones, within three seconds on an idle machine."""
    url = f"http://{request.getfixturevalue(aws)}"
    surface = start(AWS_ENDPOINT_URL=url, EVENTS_QUEUE_URL=f"{url}/123456789012/call-events")

    answers = [
        requests.post(f"{surface.url}/ext-event/{key('telphin')}", data=HANGUP, timeout=PATIENCE_SECONDS)
        for _ in range(2)
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    assert min(answer.elapsed.total_seconds() for answer in answers) < PROMISED_SECONDS


def test_the_queue_is_deleted(start: Start) -> None:
    """A deleted queue is reported as unavailable, so that the sender repeats."""
    surface = start()
    surface.sqs.delete_queue(QueueUrl=surface.queue)

    answer = surface.telphin(HANGUP)

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert "queue does not exist" in surface.log.read_text()


def test_no_boto3_is_needed(start: Start, tmp_path: Path) -> None:
    """Webhooks are accepted where boto3 cannot be imported; loading it would take most of a sender's timeout."""
    (tmp_path / "boto3.py").write_text("raise ImportError('boto3 was wanted')")
    surface = start(PYTHONPATH=str(tmp_path))

    assert surface.telphin(HANGUP).status_code == 200
    assert len(surface.queued()) == 1


def test_a_wrong_key_is_refused_without_aws(start: Start, closed_address: str) -> None:
    """An invalid key gets 404 even then, since no service is asked."""
    surface = start(AWS_ENDPOINT_URL=f"http://{closed_address}")

    assert surface.post(f"/ext-event/{'a' * 32}", HANGUP).status_code == 404
