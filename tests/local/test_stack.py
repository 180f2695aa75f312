"""The local stack as a process: its data, its surroundings, its end."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pytest
import requests

from chalicelib.authentication import tokens
from tests.conftest import Launch, Launched, begin

LARGE = bytes(range(256)) * 80_000
REFUSAL_SECONDS = 60
CONDITION_SECONDS = 120
MISSED = (
    "EventType=hangup&CallID=last&CallFlow=IN&CallStatus=CANCEL&Bridged=no&CallerIDNum=79214567892"
    "&CalledNumber=13596*099&EventTime=1766736731010096&Duration=7529999"
)


def clients(launched: Launched) -> tuple[Any, Any]:
    """Return clients of S3 and SQS of a running stack."""
    options: Any = {
        "endpoint_url": launched.facts["aws_endpoint_url"],
        "region_name": "us-east-1",
        "aws_access_key_id": "local",
        "aws_secret_access_key": "local",
    }
    return boto3.client("s3", **options), boto3.client("sqs", **options)


def query(launched: Launched, statement: str) -> list[tuple[Any, ...]]:
    """Run `statement` as the database's owner and return its rows."""
    connection = psycopg2.connect(launched.facts["database_url"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def leave_traces(launched: Launched) -> None:
    """Write to every part that keeps data."""
    query(launched, "CREATE TABLE kept AS SELECT 'kept'::text AS word")
    s3, sqs = clients(launched)
    s3.put_object(
        Bucket="ringledger", Key="a b/ж.mp3", Body=b"sound", ContentType="audio/mpeg",
        ContentDisposition="attachment; filename=x.mp3", Metadata={"call": "7"},
    )  # fmt: skip
    s3.put_object(Bucket="ringledger", Key="large", Body=LARGE)
    s3.put_object(Bucket="ringledger", Key="gone", Body=b"x")
    s3.delete_object(Bucket="ringledger", Key="gone")
    attributes: Any = {
        "provider": {"DataType": "String", "StringValue": "native"},
        "packed": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    dead = launched.facts["queues"]["call-events-dead"]
    sqs.send_message(QueueUrl=dead, MessageBody="dead", MessageAttributes=attributes)
    queue = sqs.create_queue(QueueName="kept")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="received")
    sqs.receive_message(QueueUrl=queue)
    sqs.send_message(QueueUrl=queue, MessageBody="delayed", DelaySeconds=900)


def assert_traces(launched: Launched) -> None:
    """Find everything that `leave_traces` wrote."""
    assert query(launched, "SELECT word FROM kept") == [("kept",)]
    s3, sqs = clients(launched)
    assert {item["Key"] for item in s3.list_objects_v2(Bucket="ringledger")["Contents"]} == {"a b/ж.mp3", "large"}
    sound = s3.get_object(Bucket="ringledger", Key="a b/ж.mp3")
    assert (sound["Body"].read(), sound["ContentType"], sound["Metadata"]) == (b"sound", "audio/mpeg", {"call": "7"})
    assert sound["ContentDisposition"] == "attachment; filename=x.mp3"
    assert s3.get_object(Bucket="ringledger", Key="large")["Body"].read() == LARGE
    dead = launched.facts["queues"]["call-events-dead"]
    (message,) = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"])["Messages"]
    assert message["Body"] == "dead"
    assert message["MessageAttributes"]["provider"]["StringValue"] == "native"
    assert message["MessageAttributes"]["packed"]["BinaryValue"] == b"\x00\xff"
    queue = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=queue)["Messages"]] == ["received"]
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    assert counts["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"


def refused(data: Path, **variables: str) -> str:
    """Start a stack that must fail, and return its output."""
    process = begin(data, **variables)
    assert process.wait(REFUSAL_SECONDS) == 1
    return (data.parent / f"{data.name}.log").read_text()


def test_facts(stack: dict[str, Any]) -> None:
    """stack.json has exactly the keys that tools rely on, and its token opens the statistics channel."""
    keys = {"url", "database_url", "aws_endpoint_url", "queues", "bucket", "recording", "tokens", "webhook_keys"}
    keys |= {"extensions", "bi_database_url", "console_token"}
    body = {"entity": "chronological", "action": "quantity", "options": {"psql": "select count (*) from calls.success"}}

    answer = requests.post(f"{stack['url']}/api/token/v1/{stack['tokens']['statistics']}", json=body, timeout=30).json()

    assert set(stack) - {"reader_url", "gate_url", "writer_url", "bi_url", "data"} == keys
    assert set(stack["queues"]) >= {"call-events", "call-events-dead", "recordings", "recordings-dead"}
    assert set(stack["tokens"]) == set(tokens.SCOPES)
    assert answer["success"]
    assert answer["data"] > 0


@pytest.fixture(scope="module")
def restarted(launch: Launch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Launched, Launched]]:
    """Start a stack, write to every part, stop it right after a webhook, and start it again on its data."""
    data = tmp_path_factory.mktemp("restarted") / "data"
    first = launch(data)
    leave_traces(first)
    children = _children_of(first.process.pid)
    assert children
    key = first.facts["webhook_keys"]["telphin"]["ivr"]
    assert requests.post(f"{first.facts['url']}/ext-event/{key}", data=MISSED, timeout=10).status_code == 200
    assert first.stop(signal.SIGINT) == 0, first.output
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert not (data / "stack.json").exists()
    second = launch(data)
    yield first, second
    assert second.stop() == 0


