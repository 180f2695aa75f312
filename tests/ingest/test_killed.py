"""The consumer is killed in the middle of its batches, and the next one continues its work."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psycopg2
import pytest
import requests

from infra.local.event_source import POLL_SECONDS
from tests.conftest import Launch, Launched
from tests.databases import run, start_server
from tests.ingest.telephony import Webhook, answered, copies, missed, ring_group, unrecorded
from tests.ingest.test_faults import PATIENCE_SECONDS, VISIBILITY_SECONDS, queue, rebuilt, stored, tables

CALLS = 16
#: The local SQS keeps its messages on disk every 0.3 s, where the real one has them before it answers.
KEPT_SECONDS = 1
BLOCKED = (
    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'ringledger_writer' AND wait_event_type = 'Lock'"
    " AND datname = current_database()"
)


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """Return a database that outlives the stacks which use it."""
    for server in start_server(tmp_path):
        yield server.new_database()


def webhooks() -> list[Webhook]:
    """Return the events of some calls, hangups before dials, some of them delivered twice."""
    kinds = (answered, ring_group, missed)
    calls = [hook for number in range(CALLS) for hook in kinds[number % 3](f"K{number}", number * 7)]
    hooks = unrecorded(calls[::-1])
    return [*hooks, *copies(hooks[::5])]


def post(launched: Launched, hooks: Sequence[Webhook]) -> None:
    """Post the webhooks, and check that each is accepted."""
    keys = launched.facts["webhook_keys"]["telphin"]
    with requests.Session() as session:
        for hook in hooks:
            key = keys["queue" if hook.extension == "900" else "phone"]
            url = f"{launched.facts['url']}/ext-event/{key}"
            assert session.get(url, params=dict(hook.fields), timeout=10).status_code == 200


def deliver_again_soon(launched: Launched) -> None:
    """Set a short visibility timeout, so that the messages of a dead consumer come again within the test."""
    url = launched.facts["queues"]["call-events"]
    queue(launched).set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)})
    time.sleep(POLL_SECONDS + 0.5)


def until(reached: Callable[[], bool]) -> None:
    """Wait until a condition is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def held_up(url: str) -> Iterator[None]:
    """Block the storing of events, so that a consumer waits within its transaction."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE ledger.events IN ACCESS EXCLUSIVE MODE")
        yield


def accepted_meanwhile(launched: Launched, hooks: Sequence[Webhook], url: str) -> None:
    """Post while the consumer waits, until it has a batch and the local SQS has every message."""
    post(launched, hooks)
    until(lambda: run(url, BLOCKED) != [(0,)])
    time.sleep(KEPT_SECONDS)


@pytest.mark.verify
def test_consumer_killed_within_its_batches(database_url: str, launch: Launch, tmp_path: Path) -> None:
    """It is killed before its commit, and after it but before the queue knows: each event is stored once."""
    hooks = webhooks()
    half = len(hooks) // 2
    data = tmp_path / "data"

    first = launch(data, DATABASE_URL=database_url)
    deliver_again_soon(first)
    with held_up(database_url):
        accepted_meanwhile(first, hooks[:half], database_url)
        first.stop(signal.SIGKILL)
    assert stored(database_url) == 0

    second = launch(data, DATABASE_URL=database_url)
    deliver_again_soon(second)
    until(lambda: stored(database_url) == half)
    with held_up(database_url):
        accepted_meanwhile(second, hooks[half:], database_url)
    until(lambda: stored(database_url) > half)
    second.stop(signal.SIGKILL)

    third = launch(data, DATABASE_URL=database_url)
    until(lambda: stored(database_url) == len(hooks) and drained(third))
    assert third.stop() == 0, third.output

    assert_undisturbed(database_url, hooks)


def assert_undisturbed(url: str, hooks: Sequence[Webhook]) -> None:
    """Check that each webhook is stored once and that the rows are those of a replay."""
    stored_queries = Counter(str(query) for (query,) in run(url, "SELECT query FROM ledger.events"))
    assert stored_queries == Counter(urlencode(hook.fields) for hook in hooks)
    assert run(url, "SELECT * FROM ledger.quarantine") == []
    rows = tables(url)
    assert rows["calls.success"]
    assert rows == rebuilt(url)


def drained(launched: Launched) -> bool:
    """Return whether no message waits, is being consumed, or is a dead letter."""
    kinds = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    sqs = queue(launched)
    answers = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(kinds)) for url in launched.facts["queues"].values()
    ]
    return all(answer["Attributes"][kind] == "0" for answer in answers for kind in kinds)
