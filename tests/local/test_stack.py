"""The local stack as a process: what it keeps, what it leaves alone, how it ends."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pytest
import requests

from tests.conftest import Launch, Launched, begin

LARGE = bytes(range(256)) * 80_000
REFUSAL_SECONDS = 60
KEPT_SECONDS = 30


def clients(launched: Launched) -> tuple[Any, Any]:
    """S3 and SQS of a running stack."""
    options: Any = {
        "endpoint_url": launched.facts["aws_endpoint_url"],
        "region_name": "us-east-1",
        "aws_access_key_id": "local",
        "aws_secret_access_key": "local",
    }
    return boto3.client("s3", **options), boto3.client("sqs", **options)


def query(launched: Launched, statement: str) -> list[tuple[Any, ...]]:
    """Run `statement` as the database's owner; the rows, if it has any."""
    connection = psycopg2.connect(launched.facts["database_url"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def leave_traces(launched: Launched) -> None:
    """Put something into every part that keeps things."""
    query(launched, "CREATE TABLE kept AS SELECT 'kept'::text AS word")
    s3, sqs = clients(launched)
    s3.put_object(
        Bucket="ringledger", Key="a b/ж.mp3", Body=b"sound", ContentType="audio/mpeg",
        ContentDisposition="attachment; filename=x.mp3", Metadata={"call": "7"},
    )  # fmt: skip
    s3.put_object(Bucket="ringledger", Key="large", Body=LARGE)
    s3.put_object(Bucket="ringledger", Key="gone", Body=b"x")
    s3.delete_object(Bucket="ringledger", Key="gone")
    queue = sqs.create_queue(QueueName="kept", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    attributes: Any = {"provider": {"DataType": "String", "StringValue": "native"}}
    sqs.send_message(QueueUrl=queue, MessageBody="first", MessageAttributes=attributes)
    sqs.send_message(QueueUrl=queue, MessageBody="second", DelaySeconds=900)
    sqs.receive_message(QueueUrl=queue)


def assert_traces(launched: Launched) -> None:
    """Find all that `leave_traces` left."""
    assert query(launched, "SELECT word FROM kept") == [("kept",)]
    s3, sqs = clients(launched)
    assert {item["Key"] for item in s3.list_objects_v2(Bucket="ringledger")["Contents"]} == {"a b/ж.mp3", "large"}
    found = s3.get_object(Bucket="ringledger", Key="a b/ж.mp3")
    assert (found["Body"].read(), found["ContentType"], found["Metadata"]) == (b"sound", "audio/mpeg", {"call": "7"})
    assert found["ContentDisposition"] == "attachment; filename=x.mp3"
    assert s3.get_object(Bucket="ringledger", Key="large")["Body"].read() == LARGE
    queue = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
    (message,) = sqs.receive_message(
        QueueUrl=queue, AttributeNames=["All"], MessageAttributeNames=["All"], MaxNumberOfMessages=10
    )["Messages"]
    assert (message["Body"], message["Attributes"]["ApproximateReceiveCount"]) == ("first", "2")
    assert message["MessageAttributes"]["provider"]["StringValue"] == "native"
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    assert counts["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"


def refused(data: Path, **variables: str) -> str:
    """What a start says that must not succeed."""
    process = begin(data, **variables)
    assert process.wait(REFUSAL_SECONDS) == 1
    return (data.parent / f"{data.name}.log").read_text()


def test_facts(stack: dict[str, Any]) -> None:
    """stack.json has exactly the keys that tools rely on, and its token opens the statistics channel."""
    keys = {"url", "database_url", "aws_endpoint_url", "queues", "bucket", "recording", "tokens", "webhook_keys"}
    body = {"entity": "chronological", "action": "quantity", "options": {"psql": "select count (*) from calls.success"}}

    answer = requests.post(f"{stack['url']}/api/token/v1/{stack['tokens']['statistics']}", json=body, timeout=30).json()

    assert set(stack) - {"reader_url", "gate_url", "writer_url", "data"} == {*keys, "extensions"}
    assert set(stack["queues"]) >= {"call-events", "call-events-dead", "recordings", "recordings-dead"}
    assert set(stack["tokens"]) == {"statistics", "recordings", "nimbox", "oktell"}
    assert answer["success"]
    assert answer["data"] > 0


def test_stopped_and_started_again(launch: Launch, tmp_path: Path) -> None:
    """After a clean stop nothing runs, and a second start continues with the same database, objects and messages."""
    first = launch(tmp_path / "data")
    leave_traces(first)
    children = _children_of(first.process.pid)
    assert children
    assert first.stop(signal.SIGINT) == 0, first.output
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert not (tmp_path / "data" / "stack.json").exists()

    second = launch(tmp_path / "data")

    assert_traces(second)
    assert second.facts["tokens"] == first.facts["tokens"]
    assert second.stop() == 0


def test_killed_and_started_again(launch: Launch, tmp_path: Path) -> None:
    """After SIGKILL a start on the same data waits for what was left behind, and continues."""
    first = launch(tmp_path / "data")
    leave_traces(first)
    _wait_until_kept(tmp_path / "data")
    assert first.stop(signal.SIGKILL) == -signal.SIGKILL

    second = launch(tmp_path / "data")

    assert_traces(second)
    # Impatience is no reason for a mess.
    second.process.send_signal(signal.SIGINT)
    assert second.stop(signal.SIGINT) == 0, second.output


def test_port_in_use(tmp_path: Path) -> None:
    """A port that somebody has is one clear line, and nothing was started for it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        output = refused(tmp_path / "data", PORT=str(port))

    assert output == f"port {port} is in use; choose another: PORT={port + 1} make run\n"
    assert not (tmp_path / "data" / "postgres").exists()


def test_two_on_one_data_folder(launch: Launch, tmp_path: Path) -> None:
    """The second start on a data folder says that the first one runs, and harms it not."""
    first = launch(tmp_path / "data")

    output = refused(tmp_path / "data")

    assert "Ringledger runs already on" in output
    assert requests.get(first.facts["url"] + "/health", timeout=10).status_code < 500
    assert first.stop() == 0


def test_setting_without_sense(tmp_path: Path) -> None:
    """A variable that cannot be read is named in one line."""
    assert refused(tmp_path / "data", PORT="eighty") == "PORT must be a whole number, not 'eighty'\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the modes of strangers' folders")
def test_root_starts_below_closed_folders(launch: Launch, tmp_path: Path) -> None:
    """As root, PostgreSQL runs as an ordinary account, and no folder above data or packages changes its mode."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    above = [*(closed / "data").parents, *Path(psycopg2.__file__).parents]
    modes = [folder.stat().st_mode for folder in above]

    launched = launch(closed / "data")

    assert [folder.stat().st_mode for folder in above] == modes
    assert (closed / "data" / "postgres").stat().st_uid != 0
    assert query(launched, "SELECT 1") == [(1,)]
    assert launched.stop() == 0
    assert [folder.stat().st_mode for folder in above] == modes


def test_secrets_on_disk_and_in_logs(launch: Launch, tmp_path: Path) -> None:
    """Files that hold secrets are for their owner alone, and a token in a path is written nowhere."""
    launched = launch(tmp_path / "data")
    token = "t0ken" * 8

    requests.post(f"{launched.facts['url']}/api/token/v1/{token}", data=b"{}", timeout=10)
    requests.get(f"{launched.facts['url']}/no/such/{token}", timeout=10)
    assert launched.stop() == 0

    assert token not in launched.output
    for name in ("secrets.json", "lock", "postgres.log"):
        assert (tmp_path / "data" / name).stat().st_mode & 0o077 == 0


def _children_of(parent: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{parent}/task").iterdir():
        # Threads come and go while they are looked at.
        with suppress(FileNotFoundError, ProcessLookupError):
            children += map(int, (task / "children").read_text().split())
    return children


def _wait_until_kept(data: Path) -> None:
    # The last traces are two messages. That they have been received and how often is theirs to lose.
    with closing(sqlite3.connect(f"file:{data}/aws/things.sqlite?mode=ro", uri=True)) as archive:
        until = time.monotonic() + KEPT_SECONDS
        while len(archive.execute("SELECT name FROM things WHERE owner LIKE '%kept%'").fetchall()) < 2:
            assert time.monotonic() < until, "the messages are not kept"
            time.sleep(0.1)
    time.sleep(1)
