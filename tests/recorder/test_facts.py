"""Facts beside events: a late event or a replay never wipes them, and calls that share a file share its fate."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from chalicelib.ledger import recording_list, recording_notices, recordings
from chalicelib.ledger.replay import replay
from chalicelib.maintenance import recordings as maintenance
from chalicelib.platform.postgres import Connection
from tests.databases import run
from tests.ingest.telephony import event
from tests.recorder.conftest import BUCKET, Studio

SCHEMA = Path(recording_notices.__file__).with_name("recording_notice.schema.json")
FAR = datetime(2100, 1, 1)  # noqa: DTZ001 - naive UTC


def _replay(studio: Studio) -> int:
    since = datetime(2000, 1, 1)  # noqa: DTZ001 - naive UTC
    report = replay(Connection(studio.ledger.url), since, FAR, "", lambda _: None)
    return sum(report.changes.values())


def _success(studio: Studio) -> list[str]:
    return studio.ledger.tables(["calls.success"])["calls.success"]


@pytest.mark.parametrize("mood", ["good", "huge", "late"])
def test_a_replay_changes_nothing_of_what_the_recorder_learned(studio: Studio, mood: str) -> None:
    """Ready, given up or still waiting: the rows stay as they are, to the last column."""
    studio.call("c1", f"{mood}-1")
    studio.attempt(f"{mood}-1")
    before = _success(studio)
    assert (_replay(studio), _success(studio)) == (0, before)


def test_a_late_event_corrects_a_row_and_keeps_its_recording(studio: Studio) -> None:
    """The hangup that came twice with another end: the row is written anew, and still plays."""
    studio.call("c1", "good-1")
    studio.attempt("good-1")
    path = studio.row("good-1")["callrecpath"]
    run(studio.ledger.url, "UPDATE ledger.recordings SET told = state")
    studio.ledger.take([event("c1", "106", "dial-in", -30)])
    assert studio.ledger.column("SELECT dial_duration FROM calls.success") == [35]
    assert studio.row("good-1")["callrecpath"] == path


def test_calls_that_share_a_file_are_all_told(studio: Studio) -> None:
    """One fetch, and every row has it; so has a call that comes later, without another fetch."""
    for number in range(3):
        studio.call(f"c{number}", "good-1", 100 * number)
    assert len(studio.attempt("good-1").changed) == 3
    studio.call("c9", "good-1", 900)
    paths = studio.ledger.column("SELECT callrecpath FROM calls.success")
    assert (len(paths), len(set(paths))) == (4, 1)
    assert studio.seen["/files/good-1"] == 1


def test_what_changes_is_a_new_version_of_the_call(studio: Studio) -> None:
    """Whoever reads changes of records sees that the recording came."""
    studio.call("c1", "good-1")
    versions = "SELECT version FROM ledger.records UNION ALL SELECT version FROM ledger.calls"
    before = studio.ledger.column(versions)
    studio.attempt("good-1")
    assert studio.ledger.column(versions) == [int(str(version)) + 1 for version in before]


def test_a_recording_that_was_given_up_can_be_fetched_again(studio: Studio) -> None:
    """What an operator repaired works at once, with attempts counted from the beginning."""
    studio.call("c1", "unknown-1")
    studio.attempt("unknown-1", recording_attempts=1)
    assert studio.row("unknown-1")["isrec"] is False
    failed = recording_list.failed(studio.ledger.owner, 10)
    assert recording_list.again(studio.ledger.owner, failed) == [studio.file("unknown-1")]
    row = studio.row("unknown-1")
    assert (row["state"], row["attempts"], row["isrec"]) == ("pending", 0, True)


def test_a_lost_message_is_found_by_the_maintenance(studio: Studio, endpoint: str) -> None:
    """A pending file whose turn was long ago is queued again, once a turn."""
    studio.call("c1", "good-1")
    sqs = boto3.client("sqs", endpoint_url=endpoint, region_name="us-east-1")
    url = sqs.create_queue(QueueName="of-the-maintenance")["QueueUrl"]
    settings = replace(studio.settings, recordings_queue_url=url)
    assert maintenance.queue_overdue(studio.ledger.writer, settings) == 0
    run(studio.ledger.url, "UPDATE ledger.recordings SET due_at = now() - interval '1 hour'")
    assert maintenance.queue_overdue(studio.ledger.writer, settings) == 1
    body = sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]
    assert json.loads(body) == {"version": 1, **studio.file("good-1")._asdict()}


def test_retention_deletes_the_file_and_says_when(studio: Studio) -> None:
    """The object goes, the row gets its time of deletion, and neither a replay nor a second turn changes that."""
    studio.call("c1", "good-1")
    studio.attempt("good-1")
    now = datetime.now(UTC).replace(tzinfo=None) + timedelta(2_000)
    assert maintenance.delete_expired(studio.ledger.writer, studio.settings, now - timedelta(1_999)) == 0
    assert maintenance.delete_expired(studio.ledger.writer, studio.settings, now) == 1
    row = studio.row("good-1")
    assert (studio.objects(), row["state"], row["callrecdel_dt"]) == ([], "deleted", now)
    assert maintenance.delete_expired(studio.ledger.writer, studio.settings, now) == 0
    assert _replay(studio) == 0
    assert studio.attempt("good-1").state == "skipped"


def test_retention_holds_for_rows_of_others_too(studio: Studio) -> None:
    """A row that a PBX gave ready-made is deleted by its own recexpirets; one in no storage of ours is left alone."""
    studio.s3.put_object(Bucket=BUCKET, Key="recordings/x/a.mp3", Body=b"ID3")
    for path, code in (("x/a.mp3", "main"), ("b.mp3", "elsewhere")):
        run(
            studio.ledger.url,
            "INSERT INTO calls.success (inviteid, isrec, callrecpath, callstoragecode, recexpirets)"
            " VALUES (gen_random_uuid(), true, %s, %s, '2026-01-01')",
            [path, code],
        )
    assert maintenance.delete_expired(studio.ledger.writer, studio.settings, FAR) == 1
    deleted = "SELECT callstoragecode FROM calls.success WHERE callrecdel_dt IS NOT NULL"
    assert (studio.ledger.column(deleted), studio.objects()) == (["main"], [])


def test_changes_of_state_are_told_once_and_by_the_schema(studio: Studio, endpoint: str) -> None:
    """Ready, failed and deleted; what could not be told at first is told by the maintenance."""
    sqs = boto3.client("sqs", endpoint_url=endpoint, region_name="us-east-1")
    url = sqs.create_queue(QueueName="of-the-listener")["QueueUrl"]
    studio.call("c1", "good-1")
    studio.call("c2", "huge-1", 200)
    ready, failed = studio.attempt("good-1").changed, studio.attempt("huge-1").changed
    writer = studio.ledger.writer
    assert recording_notices.tell(writer, "http://127.0.0.1:1/nowhere", ready) == 0
    assert recording_notices.tell(writer, url, [*ready, *failed]) == 2
    assert recording_notices.tell(writer, url, [*ready, *failed]) == 0
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    maintenance.delete_expired(writer, replace(studio.settings, recording_target=arn), FAR)
    told = []
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            told.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert sorted(message["event"] for message in told) == ["recording.deleted", "recording.failed", "recording.ready"]
    schema = json.loads(SCHEMA.read_text("utf-8"))
    for message in told:
        assert set(schema["required"]) <= set(message) <= set(schema["properties"])
        assert message["event"] in schema["properties"]["event"]["enum"]


def test_what_was_not_told_is_told_later(studio: Studio) -> None:
    """A crash between the change and its message loses no message."""
    studio.call("c1", "good-1")
    studio.attempt("good-1")
    run(studio.ledger.url, "UPDATE ledger.recordings SET changed_at = now() - interval '1 hour'")
    assert recording_notices.tell_forgotten(studio.ledger.writer, "") == 0
    assert studio.ledger.column("SELECT told FROM ledger.recordings") == ["ready"]


def test_a_revoked_link_outlives_the_recording_that_comes(studio: Studio) -> None:
    """Revoked before anything was recorded, it stays revoked when the file is there."""
    studio.call("c1", "good-1")
    inviteid = studio.ledger.column("SELECT inviteid FROM calls.success")[0]
    run(studio.ledger.url, "DELETE FROM ledger.recordings")
    recording_list.revoke(studio.ledger.owner, inviteid)  # type: ignore[arg-type]
    _replay(studio)
    assert studio.attempt("good-1").state == "ready"
    assert studio.ledger.column("SELECT links_revoked_at IS NOT NULL FROM ledger.recordings") == [True]


def test_the_locks_of_calls_come_first(studio: Studio) -> None:
    """A batch that holds a call keeps its fact from being changed in between."""
    studio.call("c1", "good-1")
    other = Connection(studio.ledger.url)
    with other.transaction():
        other.execute("SELECT FROM ledger.calls FOR UPDATE")
        writer = Connection(studio.ledger.settings.writer_database_url)
        writer.execute("SET lock_timeout = '100ms'")
        with pytest.raises(Exception, match="55P03"):
            recordings.settle_failed(writer, studio.file("good-1"), "nothing")
    assert studio.row("good-1")["state"] == "pending"