@pytest.mark.verify
def test_stopped_and_started_again(restarted: tuple[Launched, Launched]) -> None:
    """After a clean stop no process is left, and a second start has the same database, objects and messages."""
    first, second = restarted
    assert_traces(second)
    assert second.facts["tokens"] == first.facts["tokens"]


@pytest.mark.verify
def test_webhook_of_the_last_moment(restarted: tuple[Launched, Launched]) -> None:
    """A webhook that is accepted just before a clean stop is in its table after it."""
    assert query(restarted[1], "SELECT fromnumber FROM calls.cancelled") == [("79214567892",)]


@pytest.mark.verify
def test_killed_and_started_again(launch: Launch, tmp_path: Path) -> None:
    """After SIGKILL the next start waits until the servers of the killed one have ended, and continues."""
    first = launch(tmp_path / "data")
    leave_traces(first)
    assert first.stop(signal.SIGKILL) == -signal.SIGKILL

    second = launch(tmp_path / "data")

    assert_traces(second)
    # A second Ctrl-C does not interrupt the clean stop.
    second.process.send_signal(signal.SIGINT)
    assert second.stop(signal.SIGINT) == 0, second.output


@pytest.mark.verify
def test_calls_that_a_kill_cuts(launch: Launch, tmp_path: Path) -> None:
    """The CRM gets the demonstration's calls by itself; after a kill, the next start ends live calls and shifts."""
    options = {"DEMO": "1", "DEMO_CALLS": "300"}
    first = launch(tmp_path / "data", **options, DEMO_LIVE="1", DEMO_CRM="1")
    going_on = "SELECT count(*) > 0 FROM ledger.calls WHERE open"
    wait_for(first, "SELECT count(*) > 0 FROM ledger.replication WHERE state = 'delivered'")
    wait_for(first, going_on)
    assert first.stop(signal.SIGKILL) == -signal.SIGKILL

    second = launch(tmp_path / "data", **options)

    assert query(second, going_on) == [(False,)]
    assert query(second, "SELECT count(*) FROM ledger.presence WHERE kind = 'agent' AND state = 'available'") == [(0,)]
    assert second.stop() == 0


def wait_for(launched: Launched, condition: str) -> None:
    """Wait until the query `condition` answers true."""
    deadline = time.monotonic() + CONDITION_SECONDS
    while query(launched, condition) != [(True,)]:
        assert time.monotonic() < deadline, condition
        time.sleep(0.2)


def test_port_in_use(tmp_path: Path) -> None:
    """A port in use is reported in one line, and nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        output = refused(tmp_path / "data", PORT=str(port))

    assert output == f"port {port} is in use; choose another: PORT={port + 1} make run\n"
    assert not (tmp_path / "data" / "postgres").exists()


def test_two_on_one_data_folder(stack: dict[str, Any]) -> None:
    """A second start on a data folder is refused, and the first one goes on."""
    output = refused(Path(stack["data"]))

    assert "Ringledger is already running on" in output
    assert requests.get(stack["url"] + "/health", timeout=10).status_code < 500


def test_setting_with_a_wrong_value(tmp_path: Path) -> None:
    """A variable with a wrong value is named in one line."""
    assert refused(tmp_path / "data", PORT="eighty") == "PORT must be a whole number, not 'eighty'\n"


@pytest.mark.verify
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


@pytest.mark.verify
def test_secrets_on_disk_and_in_logs(launch: Launch, tmp_path: Path) -> None:
    """Files with secrets are readable by their owner alone, and a token in a path is never logged."""
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
        # Threads can end during the loop.
        with suppress(FileNotFoundError, ProcessLookupError):
            children += map(int, (task / "children").read_text().split())
    return children
