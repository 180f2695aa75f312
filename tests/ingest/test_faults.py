"""Faults on the running bundle: each accepted event is stored once, and its call has the right rows in the end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import psycopg2
import pytest
import requests

from chalicelib.ledger.replay import replay
from chalicelib.platform.postgres import Connection
from infra.local.embedded_postgres import Postgres
from infra.local.event_source import POLL_SECONDS
from infra.local.gateway import bound
from tests.conftest import Launch, Launched
from tests.databases import Server, run
from tests.ingest.telephony import BEGIN, TABLES, answered, copies, message, missed, ring_group, unrecorded

CALLS = 24
#: Short enough for a failed batch to come again within the test, and long enough for any batch.
VISIBILITY_SECONDS = 2
PATIENCE_SECONDS = 30


class Mortal:
    """A PostgreSQL server that can be killed and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        """Start it."""
        with closing(bound("127.0.0.1", 0)) as listener:
            self._port = listener.getsockname()[1]
        self._postgres = Postgres(folder, "superuser")
        self.server = Server(self._postgres.start(self._port))

    def kill(self) -> None:
        """Kill all of its processes at once, and start it again."""
        self._postgres._process.send_signal(signal.SIGQUIT)  # type: ignore[union-attr]
        self._postgres._process.wait()  # type: ignore[union-attr]
        time.sleep(1)
        self._postgres.start(self._port)

    def stop(self) -> None:
        """Stop it."""
        self._postgres.stop()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    """Return a PostgreSQL server to be killed."""
    mortal = Mortal(tmp_path)
    yield mortal
    mortal.stop()


@pytest.fixture
def bundle(mortal: Mortal, launch: Launch, tmp_path: Path) -> Iterator[Launched]:
    """Return the running bundle on that PostgreSQL, with a short visibility timeout of its queue."""
    launched = launch(tmp_path / "data", DATABASE_URL=mortal.server.new_database())
    queue(launched).set_queue_attributes(
        QueueUrl=launched.facts["queues"]["call-events"], Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}
    )
    # Messages of the poll that is under way still get the former visibility timeout.
    time.sleep(POLL_SECONDS + 0.5)
    yield launched
    assert launched.stop() == 0, launched.output


def queue(launched: Launched) -> Any:
    """Return a client of the bundle's SQS."""
    return boto3.client(
        "sqs",
        endpoint_url=launched.facts["aws_endpoint_url"],
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


class Load:
    """Posts the events of many calls out of order, some of them twice, and queues some messages twice."""

    def __init__(self, launched: Launched) -> None:
        """Prepare the posts."""
        self.accepted = 0
        self.refused: list[int] = []
        self._launched = launched
        kinds = (answered, ring_group, missed)
        calls = [hook for number in range(CALLS) for hook in kinds[number % 3](f"C{number}", number * 7)]
        webhooks = unrecorded(calls)
        # Hangups come before dials, and repeated deliveries last.
        self._webhooks = [*webhooks[::-1], *copies(webhooks[::5])]
        self._thread = threading.Thread(target=self._post)

    def start(self) -> None:
        """Start posting."""
        self._thread.start()

    def finish(self) -> None:
        """Wait until all is posted."""
        self._thread.join()

    def _post(self) -> None:
        facts = self._launched.facts
        keys, ids = facts["webhook_keys"]["telphin"], facts["extensions"]
        sqs = queue(self._launched)
        for number, hook in enumerate(self._webhooks):
            kind = "queue" if hook.extension == "900" else "phone"
            answer = requests.get(f"{facts['url']}/ext-event/{keys[kind]}", params=dict(hook.fields), timeout=10)
            self.accepted += answer.status_code == 200
            self.refused += [answer.status_code] * (answer.status_code != 200)
            if number % 8 == 0:
                identity = f"00000000-0000-0000-0000-{number:012}"
                text = message(ids[kind]["id"], identity=identity, accepted=BEGIN, query=urlencode(hook.fields))
                for _ in range(2):
                    sqs.send_message(QueueUrl=facts["queues"]["call-events"], MessageBody=text)
                self.accepted += 1
            time.sleep(0.03)


def stored(url: str) -> int:
    """Return how many events are stored, or 0 while the database is away."""
    try:
        return int(str(run(url, "SELECT count(*) FROM ledger.events")[0][0]))
    except psycopg2.OperationalError:
        return 0


def tables(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of the tables that calls fill."""
    return {name: run(url, f"SELECT row.*::text FROM {name} AS row ORDER BY 1") for name in TABLES}


def rebuilt(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Empty the tables, and return their rows after a replay: those of an undisturbed run."""
    owner = Connection(url)
    owner.execute(f"TRUNCATE {', '.join(TABLES)}")
    replay(owner, datetime.min, BEGIN + timedelta(days=36_500), "", lambda _: None)  # noqa: DTZ901 - everything
    return tables(url)


@pytest.mark.verify
def test_postgresql_dies_under_load(bundle: Launched, mortal: Mortal) -> None:
    """Webhooks are accepted meanwhile; each is stored once, and the rows are those of an undisturbed run."""
    url = bundle.facts["database_url"]
    load = Load(bundle)
    load.start()
    time.sleep(1)
    run(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ringledger_writer'")
    mortal.kill()
    load.finish()
    run(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ringledger_writer'")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while stored(url) < load.accepted and time.monotonic() < deadline:
        time.sleep(0.2)

    assert load.refused == []
    assert stored(url) == load.accepted
    rows = tables(url)
    assert rows == rebuilt(url)
    assert (len(rows["calls.success"]), len(rows["calls.cancelled"])) == (CALLS * 2 // 3, CALLS // 3)
