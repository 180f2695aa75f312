"""Facts beside events: a late event or a replay keeps them, and calls that share a file share its state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from chalicelib.platform import runtime
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import administration, fetch_queue, notices, retention, state_changes
from tests.databases import run
from tests.ingest.telephony import event
from tests.recordings.fetching.conftest import Studio

SCHEMA = Path(notices.__file__).with_name("notice.schema.json")
FAR = datetime(2100, 1, 1)  # noqa: DTZ001 - naive UTC


def _success(studio: Studio) -> list[str]:
    return studio.ledger.tables(["calls.success"])["calls.success"]


@pytest.mark.parametrize("mood", ["good", "huge", "late"])
def test_a_replay_keeps_the_facts_of_the_recorder(studio: Studio, mood: str) -> None:
    """Ready, failed or pending: no column changes."""
    studio.call("c1", f"{mood}-1")
    studio.attempt(f"{mood}-1")
    before = _success(studio)
    assert (studio.replay(), _success(studio)) == (0, before)


def test_a_late_event_corrects_a_row_and_keeps_its_recording(studio: Studio) -> None:
    """The row is written anew, and still plays."""
    studio.call("c1", "good-1")
    studio.attempt("good-1")
    path = studio.row("good-1")["callrecpath"]
    run(studio.ledger.url, "UPDATE ledger.recordings SET told = state")
    studio.ledger.take([event("c1", "106", "dial-in", -30)])
    assert studio.ledger.column("SELECT dial_duration FROM calls.success") == [35]
    assert studio.row("good-1")["callrecpath"] == path


def test_calls_that_share_a_file_are_all_updated(studio: Studio) -> None:
    """One fetch fills every row; a later call gets the file without another fetch."""
    for number in range(3):
        studio.call(f"c{number}", "good-1", 100 * number)
    assert len(studio.attempt("good-1").changed) == 3
    studio.call("c9", "good-1", 900)
    paths = studio.ledger.column("SELECT callrecpath FROM calls.success")
    assert (len(paths), len(set(paths))) == (4, 1)
    assert studio.seen["/files/good-1"] == 1


def test_a_recording_that_arrives_is_a_new_version_of_the_call(studio: Studio) -> None:
    """Readers of changed records see the recording."""
    studio.call("c1", "good-1")
    versions = "SELECT version FROM ledger.records UNION ALL SELECT version FROM ledger.calls"
    before = studio.ledger.column(versions)
    studio.attempt("good-1")
    assert studio.ledger.column(versions) == [int(str(version)) + 1 for version in before]


def test_a_failed_recording_can_be_fetched_again(studio: Studio) -> None:
    """Attempts are counted from the beginning."""
    studio.call("c1", "unknown-1")
    studio.attempt("unknown-1", recording_attempts=1)
    assert studio.row("unknown-1")["isrec"] is False
    failed = administration.failed(studio.ledger.owner, 10)
    assert administration.retry(studio.ledger.owner, failed) == [studio.file("unknown-1")]
    row = studio.row("unknown-1")
    assert (row["state"], row["attempts"], row["isrec"]) == ("pending", 0, True)


def test_the_maintenance_queues_a_file_whose_message_was_lost(studio: Studio, endpoint: str) -> None:
    """A pending file that is overdue is queued again, once in each run."""
    studio.call("c1", "good-1")
    sqs = boto3.client("sqs", endpoint_url=endpoint, region_name="us-east-1")
    url = sqs.create_queue(QueueName="of-the-maintenance")["QueueUrl"]
    settings = replace(studio.settings, recordings_queue_url=url)
    assert fetch_queue.send_overdue(studio.ledger.writer, settings) == 0
    run(studio.ledger.url, "UPDATE ledger.recordings SET due_at = now() - interval '1 hour'")
    assert fetch_queue.send_overdue(studio.ledger.writer, settings) == 1
    body = sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]
    assert json.loads(body) == {"version": 1, **studio.file("good-1")._asdict()}


def test_a_message_about_each_change_of_state_is_sent_once(studio: Studio, endpoint: str) -> None:
    """Messages about ready, failed and deleted follow the schema; the maintenance sends those that failed at first."""
    sqs = boto3.client("sqs", endpoint_url=endpoint, region_name="us-east-1")
    url = sqs.create_queue(QueueName="of-the-listener")["QueueUrl"]
    studio.call("c1", "good-1")
    studio.call("c2", "huge-1", 200)
    ready, failed = studio.attempt("good-1").changed, studio.attempt("huge-1").changed
    writer = studio.ledger.writer
    assert notices.send(writer, "http://127.0.0.1:1/nowhere", ready) == 0
    assert notices.send(writer, url, [*ready, *failed]) == 2
    assert notices.send(writer, url, [*ready, *failed]) == 0
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    retention.delete_expired(writer, replace(studio.settings, recording_target=arn), FAR)
    messages = []
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            messages.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert sorted(message["event"] for message in messages) == [
        "recording.deleted",
        "recording.failed",
        "recording.ready",
    ]
    schema = json.loads(SCHEMA.read_text("utf-8"))
    for message in messages:
        assert set(schema["required"]) <= set(message) <= set(schema["properties"])
        assert message["event"] in schema["properties"]["event"]["enum"]


@pytest.fixture
def notifications(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the address of a server with SNS, which the local stack does not have."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", f"http://{host}:{port}")
    runtime.renew()
    yield f"http://{host}:{port}"
    runtime.renew()
    server.stop()


def test_a_topic_gets_the_same_messages(studio: Studio, notifications: str) -> None:
    """Its subscribers get them; when the topic does not exist, the maintenance tries again."""
    sns: Any = boto3.client("sns", endpoint_url=notifications, region_name="us-east-1")
    sqs = boto3.client("sqs", endpoint_url=notifications, region_name="us-east-1")
    topic = sns.create_topic(Name="of-recordings")["TopicArn"]
    queue = sqs.create_queue(QueueName="of-the-subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    studio.call("c1", "good-1")
    changed = studio.attempt("good-1").changed
    writer = studio.ledger.writer
    assert notices.send(writer, f"{topic}-gone", changed) == 0
    assert notices.send(writer, topic, changed) == 1
    body = json.loads(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])
    assert (body["event"], body["inviteid"]) == ("recording.ready", str(changed[0]))


def test_a_second_attempt_that_fails_keeps_the_file_of_other_calls(studio: Studio) -> None:
    """A call that joins while a file is fetched needs another attempt; when that fails, only this call fails."""
    studio.call("c1", "good-1")
    studio.attempt("good-1")
    studio.call("c2", "good-1", 200)
    second = studio.ledger.column("SELECT inviteid FROM ledger.recordings ORDER BY created_at DESC LIMIT 1")
    run(studio.ledger.url, "UPDATE ledger.recordings SET state = 'pending' WHERE inviteid = %s", second)
    paths = "SELECT count(callrecpath), count(DISTINCT callrecpath) FROM calls.success"
    assert state_changes.set_failed(studio.ledger.writer, studio.file("good-1"), "gone") == second
    assert studio.ledger.column("SELECT state FROM ledger.recordings ORDER BY state") == ["failed", "ready"]
    assert run(studio.ledger.url, paths) == [(1, 1)]
    run(studio.ledger.url, "UPDATE ledger.recordings SET state = 'pending' WHERE inviteid = %s", second)
    assert list(studio.attempt("good-1").changed) == second
    assert run(studio.ledger.url, paths) == [(2, 1)]


def test_an_unsent_message_is_sent_later(studio: Studio) -> None:
    """A crash between the change and its message loses no message."""
    studio.call("c1", "good-1")
    studio.attempt("good-1")
    run(studio.ledger.url, "UPDATE ledger.recordings SET changed_at = now() - interval '1 hour'")
    assert notices.send_overdue(studio.ledger.writer, "") == 0
    assert studio.ledger.column("SELECT told FROM ledger.recordings") == ["ready"]


def test_a_link_stays_revoked_when_the_recording_arrives(studio: Studio) -> None:
    """Links may be revoked before the call has a recording."""
    studio.call("c1", "good-1")
    inviteid = studio.ledger.column("SELECT inviteid FROM calls.success")[0]
    run(studio.ledger.url, "DELETE FROM ledger.recordings")
    administration.revoke(studio.ledger.owner, inviteid)  # type: ignore[arg-type]
    studio.replay()
    assert studio.attempt("good-1").state == "ready"
    assert studio.ledger.column("SELECT links_revoked_at IS NOT NULL FROM ledger.recordings") == [True]


def test_a_change_of_a_fact_waits_for_the_lock_of_the_call(studio: Studio) -> None:
    """A batch that has locked a call reads a fact that does not change until it commits."""
    studio.call("c1", "good-1")
    other = Connection(studio.ledger.url)
    with other.transaction():
        other.execute("SELECT FROM ledger.calls FOR UPDATE")
        writer = Connection(studio.ledger.settings.writer_database_url)
        writer.execute("SET lock_timeout = '100ms'")
        with pytest.raises(Exception, match="55P03"):
            state_changes.set_failed(writer, studio.file("good-1"), "nothing")
    assert studio.row("good-1")["state"] == "pending"
