"""Attempts to fetch a recording: which files are stored, tried again later, or given up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from chalicelib.platform import objects, runtime
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import fetch_queue, fetching, state_changes
from chalicelib.recordings.media_types import MEDIA_TYPES
from tests.databases import run
from tests.ingest.telephony import CLIENT
from tests.recordings.fetching.conftest import BUCKET, Studio
from tests.recordings.fetching.provider import SAMPLES, SOUND


def test_a_recording_is_stored_and_its_row_filled(studio: Studio) -> None:
    """Every documented column is filled, and the object is the provider's file with the right type."""
    studio.call("c1", "good-1")
    assert studio.row("good-1")["state"] == "pending"
    assert studio.attempt("good-1").state == "ready"
    row = studio.row("good-1")
    assert (row["isrec"], row["callrecsize"], row["recdomain"]) == (True, len(SOUND), CLIENT)
    assert row["callstoragecode"] == "main"
    assert row["callrecpath"].startswith(f"telphin/{CLIENT}/20")
    assert row["callrecpath"].endswith("/good-1.wav")
    left = row["recexpirets"] - datetime.now()  # noqa: DTZ005 - days, not hours
    assert timedelta(1_093) < left < timedelta(1_097)
    stored = studio.s3.get_object(Bucket=BUCKET, Key=f"recordings/{row['callrecpath']}")
    assert (stored["Body"].read(), stored["ContentType"]) == (SOUND, "audio/wav")


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.iterdir() if path.suffix not in {".md", ".sh"}))
def test_every_format_is_stored_under_its_own_name_and_type(studio: Studio, name: str) -> None:
    """The content decides on both, not the provider's name for the file."""
    studio.call("c1", f"sample-{name}")
    assert studio.attempt(f"sample-{name}").state == "ready"
    key = studio.objects()[0]
    extension = name.rpartition(".")[2]
    assert key.endswith(f"/sample-{name}.{extension}")
    assert studio.s3.get_object(Bucket=BUCKET, Key=key)["ContentType"] == MEDIA_TYPES[extension]


@pytest.mark.parametrize("name", ["pcm.wav", "xing.mp3", "vorbis.ogg", "frames.flac", "index-last.m4a", "indexed.webm"])
def test_half_a_recording_is_fetched_again(studio: Studio, name: str) -> None:
    """A file that the provider is still writing is complete at a later attempt."""
    studio.call("c1", f"half-{name}")
    outcome = studio.attempt(f"half-{name}")
    assert (outcome.state, outcome.delay) == ("pending", fetching.DELAYS[0])
    assert studio.objects() == []


def test_a_second_message_has_nothing_to_do(studio: Studio) -> None:
    """SQS may deliver a message twice; the file is fetched once."""
    studio.call("c1", "good-1")
    assert [studio.attempt("good-1").state for _ in range(3)] == ["ready", "skipped", "skipped"]
    assert studio.seen["/files/good-1"] == 1


def test_a_claimed_file_cannot_be_claimed_again(studio: Studio) -> None:
    """While an attempt lasts, no other one begins."""
    studio.call("c1", "good-1")
    assert fetch_queue.claim(studio.ledger.writer, studio.file("good-1"), 60) is not None
    assert fetch_queue.claim(studio.ledger.writer, studio.file("good-1"), 60) is None


def test_messages_at_the_same_time_fetch_one_file(studio: Studio) -> None:
    """The first one claims the file, and the others have nothing to do."""
    studio.call("c1", "good-1")

    def attempt(_: int) -> str:
        return fetching.attempt(Connection(studio.ledger.settings.writer_database_url), file, studio.settings).state

    file = studio.file("good-1")
    with ThreadPoolExecutor(4) as pool:
        states = sorted(pool.map(attempt, range(4)))
    assert states == ["ready", "skipped", "skipped", "skipped"]
    assert studio.seen["/files/good-1"] == 1


