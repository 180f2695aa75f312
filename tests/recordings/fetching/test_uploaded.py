"""Recordings that a PBX uploads by a form: they are attached to their call, whichever comes first."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
import requests

from chalicelib.errors import InvalidRequest
from chalicelib.platform.postgres import Connection
from chalicelib.providers import telphin
from chalicelib.recordings import fetching, incoming, retention
from chalicelib.recordings.incoming import UploadForm
from tests.databases import run
from tests.ingest.telephony import CLIENT
from tests.recordings.fetching.conftest import Studio
from tests.recordings.fetching.provider import SOUND

NAME = "out-1130-1801-20261128.wav"
SECONDS = 20


@pytest.fixture(autouse=True)
def uploads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the provider of these tests upload its recordings."""
    monkeypatch.setattr(telphin, "PROVIDER", replace(telphin.PROVIDER, uploads_recordings=True))


def form(studio: Studio, name: str = NAME) -> UploadForm:
    """Return the form for a file of the ledger's client."""
    ((extension,),) = run(studio.ledger.url, "SELECT min(id) FROM ledger.extensions WHERE client = %s", [CLIENT])
    return incoming.form(studio.settings, "telphin", int(str(extension)), f'{{"name": "{name}"}}'.encode())


def upload(studio: Studio, content: bytes = SOUND, name: str = NAME) -> int:
    """Upload a file as a PBX does, and return the status of S3."""
    made = form(studio, name)
    return requests.post(made.url, data=made.fields, files={"file": content}, timeout=SECONDS).status_code


def test_an_uploaded_file_becomes_the_recording_of_its_call(studio: Studio) -> None:
    """The recorder takes it under the name that the events give, checks it, and leaves nothing behind."""
    studio.call("c1", NAME)
    assert upload(studio) == 204
    assert studio.attempt(NAME).state == "ready"
    row = studio.row(NAME)
    assert (row["isrec"], row["callrecsize"], row["recdomain"]) == (True, len(SOUND), CLIENT)
    assert row["callrecpath"] == f"telphin/{CLIENT}/{datetime.now():%Y/%m/%d}/{NAME}"  # noqa: DTZ005 - as the database
    assert studio.objects() == [f"recordings/{row['callrecpath']}"]


def test_a_call_waits_for_the_upload(studio: Studio) -> None:
    """Until the file is there, the recording is pending and the reason says so."""
    studio.call("c1", NAME)
    outcome = studio.attempt(NAME)
    assert (outcome.state, outcome.delay) == ("pending", fetching.DELAYS[0])
    assert "has not uploaded" in studio.row(NAME)["reason"]
    upload(studio)
    assert studio.attempt(NAME).state == "ready"


def test_a_file_waits_for_its_call(studio: Studio) -> None:
    """The upload may come first."""
    upload(studio)
    studio.call("c1", NAME)
    assert studio.attempt(NAME).state == "ready"


def test_what_is_no_recording_is_not_attached(studio: Studio) -> None:
    """A later upload of the whole file replaces what is wrong or cut off."""
    studio.call("c1", NAME)
    upload(studio, b"<html>no sound</html>")
    assert studio.attempt(NAME).state == "pending"
    upload(studio)
    assert studio.attempt(NAME).state == "ready"


def test_a_file_above_the_limit_is_given_up(studio: Studio) -> None:
    """The limit holds for files that came before it was lowered."""
    studio.call("c1", NAME)
    upload(studio)
    assert studio.attempt(NAME, recording_limit=10).state == "failed"
    assert "at most 10" in studio.row(NAME)["reason"]


def test_a_file_of_another_name_is_not_attached(studio: Studio) -> None:
    """The name decides, and every sender has a folder of its own."""
    upload(studio, name="other.wav")
    studio.call("c1", NAME)
    assert studio.attempt(NAME).state == "pending"
    keys = {incoming.key("telphin", number, NAME) for number in (1, 2)} | {incoming.key("mtt", 1, NAME)}
    assert len(keys) == 3


def test_a_forgotten_call_loses_its_waiting_file(studio: Studio) -> None:
    """It is deleted where it waits, and nothing fetches it again."""
    studio.call("c1", NAME)
    upload(studio)
    ((inviteid,),) = run(studio.ledger.url, "SELECT inviteid::text FROM calls.success")
    now = datetime.now(UTC).replace(tzinfo=None)
    retention.erase(Connection(studio.ledger.url), studio.settings, [UUID(str(inviteid))], now)
    assert studio.objects() == []
    assert studio.attempt(NAME).state == "skipped"


def test_a_configured_address_comes_first(studio: Studio) -> None:
    """Who sets RECORDING_SOURCES has the files fetched instead."""
    studio.call("c1", NAME)
    upload(studio)
    sources = '{"telphin": {"url": "https://records.example/{recording}"}}'
    assert "RECORDING_HOSTS" in studio.attempt(NAME, recording_sources=sources).reason


def test_the_form_takes_one_file_within_its_limit(studio: Studio) -> None:
    """The key is fixed, and S3 itself refuses what is too large."""
    made = form(studio)
    conditions = json.loads(b64decode(made.fields["policy"]))["conditions"]
    assert ["content-length-range", 0, made.limit] in conditions
    assert {"key": made.fields["key"]} in conditions
    assert (made.fields["key"].startswith(incoming.PREFIX), NAME in made.fields["key"]) == (True, False)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"name": ""}', b'{"name": "a/b.wav"}', b'{"name": 7}', b'{"name": "a\\u0000"}']
)
def test_a_body_without_a_name_is_refused(studio: Studio, body: bytes) -> None:
    """The answer says what would be right."""
    with pytest.raises(InvalidRequest, match="without its folder"):
        incoming.form(studio.settings, "telphin", 1, body)
