"""A recorder with its own provider, S3 and ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from chalicelib.ledger.recording_facts import File
from chalicelib.ledger.replay import replay
from chalicelib.platform import objects, runtime
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import fetching
from chalicelib.recordings.fetching import AttemptOutcome
from chalicelib.settings import Settings
from tests.databases import Server, migrated, run
from tests.ingest.telephony import CLIENT, Ledger, Webhook, event
from tests.loopback import aws_services
from tests.recordings.fetching.provider import Moods, provider

BUCKET = "only-for-the-recorder"


@dataclass
class Studio:
    """Adds recorded calls, runs attempts to fetch them, and reads the results."""

    ledger: Ledger
    settings: Settings
    s3: Any
    seen: Counter[str]
    moods: type[Moods]

    def file(self, recording: str) -> File:
        """Return a recording of the ledger's client."""
        return File("telphin", CLIENT, recording)

    def call(self, name: str, recording: str, at: int = 0) -> list[Webhook]:
        """Take an answered call that was recorded, and return its webhooks."""
        webhooks = [
            event(name, "106", "dial-in", at),
            event(name, "106", "answer", at + 5),
            event(name, "106", "hangup", at + 60, Duration="60000000", RecID=recording),
        ]
        self.ledger.take(webhooks)
        return webhooks

    def attempt(self, recording: str, **changes: Any) -> AttemptOutcome:
        """Run one attempt now, regardless of the delays; `changes` replace settings."""
        run(self.ledger.url, "UPDATE ledger.recordings SET due_at = now() - interval '1 hour'")
        return fetching.attempt(self.ledger.writer, self.file(recording), replace(self.settings, **changes))

    def row(self, recording: str) -> dict[str, Any]:
        """Return the fact and the columns of the call's row."""
        names = ("state", "reason", "attempts", "isrec", "callrecpath", "callstoragecode", "callrecsize", "recdomain")
        rows = run(
            self.ledger.url,
            f"SELECT {', '.join(names)}, recexpirets, callrecdel_dt FROM calls.success"
            " JOIN ledger.recordings USING (inviteid) WHERE recording = %s",
            [recording],
        )
        return dict(zip((*names, "recexpirets", "callrecdel_dt"), rows[0], strict=True))

    def replay(self) -> int:
        """Replay every call, and return the number of records that changed."""
        begin, end = datetime(2000, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - naive UTC
        report = replay(Connection(self.ledger.url), begin, end, "", lambda _: None)
        return sum(report.changes.values())

    def put(self, path: str) -> None:
        """Put a file into the storage `main`."""
        self.s3.put_object(Bucket=BUCKET, Key=f"recordings/{path}", Body=b"ID3")

    def objects(self) -> list[str]:
        """Return the keys in S3."""
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


@pytest.fixture(scope="session")
def recorders_database(server: Server) -> Settings:
    """Return a migrated database with its roles, shared by all tests of the recorder."""
    return migrated(server)


@pytest.fixture(scope="module")
def database(recorders_database: Settings) -> Settings:
    """Return the shared database for one module."""
    return recorders_database


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of an S3 and an SQS for these tests."""
    with aws_services(tmp_path_factory.mktemp("aws")) as url:
        yield url


@pytest.fixture(scope="module")
def endpoint(storage: str) -> Iterator[str]:
    """Yield the address, with a bucket and set for this process; making a client takes longer than a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", storage)
        _clear_clients()
        objects.client().create_bucket(Bucket=BUCKET)
        yield storage
    _clear_clients()


def _clear_clients() -> None:
    runtime.renew()
    runtime.renew()


@pytest.fixture
def studio(ledger: Ledger, endpoint: str) -> Iterator[Studio]:  # noqa: ARG001 - the clients find it
    """Yield a studio with an empty ledger and an empty bucket."""
    s3 = objects.client()
    with provider() as (url, seen, moods):
        settings = replace(
            ledger.settings,
            bucket=BUCKET,
            telphin_url=url,
            telphin_client_id="id",
            telphin_client_secret="secret",
            recording_loopback=True,
            recording_seconds=1,
            recording_limit=10**6,
        )
        yield Studio(ledger, settings, s3, seen, moods)
    for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=entry["Key"])
