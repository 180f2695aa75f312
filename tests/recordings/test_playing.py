"""The address of a recording on the running bundle: who gets the file, and which error others get."""

from __future__ import annotations

import io
import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

import pytest
import requests

from chalicelib.authentication import tokens
from infra.local import tapes
from tests.recordings.conftest import Desk

SECONDS = 20
FORBIDDEN, NOT_FOUND, FOUND, OK = 403, 404, 302, 200


def test_the_printed_link_plays(stack: dict[str, Any]) -> None:
    """The link that `make run` prints leads to a sound that a player can seek in."""
    answer = requests.get(stack["recording"], headers={"Range": "bytes=0-11"}, timeout=SECONDS)
    assert answer.status_code == 206
    assert answer.content[:4] + answer.content[8:] == b"RIFFWAVE"
    assert answer.headers["Content-Type"] == "audio/wav"


@pytest.mark.parametrize("attachment", [None, "false", "true"])
def test_the_file_has_the_documented_headers(desk: Desk, played: str, attachment: str | None) -> None:
    """It is played with the media type of its extension, and saved under its own name."""
    params = {"key": desk.key(played), **({"attachment": attachment} if attachment else {})}
    answer = requests.get(desk.url(played), params=params, timeout=SECONDS)
    assert answer.content == tapes.sound(3)
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    disposition, _, name = answer.headers["Content-Disposition"].partition("; filename*=UTF-8''")
    assert disposition == ("attachment" if attachment == "true" else "inline")
    assert unquote(name) == "a+b 100%25.wav"
    assert answer.headers["Content-Type"] == "audio/wav"


def test_a_redirect_is_signed_for_its_method_and_never_cached(desk: Desk, played: str) -> None:
    """HEAD and GET get different addresses, which are valid for the length of the call and ten minutes."""
    answers = {method: desk.ask(played, method) for method in ("GET", "HEAD")}
    assert {answer.status_code for answer in answers.values()} == {FOUND}
    assert {answer.headers["Cache-Control"] for answer in answers.values()} == {"no-store"}
    assert {answer.content for answer in answers.values()} == {b""}
    queries = [parse_qs(urlsplit(answer.headers["Location"]).query) for answer in answers.values()]
    assert queries[0]["X-Amz-Signature"] != queries[1]["X-Amz-Signature"]
    assert queries[0]["X-Amz-Expires"] == ["660"]


def test_head_leads_to_the_type_and_size_of_the_file(desk: Desk, played: str) -> None:
    """A client that follows the redirect of HEAD gets the length of the file."""
    answer = requests.head(desk.url(played, desk.key(played)), allow_redirects=True, timeout=SECONDS)
    assert (answer.status_code, answer.headers["Content-Length"]) == (OK, str(len(tapes.sound(3))))


def test_a_part_of_the_file_can_be_requested(desk: Desk, played: str) -> None:
    """Players seek by ranges."""
    link = desk.url(played, desk.key(played))
    answer = requests.get(link, headers={"Range": "bytes=100-199"}, timeout=SECONDS)
    assert (answer.status_code, answer.content) == (206, tapes.sound(3)[100:200])
    assert answer.headers["Content-Range"] == f"bytes 100-199/{len(tapes.sound(3))}"


PAST = datetime(2026, 1, 1)  # noqa: DTZ001 - naive UTC
REASONS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "not-recorded": ({"isrec": False, "callrecpath": None}, {}),
    "pending": ({"callrecpath": None}, {"state": "pending"}),
    "deleted": ({"callrecdel_dt": PAST, "recexpirets": PAST}, {"state": "deleted"}),
    "expired": ({"recexpirets": PAST}, {}),
    "missing": ({"callrecpath": "2026/nowhere.mp3"}, {}),
}


@pytest.mark.parametrize("error", REASONS)
def test_a_call_without_a_playable_recording_has_a_reason(desk: Desk, error: str) -> None:
    """The answer has a code and a sentence; HEAD has the same status."""
    columns, fact = REASONS[error]
    inviteid = desk.call(**columns)
    if fact:
        desk.fact(inviteid, **fact)
    answer = desk.ask(inviteid)
    assert (answer.status_code, answer.json()["error"]) == (NOT_FOUND, error)
    assert answer.json()["message"].endswith(".")
    assert desk.ask(inviteid, "HEAD").status_code == NOT_FOUND


