"""The end of recordings: files whose time is over, and those of people who are forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from chalicelib.errors import Unavailable
from chalicelib.ledger import forgetting
from chalicelib.platform import objects, runtime
from chalicelib.recordings import administration, retention
from tests.databases import run
from tests.ingest.telephony import CALLER, event
from tests.recordings.fetching.conftest import Studio

FAR = datetime(2100, 1, 1)  # noqa: DTZ001 - naive UTC


def test_an_expired_file_is_deleted(studio: Studio) -> None:
    """The row gets the time of deletion; neither a replay nor a second run changes that."""
    studio.call("c1", "good-1")
    studio.attempt("good-1")
    now = datetime.now(UTC).replace(tzinfo=None) + timedelta(2_000)
    assert retention.delete_expired(studio.ledger.writer, studio.settings, now - timedelta(1_999)) == 0
    assert retention.delete_expired(studio.ledger.writer, studio.settings, now) == 1
    row = studio.row("good-1")
    assert (studio.objects(), row["state"], row["callrecdel_dt"]) == ([], "deleted", now)
    assert retention.delete_expired(studio.ledger.writer, studio.settings, now) == 0
    assert studio.replay() == 0
    assert studio.attempt("good-1").state == "skipped"


def test_an_expired_file_of_a_row_from_a_pbx_is_deleted(studio: Studio) -> None:
    """The row's own recexpirets counts; a file in an unknown storage is left alone."""
    studio.put("x/a.mp3")
    for path, code in (("x/a.mp3", "main"), ("b.mp3", "elsewhere")):
        run(
            studio.ledger.url,
            "INSERT INTO calls.success (inviteid, isrec, callrecpath, callstoragecode, recexpirets)"
            " VALUES (gen_random_uuid(), true, %s, %s, '2026-01-01')",
            [path, code],
        )
    assert retention.delete_expired(studio.ledger.writer, studio.settings, FAR) == 1
    deleted = "SELECT callstoragecode FROM calls.success WHERE callrecdel_dt IS NOT NULL"
    assert (studio.ledger.column(deleted), studio.objects()) == (["main"], [])


def _row(studio: Studio, path: str, expires: str | None, code: str | None = "main", **others: object) -> None:
    """Add a row as a PBX writes it."""
    row = {"isrec": True, "callrecpath": path, "callstoragecode": code, "recexpirets": expires, **others}
    statement = "INSERT INTO calls.success (inviteid, {}) VALUES (gen_random_uuid(), {})"
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    run(studio.ledger.url, statement.format(names, places), list(row.values()))


@pytest.mark.parametrize(
    ("path", "code", "expires"),
    [("x/a.mp3", "main", "2027-01-01"), ("/x/a.mp3", None, None), ("x/a.mp3", "", "2027-01-01")],
)
def test_a_file_stays_while_any_row_needs_it(studio: Studio, path: str, code: str | None, expires: str | None) -> None:
    """Rows may spell its place differently; when the last one expires, the file is deleted for all of them."""
    studio.put("x/a.mp3")
    _row(studio, "x/a.mp3", "2026-01-01")
    _row(studio, path, expires, code)
    now = datetime(2026, 6, 1)  # noqa: DTZ001 - naive UTC
    assert retention.delete_expired(studio.ledger.writer, studio.settings, now) == 0
    assert studio.objects() == ["recordings/x/a.mp3"]
    run(studio.ledger.url, "UPDATE calls.success SET recexpirets = '2026-02-01'")
    assert retention.delete_expired(studio.ledger.writer, studio.settings, now) == 2
    assert studio.objects() == []


def _forget(studio: Studio, number: str = CALLER) -> dict[str, int]:
    owner = studio.ledger.owner
    return dict(forgetting.forget(owner, number, partial(retention.erase, owner, studio.settings), lambda _: None))


def test_the_recordings_of_a_forgotten_person_are_deleted(studio: Studio) -> None:
    """Files of other people stay; no replay, message or operator fetches a deleted one again."""
    studio.call("c1", "good-1")
    studio.call("c2", "good-2", 200)
    studio.attempt("good-1")
    studio.ledger.take(
        [
            event("c3", "107", kind, at, CallerIDNum="+79990000001", RecID="good-3")
            for kind, at in (("dial-in", 400), ("answer", 405), ("hangup", 460))
        ]
    )
    studio.attempt("good-3")
    assert _forget(studio)[forgetting.VOICES] == 1
    (left,) = studio.objects()
    assert left.endswith("good-3.wav")
    for recording in ("good-1", "good-2"):
        row = studio.row(recording)
        assert (row["state"], row["callrecpath"], row["callrecdel_dt"] is None) == ("deleted", None, False)
        assert studio.attempt(recording).state == "skipped"
    assert administration.failed(studio.ledger.owner, 10) == []
    assert studio.replay() == 0
    assert studio.row("good-3")["state"] == "ready"
    studio.call("c4", "good-1", 600)
    assert studio.attempt("good-1").state == "skipped"
    assert studio.objects() == [left]
    assert forgetting.VOICES not in _forget(studio)


def test_recordings_of_rows_from_a_pbx_are_deleted_for_a_forgotten_person(studio: Studio) -> None:
    """Rows without events lose their file, and so do all rows that name the same file."""
    for name in ("x/a.mp3", f"x/{CALLER}.mp3", "x/b.mp3"):
        studio.put(name)
    _row(studio, "x/a.mp3", None, anumber=CALLER)
    _row(studio, "/x/a.mp3", None, "", anumber="104")
    _row(studio, f"x/{CALLER}.mp3", None)
    _row(studio, "x/b.mp3", None, anumber=f"1{CALLER[1:]}")
    assert _forget(studio)[forgetting.VOICES] == 2
    assert studio.objects() == ["recordings/x/b.mp3"]
    kept = studio.ledger.column("SELECT callrecpath FROM calls.success WHERE callrecdel_dt IS NULL")
    assert kept == ["x/b.mp3"]


def test_a_person_is_not_forgotten_while_s3_is_away(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    """The number is erased only after the file, because it leads to the file."""
    studio.call("c1", "good-1")
    studio.attempt("good-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    runtime.renew()
    with pytest.raises(Unavailable):
        _forget(studio)
    assert studio.row("good-1")["state"] == "ready"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    runtime.renew()
    assert _forget(studio)[forgetting.VOICES] == 1
    assert studio.objects() == []


def test_a_file_that_arrives_after_its_erasure_is_deleted(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person may be forgotten while their recording is fetched."""
    studio.call("c1", "good-1")
    put = objects.put

    def overtaken(*arguments: object) -> None:
        put(*arguments)  # type: ignore[arg-type]
        _forget(studio)

    monkeypatch.setattr(objects, "put", overtaken)
    assert studio.attempt("good-1").state == "deleted"
    assert (studio.objects(), studio.row("good-1")["state"]) == ([], "deleted")
