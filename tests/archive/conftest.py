"""Ledgers whose months are made and retired, and an S3 for their archive."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from chalicelib.maintenance import monthly_tables, partitions
from chalicelib.platform import runtime
from chalicelib.settings import Settings
from tests.archive.months import BUCKET, Archive, InProcess, clear
from tests.ingest.telephony import BEGIN, Ledger


@pytest.fixture
def ledger(database: Settings) -> Ledger:
    """Return a ledger without rows on the module's database, with the partitions of the coming months."""
    ledger = Ledger(database)
    clear(ledger)
    monthly_tables.prepare(ledger.owner, BEGIN)
    partitions.prepare(ledger.owner, BEGIN)
    return ledger


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Start an S3, and return its address."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def lambda_endpoint() -> Iterator[str]:
    """Start a Lambda service with the archive's function, and return its address."""
    functions = InProcess()
    yield functions.start(0)
    functions.stop()


@pytest.fixture
def archive(
    ledger: Ledger, s3_endpoint: str, lambda_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Archive]:
    """Return the ledger with an empty archive in an S3, which this process uses as the archive's Lambda would."""
    variables = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ENDPOINT_URL_LAMBDA": lambda_endpoint,
        "ARCHIVE_FUNCTION": "archive",
        "BUCKET": BUCKET,
        "DATABASE_URL": ledger.settings.owner_database_url,
        "ARCHIVER_DATABASE_URL": ledger.settings.archiver_database_url,
        "NO_PROXY": "127.0.0.1,localhost",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    runtime.renew()
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=each["Key"])
    yield Archive(ledger, s3)
    runtime.renew()
