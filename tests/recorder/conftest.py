"""A recorder with a provider, an S3 and a ledger of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest

from chalicelib.ledger.recordings import File
from chalicelib.platform import objects, queues
from chalicelib.recorder import fetching
from chalicelib.recorder.fetching import Outcome
from chalicelib.settings import Settings
from infra.local import environment
from infra.local.aws import Aws
from infra.local.keyring import Keyring
from tests.databases import run
from tests.ingest.telephony import CLIENT, Ledger, Webhook, event
from tests.recorder.provider import Moods, provider

BUCKET = "only-for-the-recorder"


@dataclass
class Studio:
    """What the tests ask: calls that were recorded, attempts to fetch them, and what came of it."""

    ledger: Ledger
    settings: Settings
    s3: Any
    seen: Counter[str]
    moods: type[Moods]

    def file(self, recording: str) -> File:
        """A recording of the ledger's client."""
        return File("telphin", CLIENT, recording)

    def call(self, name: str, recording: str, at: int = 0) -> list[Webhook]:
        """Take an answered call that was recorded; its webhooks."""
        webhooks = [
            event(name, "106", "dial-in", at),
            event(name, "106", "answer", at + 5),
            event(name, "106", "hangup", at + 60, Duration="60000000", RecID=recording),
        ]
        self.ledger.take(webhooks)
        return webhooks

    def attempt(self, recording: str, **changes: Any) -> Outcome:
        """Try once, now, whatever the delays say."""
        run(self.ledger.url, "UPDATE ledger.recordings SET due_at = now() - interval '1 hour'")
        return fetching.attempt(self.ledger.writer, self.file(recording), replace(self.settings, **changes))

    def row(self, recording: str) -> dict[str, Any]:
        """What the ledger and the call's own row say, which must agree."""
        names = ("state", "reason", "attempts", "isrec", "callrecpath", "callstoragecode", "callrecsize", "recdomain")
        rows = run(
            self.ledger.url,
            f"SELECT {', '.join(names)}, recexpirets, callrecdel_dt FROM calls.success"
            " JOIN ledger.recordings USING (inviteid) WHERE recording = %s",
            [recording],
        )
        return dict(zip((*names, "recexpirets", "callrecdel_dt"), rows[0], strict=True))

    def objects(self) -> list[str]:
        """The keys that are in S3."""
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


@pytest.fixture(scope="package")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An S3 and an SQS."""
    environment.prepare_clients()
    folder = tmp_path_factory.mktemp("aws")
    server = Aws(folder)
    yield server.start(Keyring(folder).port("aws"))
    server.stop()


@pytest.fixture
def studio(ledger: Ledger, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """A studio with an empty ledger and an empty bucket."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    objects.client.cache_clear()
    queues.client.cache_clear()
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    s3.create_bucket(Bucket=BUCKET)
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
    objects.client.cache_clear()
    queues.client.cache_clear()
