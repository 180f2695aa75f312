"""The archive: closed months are written to S3, read back, dropped, and brought back as they were."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.admin import commands
from chalicelib.archive import archiving, manifests, parquet_parts
from chalicelib.archive.parquet_parts import ArchiveFault
from chalicelib.errors import Unavailable
from chalicelib.maintenance import call_figures, partitions
from chalicelib.platform.postgres import Connection, Parameters, Row
from tests.archive.months import BUCKET, LATER, MONTH, Archive, state
from tests.databases import run
from tests.ingest.telephony import BEGIN, answered, missed, ring_group

NAME = "2026-11"
LATE_SECOND = int((LATER - BEGIN).total_seconds())
#: Values at the edges of their types.
EDGES = (
    "INSERT INTO calls.success"
    " (inviteid, invitedt, recexpirets, callrecdel_dt, dial_dt, anumber, duration, callrecsize, isrec) VALUES"
    " (gen_random_uuid(), '2026-11-20 10:00:00.000001', 'infinity', '-infinity', '4713-01-01 00:00 BC',"
    " E'\\u00e9\\t\"\\\\''', -2147483648, 9223372036854775807, NULL),"
    " (NULL, '2026-11-30 23:59:59.999999', '9999-12-31 23:59:59.999999', '0001-01-01', '1969-12-31 23:59:59.999999',"
    " '', 2147483647, -9223372036854775808, false)"
)


@pytest.fixture
def filled(archive: Archive) -> Archive:
    """Return an archive beside a ledger with calls of an old and of a recent month."""
    archive.ledger.take(ring_group("C1", 0) + missed("C2", 60) + answered("C3", LATE_SECOND))
    run(archive.ledger.url, EDGES)
    call_figures.refresh(archive.ledger.owner, LATER)
    return archive


def test_a_month_that_is_archived_retired_and_restored_is_identical(filled: Archive) -> None:
    """Every row of calls and raw events comes back as it was, and reports see it again."""
    before = filled.rows()
    figures = filled.ledger.tables(["metrics.calls"])

    assert filled.retire() == [MONTH, f"events_{MONTH}"]
    assert filled.rows() != before
    for kind in ("calls", "events"):
        done = filled.command("restore", NAME, "--kind", kind)
        assert done.exit == 0, done.errors

    assert filled.rows() == before
    assert filled.ledger.tables(["metrics.calls"]) == figures
    assert (state(filled.ledger), state(filled.ledger, "events")) == ("restored", "restored")


@pytest.mark.verify
def test_a_restored_month_is_retired_again_when_its_time_is_over(filled: Archive) -> None:
    """It stays for the days of the order; then it leaves again, and the archive has the same rows."""
    before = filled.rows()
    filled.retire()
    rows = [each.model_dump(include={"table", "rows"}) for each in manifests.read(BUCKET, "calls", NAME).files]
    filled.command("restore", NAME, "--days", "1")
    run(filled.ledger.url, "UPDATE ledger.retirements SET kept_until = kept_until + interval '100 days'")
    assert filled.retire() == []

    run(filled.ledger.url, "UPDATE ledger.retirements SET kept_until = '2026-01-01' WHERE kind = 'calls'")
    assert filled.retire() == [MONTH]

    again = [each.model_dump(include={"table", "rows"}) for each in manifests.read(BUCKET, "calls", NAME).files]
    assert again == rows
    assert filled.command("restore", NAME).exit == 0
    filled.command("restore", NAME, "--kind", "events")
    assert filled.rows() == before


def test_the_layout_is_that_of_hive(filled: Archive) -> None:
    """Each table and month is a folder with nothing but Parquet files, also where there are no rows."""
    filled.retire()
    folders = {key.rpartition("/")[0] for key in filled.objects() if key.endswith(".parquet")}
    assert len(folders) == 16
    assert "archive/table=calls.success/month=2026-11" in folders
    others = [key for key in filled.objects() if not key.endswith(".parquet")]
    assert others == ["archive/manifests/calls/2026-11.json", "archive/manifests/events/2026-11.json"]


class _Dying(Connection):
    """A connection that ends with its process after some statements."""

    def __init__(self, url: str, statements: int) -> None:
        """Die before the statement after `statements`."""
        super().__init__(url)
        self._left = statements

    def execute(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """Run a statement, or die."""
        self._left -= 1
        if self._left < 0:
            self.close()
            raise Unavailable("killed")
        return super().execute(sql, parameters)


# Each takes three seconds, so `make test` has one end in the middle.
@pytest.mark.parametrize(
    "statements", [40, *(pytest.param(count, marks=pytest.mark.verify) for count in (0, 1, 2, 4, 7, 9, 13, 90, 150))]
)
def test_a_run_that_is_killed_loses_nothing(filled: Archive, statements: int) -> None:
    """Wherever a run ends, nothing is dropped that is not archived, and the next run completes it."""
    before = filled.rows()
    filled.maintain()
    with pytest.raises(Unavailable):
        filled.write(_Dying(filled.ledger.settings.archiver_database_url, statements))
    assert filled.rows() == before
    filled.maintain()

    assert filled.write() + filled.maintain() != []
    assert filled.rows()["calls.cancelled"] == []
    for kind in ("calls", "events"):
        filled.command("restore", NAME, "--kind", kind)
    assert filled.rows() == before


def test_time_that_is_over_leaves_the_rest_to_the_next_run(filled: Archive) -> None:
    """Files that are done are not written again."""
    filled.maintain()
    archiver = Connection(filled.ledger.settings.archiver_database_url)
    clock = iter([1e9] * 3 + [0.0])
    assert archiving.run(archiver, BUCKET, lambda: next(clock)) == []
    written = {each["Key"]: each["LastModified"] for each in filled.s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert len(written) == 3

    assert filled.write() == [f"calls {NAME}", f"events {NAME}"]
    assert filled.maintain() == [MONTH, f"events_{MONTH}"]


@pytest.mark.verify
def test_a_change_while_the_month_is_archived_is_archived_too(filled: Archive) -> None:
    """Rows that change after they were read are read again before the month is dropped."""
    filled.maintain()
    filled.write()
    run(filled.ledger.url, "UPDATE calls.cancelled SET stopreason = 'changed'")

    assert MONTH not in filled.maintain()
    filled.write()
    assert filled.maintain() == [MONTH]
    filled.command("restore", NAME)
    assert filled.ledger.column("SELECT stopreason FROM calls.cancelled") == ["changed"]


@pytest.mark.verify
def test_raw_events_that_come_after_their_month_get_a_file_of_their_own(filled: Archive) -> None:
    """A message of an archived month that was late in the queue is kept, and both files are restored."""
    before = len(filled.rows()["ledger.events"])
    filled.retire()
    filled.ledger.take(answered("C9", 300))
    partitions.prepare(filled.ledger.owner, LATER)

    assert filled.retire() == [f"events_{MONTH}"]

    files = manifests.read(BUCKET, "events", NAME).files
    assert [(file.key.rpartition("/")[2], file.run) for file in files] == [("part-0.parquet", 0), ("part-1.parquet", 1)]
    filled.command("restore", NAME, "--kind", "events")
    assert len(filled.rows()["ledger.events"]) == before + 3


def test_a_stored_file_that_differs_is_noticed(filled: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """A month whose stored file is not equal to the table is never dropped."""
    filled.maintain()
    real = parquet_parts.batches

    def shortened(file: Any, size: int = 2_000) -> Any:
        return (batch.slice(0, max(0, batch.num_rows - 1)) for batch in real(file, size))

    monkeypatch.setattr(parquet_parts, "batches", shortened)
    with pytest.raises(ArchiveFault, match="differs from its table"):
        filled.write()
    assert filled.maintain() == []
    assert state(filled.ledger) == "closed"


@pytest.mark.verify
def test_verify_names_damaged_files(filled: Archive) -> None:
    """Missing and changed files are listed, the exit status is 1, and a restoration of them is refused."""
    filled.retire()
    assert filled.command("verify").output == (
        "calls of 2026-11: 15 files, 0 faults\nevents of 2026-11: 1 files, 0 faults\n"
    )
    filled.s3.delete_object(Bucket=BUCKET, Key=manifests.file_key("calls.forks", NAME, 0))
    filled.s3.put_object(Bucket=BUCKET, Key=manifests.file_key("calls.success", NAME, 0), Body=b"PAR1 and no more")

    found = filled.command("verify", NAME)

    assert found.exit == 1
    assert "forks/month=2026-11/part-0.parquet is missing" in found.errors
    assert "success/month=2026-11/part-0.parquet has another checksum" in found.errors
    assert filled.command("restore", NAME).exit == 1
    assert state(filled.ledger) == "restoring"


@pytest.mark.verify
def test_list_and_dry_run(filled: Archive) -> None:
    """The list has each month with its state, rows and files, and a dry run restores nothing."""
    filled.retire()
    listed = json.loads(filled.command("list", "--json").output)
    assert [(row["kind"], row["month"], row["state"], row["files"]) for row in listed] == [
        ("calls", NAME, "retired", "15"),
        ("events", NAME, "retired", "1"),
    ]
    dry = filled.command("restore", NAME, "--dry-run").output
    assert "calls.cancelled: 1 rows\n" in dry
    assert state(filled.ledger) == "retired"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["restore", "2020-01"], "The archive has no calls of 2020-01"),
        (["restore", "2020-13"], "'2020-13' is not a month: write it as 2024-01"),
        (["verify", "2020-01"], "The archive has nothing of 2020-01"),
    ],
)
def test_wrong_months_are_named(archive: Archive, words: list[str], message: str) -> None:
    """An order about a month that the archive does not have says what it has or how to write it."""
    refused = archive.command(*words)
    assert refused.exit in {1, 2}
    assert message in refused.errors


def test_a_month_that_is_there_is_not_restored(filled: Archive) -> None:
    """Only a retired month is restored: one that is archived and not dropped is in the database."""
    filled.maintain()
    filled.write()
    assert "are not retired" in filled.command("restore", NAME).errors


@pytest.mark.verify
def test_large_months_have_several_files(filled: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files hold whole days, and all of them together are the month."""
    monkeypatch.setattr(archiving, "FILE_ROWS", 2)
    run(
        filled.ledger.url,
        "INSERT INTO calls.holds (inviteid, invitedt)"
        " SELECT gen_random_uuid(), '2026-11-01'::timestamp + n * interval '8 hours' FROM generate_series(0, 20) n",
    )
    before = filled.rows()["calls.holds"]
    filled.retire()
    files = [file for file in manifests.read(BUCKET, "calls", NAME).files if file.table == "calls.holds"]
    assert len(files) == 7
    assert (files[0].since, files[-1].until) == (BEGIN.replace(day=1, hour=0), BEGIN.replace(month=12, day=1, hour=0))
    filled.command("restore", NAME)
    assert filled.rows()["calls.holds"] == before


def test_a_number_is_forgotten_in_the_archive(filled: Archive) -> None:
    """Archived rows and webhooks lose the digits, the manifest follows, and the counts stay."""
    before = {name: len(rows) for name, rows in filled.rows().items()}
    filled.retire()
    counted = commands.run(["person", "forget", "+79214567892", "--dry-run"], lambda: "")
    assert "archive: calls.success: " in counted.output
    done = commands.run(["person", "forget", "+79214567892", "--yes"], lambda: "")
    assert done.exit == 0, done.errors
    assert "archive: ledger.events: " in done.output

    assert filled.command("verify").exit == 0
    for kind in ("calls", "events"):
        filled.command("restore", NAME, "--kind", kind)
    after = filled.rows()
    assert {name: len(rows) for name, rows in after.items()} == before
    assert "9214567892" not in str(after)
