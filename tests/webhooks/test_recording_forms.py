"""Requests for a form by which a PBX uploads a recording."""

from __future__ import annotations

import boto3
import pytest
import requests

from chalicelib.recordings import incoming
from tests.webhooks.conftest import BUCKET, EXTENSIONS, OLDER, Surface, key

NAME = "out-1130-1801.wav"
BODY = f'{{"name": "{NAME}"}}'
SECONDS = 20


def test_s3_takes_a_recording_by_the_form(surface: Surface, endpoint: str) -> None:
    """The holder of a key gets a form, and the file waits in the folder of this key. Nothing is queued."""
    answer = surface.post(f"/webhooks/asterisk/{key('asterisk')}/recordings", BODY)
    assert answer.status_code == 200
    form = answer.json()
    assert (form["limit"], form["expires"]) == (200_000_000, 900)
    stored = requests.post(form["url"], data=form["fields"], files={"file": b"sound"}, timeout=SECONDS)
    assert stored.status_code == 204
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    waiting = incoming.key("asterisk", EXTENSIONS["asterisk"], NAME)
    assert s3.get_object(Bucket=BUCKET, Key=waiting)["Body"].read() == b"sound"
    assert surface.queued() == []


@pytest.mark.parametrize("provider", ["telphin", "mtt", "native", "unknown"])
def test_providers_whose_recordings_are_fetched_have_no_form(surface: Surface, provider: str) -> None:
    """The address exists only where the PBX uploads its files."""
    address = f"/webhooks/{provider}/{key('telphin') if provider == 'unknown' else key(provider)}/recordings"
    assert surface.post(address, BODY).status_code == 404
    assert surface.queued() == []


@pytest.mark.parametrize(
    "text",
    ["x" * 32, key("telphin"), key("asterisk", secrets=((2, "a secret of another installation"),))],
    ids=["mistyped", "of another provider", "forged"],
)
def test_a_wrong_key_gets_no_form(surface: Surface, text: str) -> None:
    """The key is checked as for webhooks."""
    assert surface.post(f"/webhooks/asterisk/{text}/recordings", BODY).status_code == 404


def test_an_older_key_gets_a_form(surface: Surface) -> None:
    """Keys of the former secret work while it is kept."""
    text = key("asterisk", secrets=(OLDER,))
    assert surface.post(f"/webhooks/asterisk/{text}/recordings", BODY).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"), [("", 400), ('{"name": "a/b"}', 400), (f'{{"name": "{"x" * 5_000}"}}', 413)]
)
def test_a_wrong_body_is_refused(surface: Surface, body: str, status: int) -> None:
    """The answer says what would be right; large bodies are not read."""
    assert surface.post(f"/webhooks/asterisk/{key('asterisk')}/recordings", body).status_code == status