@pytest.mark.parametrize("other", [{"callrecdel_dt": PAST}, {"recexpirets": PAST}, {"callrecpath": None}])
def test_a_playable_row_counts_more_than_others_of_the_call(desk: Desk, other: dict[str, object]) -> None:
    """A PBX may give a call more than one row, and the recording of one of them may be gone."""
    inviteid = desk.call(**{"callrecpath": "2026/gone.wav", **other})
    desk.call(b"RIFF", inviteid=inviteid, callrecpath="2026/kept.wav", recexpirets=datetime(2100, 1, 1))  # noqa: DTZ001 - naive UTC
    assert urlsplit(desk.ask(inviteid).headers["Location"]).path.endswith("/2026/kept.wav")


def test_a_negative_duration_counts_as_zero(desk: Desk) -> None:
    """Rows that a PBX wrote itself may hold anything."""
    query = urlsplit(desk.ask(desk.call(tapes.sound(3), duration=-5_000)).headers["Location"]).query
    assert parse_qs(query)["X-Amz-Expires"] == ["600"]


def test_an_id_without_a_call_is_unknown(desk: Desk) -> None:
    """No table has this id."""
    answer = desk.ask(str(uuid4()))
    assert (answer.status_code, answer.json()["error"]) == (NOT_FOUND, "unknown-call")


def test_a_failed_fetch_has_its_reason_in_the_answer(desk: Desk) -> None:
    """It is the reason that the recorder stored."""
    inviteid = desk.call(isrec=False, callrecpath=None)
    desk.fact(inviteid, state="failed", reason="the provider lost it")
    answer = desk.ask(inviteid).json()
    assert (answer["error"], "the provider lost it" in answer["message"]) == ("missing", True)


@pytest.mark.parametrize("path", ["../webhooks/revoked.json", "a/../../b", "a\\..\\b"])
def test_a_path_that_leaves_its_storage_is_missing(desk: Desk, path: str) -> None:
    """No row can make the bundle sign an object outside of the storage."""
    answer = desk.ask(desk.call(callrecpath=path))
    assert (answer.status_code, answer.json()["error"]) == (NOT_FOUND, "missing")


@pytest.mark.parametrize("name", ["//evil.example/a.wav", "https://evil.example/a.wav"])
def test_a_path_never_redirects_to_another_host(desk: Desk, name: str) -> None:
    """A path that looks like a URL is a key in the bundle's own S3."""
    inviteid = desk.call(callrecpath=name)
    desk.s3.put_object(Bucket=desk.facts["bucket"], Key=f"recordings/{name.lstrip('/')}", Body=io.BytesIO(b"a"))
    target = urlsplit(desk.ask(inviteid).headers["Location"])
    assert f"{target.scheme}://{target.netloc}" == desk.facts["aws_endpoint_url"]


@pytest.mark.parametrize("text", ["1", "x" * 36, "%7Bb6a7c39e-0b57-4c5e-9f4e-0e1d2c3b4a59%7D", "../../health"])
def test_an_id_that_no_call_can_have(desk: Desk, text: str) -> None:
    """A text that is no UUID is an unknown call."""
    url = f"{desk.facts['url']}/rest/v1/journal/calls/{text.replace('/', '%2F')}/attachment1"
    answer = requests.get(url, timeout=SECONDS)
    assert (answer.status_code, answer.json()["error"]) == (NOT_FOUND, "unknown-call")


def test_an_id_without_dashes(desk: Desk, played: str) -> None:
    """A UUID may be written without dashes and in capital letters."""
    answers = [desk.ask(text) for text in (played.replace("-", ""), played.upper())]
    assert {answer.status_code for answer in answers} == {FOUND}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_redirect_tells_type_and_size(desk: Desk, played: str, method: str) -> None:
    """A client that does not follow the redirect reads the type and size of the file, and nothing calls it JSON."""
    headers = desk.ask(played, method).headers
    assert headers["Content-Type"] == headers["X-File-Type"] == "audio/wav"
    assert headers["X-File-Size"] == str(len(tapes.sound(3)))