def test_a_crash_between_upload_and_row_is_repaired(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next attempt stores the same object under the same name, and the row follows."""
    studio.call("c1", "good-1")
    with monkeypatch.context() as crash:
        crash.setattr(state_changes, "set_ready", _crash)
        with pytest.raises(MemoryError):
            studio.attempt("good-1")
    assert (len(studio.objects()), studio.row("good-1")["state"]) == (1, "pending")
    assert studio.attempt("good-1").state == "ready"
    assert studio.objects() == [f"recordings/{studio.row('good-1')['callrecpath']}"]


def _crash(*_: object) -> None:
    raise MemoryError


def test_a_file_that_ends_the_process_is_given_up_too(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not fetched for ever."""
    studio.call("c1", "good-1")
    monkeypatch.setattr(objects, "put", _crash)
    for _ in range(2):
        with pytest.raises(MemoryError):
            studio.attempt("good-1", recording_attempts=2)
    assert studio.attempt("good-1", recording_attempts=2).state == "failed"
    assert studio.row("good-1")["reason"] == "after 2 attempts: the last one was broken off"


def test_a_login_serves_many_files_until_it_is_refused(studio: Studio) -> None:
    """The token is requested once, and again when the provider revokes it."""
    for number in range(3):
        studio.call(f"c{number}", f"good-{number}", 100 * number)
    assert [studio.attempt(f"good-{number}").state for number in range(2)] == ["ready", "ready"]
    assert studio.seen["/oauth/token"] == 1
    studio.moods.current = "another"
    assert studio.attempt("good-2").state == "ready"
    assert studio.seen["/oauth/token"] == 2


def test_a_recording_without_a_call_is_skipped(studio: Studio) -> None:
    """A message about an unknown file changes nothing."""
    assert studio.attempt("unheard-of").state == "skipped"


def test_a_file_that_is_not_ready_is_tried_again(studio: Studio) -> None:
    """The next attempt stores it."""
    studio.call("c1", "late-1")
    first = studio.attempt("late-1")
    assert (first.state, first.delay) == ("pending", fetching.DELAYS[0])
    assert "404" in studio.row("late-1")["reason"]
    assert studio.attempt("late-1").state == "ready"
    assert studio.row("late-1")["reason"] == ""


TEMPORARY = {
    "unknown": "404",
    "down": "503",
    "page": 'a page with the title "Please log in"',
    "wide": 'a page with the title "Войдите в систему"',
    "silent": "no audio",
    "denied": 'status 403: a page with the title "Ссылка устарела"',
    "empty": "empty",
    "packed": "compressed",
    "broken": "of",
    "chunks": "broke off",
    "reset": "broke off",
    "drip": "longer than 1 seconds",
}


@pytest.mark.parametrize("mood", TEMPORARY)
def test_a_temporary_failure_is_tried_later(studio: Studio, mood: str) -> None:
    """A provider is away or slow, breaks off or sends something else: the reason is stored, S3 stays empty."""
    studio.call("c1", f"{mood}-1")
    outcome = studio.attempt(f"{mood}-1")
    assert (outcome.state, outcome.delay) == ("pending", fetching.DELAYS[0])
    assert TEMPORARY[mood] in studio.row(f"{mood}-1")["reason"]
    assert studio.objects() == []


FINAL = {
    "endless": "longer than 1000000",
    "huge": "at most 1000000",
    "round": "redirects",
    "inward": "RECORDING_HOSTS",
    "nowhere": "none",
    "elsewhere": "RECORDING_HOSTS",
}


@pytest.mark.parametrize("mood", FINAL)
def test_a_final_failure_is_given_up_at_once(studio: Studio, mood: str) -> None:
    """The file is too large or its address is refused: the call has no recording, and the reason is stored."""
    studio.moods.elsewhere = "https://evil.example/a.wav"
    studio.call("c1", f"{mood}-1")
    outcome = studio.attempt(f"{mood}-1", recording_seconds=20)
    row = studio.row(f"{mood}-1")
    assert (outcome.state, row["state"], row["isrec"]) == ("failed", "failed", False)
    assert FINAL[mood] in row["reason"]
    assert studio.objects() == []


def test_a_redirect_is_followed(studio: Studio) -> None:
    """Providers keep their files on other hosts."""
    studio.call("c1", "onward-1")
    assert studio.attempt("onward-1").state == "ready"


def test_delays_grow_until_the_file_is_given_up(studio: Studio) -> None:
    """After the last attempt the call has no recording."""
    studio.call("c1", "unknown-1")
    outcomes = [studio.attempt("unknown-1", recording_attempts=5) for _ in range(5)]
    delays = [outcome.delay for outcome in outcomes]
    assert delays == [*fetching.DELAYS[:4], 0]
    assert studio.row("unknown-1")["reason"].startswith("after 5 attempts: ")
    assert studio.attempt("unknown-1").state == "skipped"


def test_refused_credentials_are_a_reason_without_the_secret(studio: Studio) -> None:
    """The operator sees that the provider refuses them, and can correct them."""
    studio.call("c1", "good-1")
    outcome = studio.attempt("good-1", telphin_client_secret="gone-secret")
    assert "401" in outcome.reason
    assert "gone-secret" not in outcome.reason
    assert studio.attempt("good-1").state == "ready"


def test_missing_credentials_are_named(studio: Studio) -> None:
    """An incomplete set-up loses no recording."""
    studio.call("c1", "good-1")
    assert "TELPHIN_CLIENT_ID" in studio.attempt("good-1", telphin_client_id="").reason


def test_the_file_is_fetched_again_after_s3_was_away(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    """The reason names the storage; the next attempt succeeds."""
    studio.call("c1", "good-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    runtime.renew()
    assert "storage" in studio.attempt("good-1").reason
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    runtime.renew()
    assert studio.attempt("good-1").state == "ready"


def test_a_name_with_dots_stays_below_its_folder(studio: Studio) -> None:
    """A provider may name its files as it likes; the path in S3 is safe."""
    studio.call("c1", "../../good")
    assert studio.attempt("../../good").state in {"ready", "pending"}
    assert all(".." not in key for key in studio.objects())


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_of_dots_is_never_requested(studio: Studio, name: str) -> None:
    """Clients resolve dots in a path, so it would name another resource of the provider."""
    studio.call("c1", name)
    assert studio.attempt(name).state == "failed"
    assert list(studio.seen) == []


def test_the_address_comes_from_a_template(studio: Studio) -> None:
    """RECORDING_SOURCES has the address and the token of an integration."""
    studio.call("c1", "good-1")
    template = (
        f'{{"telphin/{CLIENT}": {{"url": "{studio.settings.telphin_url}/files/good-{{recording}}", "token": "t"}}}}'
    )
    assert studio.attempt("good-1", recording_sources=template).state == "ready"
    assert studio.seen["/files/good-good-1"] == 1


@pytest.mark.parametrize("text", ["[]", "{", '{"a": 1}', '{"a": {"b": "c"}}', '{"a": {"url": 1}}'])
def test_malformed_sources_are_a_reason(studio: Studio, text: str) -> None:
    """The reason names the setting."""
    studio.call("c1", "good-1")
    assert "RECORDING_SOURCES" in studio.attempt("good-1", recording_sources=text).reason


def test_a_recording_is_requested_once(studio: Studio) -> None:
    """Ingest queues a file when the call is stored, and not again when its events are repeated."""
    requested: list[object] = []
    webhooks = studio.call("c1", "good-1")
    run(studio.ledger.url, "TRUNCATE ledger.recordings")
    from chalicelib.envelope import reading  # noqa: PLC0415 - as the ledger's own helper does
    from chalicelib.ledger import store  # noqa: PLC0415

    later = [webhook.__class__(**{**vars(webhook), "copy": 1}) for webhook in webhooks]
    for batch in (later, later):
        store.take(studio.ledger.writer, [reading.read(text) for text in studio.ledger.texts(batch)], requested.extend)
    assert requested == [studio.file("good-1")]
