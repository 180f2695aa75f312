"""Keys over HTTP: valid during a rotation, only for their own provider, and not once revoked."""

from __future__ import annotations

import time
from collections.abc import Callable

import boto3
import pytest

from chalicelib.registry import revocations
from tests.webhooks.conftest import BUCKET, EXTENSIONS, NEWER, OLDER, Start, Surface, key
from tests.webhooks.samples import MTT, TELPHIN

HANGUP = TELPHIN["hangup"]
UNKNOWN = (3, "a-secret-that-is-not-in-use-now")


def test_both_generations_work_during_a_rotation(surface: Surface) -> None:
    """Addresses under the older and the newer secret work; those under an unknown one do not."""
    older, newer, unknown = (key("telphin", secrets=(pair,)) for pair in (OLDER, NEWER, UNKNOWN))

    assert [surface.post(f"/ext-event/{text}", HANGUP).status_code for text in (older, newer, unknown)] == [
        200,
        200,
        404,
    ]
    assert [message["generation"] for message in surface.queued()] == [1, 2]


def test_a_removed_secret_invalidates_its_addresses(start: Start) -> None:
    """When the older secret is removed from the settings, its keys are invalid."""
    surface = start(WEBHOOK_SECRETS=f"2:{NEWER[1]}")

    assert surface.post(f"/ext-event/{key('telphin', secrets=(OLDER,))}", HANGUP).status_code == 404
    assert surface.telphin(HANGUP).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        f"/ext-event/{key('mtt')}",
        f"/ext-event/{key('native')}",
        f"/webhooks/mtt/{key('telphin')}",
        f"/webhooks/native/{key('mtt')}",
        f"/webhooks/oktell/{key('telphin')}",
        f"/webhooks/telphin/{'a' * 32}",
        "/ext-event/f2a8vdrfae0s1ku5d2rj3iximjf3twyz",
    ],
)
def test_a_key_of_another_provider_is_refused(surface: Surface, path: str) -> None:
    """A key of another provider and a made-up key get 404, and nothing is queued."""
    answer = surface.post(path, MTT[0].encode())

    assert (answer.status_code, answer.json()["error"]) == (404, "not-found")
    assert surface.queued() == []


def test_a_revoked_key_is_refused(endpoint: str, surface: Surface) -> None:
    """A key gets 404 once its extension is on the list in S3 and the cache expires; without a list all are valid."""
    s3 = boto3.client("s3", endpoint_url=endpoint)
    assert surface.telphin(HANGUP).status_code == 200
    s3.put_object(Bucket=BUCKET, Key=revocations.KEY, Body=b'{"extensions": [%d]}' % EXTENSIONS["telphin"])
    try:
        _until(lambda: surface.telphin(HANGUP).status_code == 404)
        assert surface.mtt(MTT[0].encode()).status_code == 200
    finally:
        s3.delete_object(Bucket=BUCKET, Key=revocations.KEY)
    _until(lambda: surface.telphin(HANGUP).status_code == 200)


def test_a_damaged_list_keeps_the_last_valid_one(endpoint: str, surface: Surface) -> None:
    """An unreadable list changes nothing: revoked keys stay revoked, and others are accepted."""
    s3 = boto3.client("s3", endpoint_url=endpoint)
    s3.put_object(Bucket=BUCKET, Key=revocations.KEY, Body=b'{"extensions": [%d]}' % EXTENSIONS["telphin"])
    try:
        _until(lambda: surface.telphin(HANGUP).status_code == 404)
        s3.put_object(Bucket=BUCKET, Key=revocations.KEY, Body=b"{")
        _until(lambda: surface.telphin(HANGUP).ok or "cannot be read" in surface.log.read_text())
        assert surface.telphin(HANGUP).status_code == 404
        assert surface.mtt(MTT[0].encode()).status_code == 200
    finally:
        s3.delete_object(Bucket=BUCKET, Key=revocations.KEY)
    _until(lambda: surface.telphin(HANGUP).status_code == 200)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