def test_a_client_that_wants_no_redirect(desk: Desk, played: str) -> None:
    """With `redirect=0` the body has the address, the size and the type of the file."""
    answer = requests.get(desk.url(played, desk.key(played)) + "&redirect=0", timeout=SECONDS)
    place = answer.json()
    assert (answer.status_code, place["size"], place["type"], place["expires"]) == (
        OK,
        len(tapes.sound(3)),
        "audio/wav",
        660,
    )
    assert requests.get(place["location"], timeout=SECONDS).content == tapes.sound(3)


def test_a_client_that_sends_its_token_on(desk: Desk, played: str) -> None:
    """S3 refuses an Authorization header beside the signature; the description has an address for such clients."""
    bearer = {"Authorization": f"Bearer {desk.facts['tokens']['recordings']}"}
    request = urllib.request.Request(desk.url(played), headers=bearer)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=SECONDS)
    assert (refused.value.code, b"Only one auth mechanism" in refused.value.read()) == (400, True)
    described = urllib.request.Request(desk.url(played) + "?redirect=0", headers=bearer)
    with urllib.request.urlopen(described, timeout=SECONDS) as answer:
        location = json.load(answer)["location"]
    with urllib.request.urlopen(location, timeout=SECONDS) as answer:
        assert answer.read() == tapes.sound(3)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_not_allowed(desk: Desk, played: str, method: str) -> None:
    """The answer lists the methods that are."""
    answer = desk.ask(played, method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


def _refused(url: str, **options: Any) -> bool:
    answer = requests.get(url, allow_redirects=False, timeout=SECONDS, **options)
    return answer.status_code == FORBIDDEN and answer.json()["error"] == "forbidden"


def test_every_other_request_is_forbidden(desk: Desk, played: str) -> None:
    """No credentials, a wrong token or one of another scope, another call's key, a changed or expired key."""
    url, key = desk.url(played), desk.key(played)
    statistics = desk.facts["tokens"]["statistics"]
    assert _refused(url)
    assert _refused(url, params={"token": "wrong"})
    assert _refused(url, headers={"Authorization": "Bearer wrong"})
    assert _refused(url, params={"token": statistics})
    assert _refused(url, params={"key": desk.key(str(uuid4()))})
    assert _refused(url, params={"key": key[:-1] + ("A" if key[-1] != "A" else "B")})
    assert _refused(url, params={"key": desk.key(played, datetime.now(UTC).replace(tzinfo=None) - timedelta(1))})


def test_a_forbidden_answer_does_not_reveal_whether_the_call_exists(desk: Desk) -> None:
    """Without credentials, an unknown id gets the same answer."""
    assert _refused(desk.url(str(uuid4())))


def test_a_token_may_be_in_the_header(desk: Desk, played: str) -> None:
    """A Bearer token counts also when the link has a wrong key."""
    header = {"Authorization": f"Bearer {desk.facts['tokens']['recordings']}"}
    answer = requests.get(desk.url(played, "x"), headers=header, allow_redirects=False, timeout=SECONDS)
    assert answer.status_code == FOUND


def test_a_revoked_token_is_forbidden(desk: Desk, played: str) -> None:
    """Tokens are cached for a second here; afterwards the token is refused."""
    value = tokens.create(desk.facts["database_url"], f"listener-{uuid4()}"[:60], ["recordings"])
    assert not _refused(desk.url(played), params={"token": value})
    name = [token.name for token in tokens.listing(desk.facts["database_url"]) if token.name.startswith("listener")][-1]
    tokens.revoke(desk.facts["database_url"], name)
    time.sleep(1.1)
    assert _refused(desk.url(played), params={"token": value})


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_link_with_a_former_id_plays(desk: Desk, played: str, steps: int) -> None:
    """A missed call was answered after all, or a release gave new ids: links that were sent before keep working."""
    former = played
    for _ in range(steps):
        former = desk.tombstone(former)

    assert requests.get(desk.url(former, desk.key(former)), timeout=SECONDS).content == tapes.sound(3)


def test_a_link_with_a_former_id_is_revoked_with_the_call(desk: Desk) -> None:
    """Links are revoked under the present id, and older ones must not stay open."""
    present = desk.call(tapes.sound(1))
    desk.fact(present, links_revoked_at=PAST)
    former = desk.tombstone(desk.tombstone(present))

    assert _refused(desk.url(former, desk.key(former)))
    assert not _refused(desk.url(former), params={"token": desk.facts["tokens"]["recordings"]})
