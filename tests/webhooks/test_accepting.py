"""Accepting webhooks: the answer to the sender, and the message in the queue."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
import requests

from tests.webhooks.conftest import EXTENSIONS, Surface, key
from tests.webhooks.samples import MTT, TELPHIN

HANGUP = TELPHIN["hangup"]
FORM = "application/x-www-form-urlencoded"
ROWS = {"table": "calls.cancelled", "rows": [{"fromnumber": "79214567892"}, {"callednum": "13596*099"}]}


@pytest.mark.parametrize("sample", TELPHIN.values(), ids=list(TELPHIN))
def test_telphin_posts_a_form(surface: Surface, sample: str) -> None:
    """An event in a body is answered `OK`, and is queued byte for byte."""
    answer = surface.telphin(sample, headers={"Content-Type": FORM})

    assert (answer.status_code, answer.content) == (200, b"OK")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    (message,) = surface.queued()
    assert (message["method"], message["query"], message["body"]) == ("POST", "", sample.encode())
    assert message["content_type"] == FORM


@pytest.mark.parametrize("sample", TELPHIN.values(), ids=list(TELPHIN))
def test_telphin_sends_a_query(surface: Surface, sample: str) -> None:
    """An event by GET has all its parameters in the query, in any script."""
    answer = surface.get(f"/ext-event/{key('telphin')}?{sample}")

    assert (answer.status_code, answer.content) == (200, b"OK")
    (message,) = surface.queued()
    assert (message["method"], message["body"]) == ("GET", b"")
    assert parse_qsl(message["query"], strict_parsing=True) == parse_qsl(sample, strict_parsing=True)


@pytest.mark.parametrize("sample", MTT, ids=[f"sample {number}" for number in range(1, len(MTT) + 1)])
@pytest.mark.parametrize("content_type", ["application/json", FORM])
def test_mtt_posts_json(surface: Surface, sample: str, content_type: str) -> None:
    """A notification of the document is answered by an empty 200, even when it is declared as a form."""
    answer = surface.mtt(sample.encode(), headers={"Content-Type": content_type})

    assert (answer.status_code, answer.content) == (200, b"")
    (message,) = surface.queued()
    assert (message["provider"], message["body"]) == ("mtt", sample.encode())
    assert "quarantine" not in message


def test_native_rows_are_counted(surface: Surface) -> None:
    """Ready rows are answered by 202 with their number and the id of the message."""
    answer = surface.native(ROWS)

    (message,) = surface.queued()
    assert answer.status_code == 202
    assert answer.json() == {"id": message["id"], "rows": 2}


def test_a_message_has_the_members_of_the_envelope(surface: Surface) -> None:
    """The message names sender, time and method, and has exactly the envelope's members."""
    before = datetime.now(UTC) - timedelta(seconds=1)
    surface.post(f"/webhooks/telphin/{key('telphin')}?CallerIDNum=%2B7921&x=1&x=2", HANGUP)
    (message,) = surface.queued()

    assert set(message) == {
        "version", "id", "accepted", "provider", "extension", "generation", "method", "query", "content_type",
        "content_encoding", "body",
    }  # fmt: skip
    assert (message["version"], message["provider"], message["generation"]) == (1, "telphin", 2)
    assert message["extension"] == EXTENSIONS["telphin"]
    assert message["query"] == "CallerIDNum=%2B7921&x=1&x=2"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", message["accepted"])
    assert before < datetime.fromisoformat(message["accepted"]) < datetime.now(UTC)


def test_two_webhooks_are_two_messages(surface: Surface) -> None:
    """A repeated delivery is kept too, under an id of its own."""
    for _ in range(2):
        surface.telphin(HANGUP)

    assert len({message["id"] for message in surface.queued()}) == 2


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (HANGUP, ""),
        ("EventType=hangup", "CallID=1"),
        ("CallID=1", "EventType=hangup"),
        ("", HANGUP.lower()),
        ("", HANGUP.replace("EventType", "eVENTtYPE").replace("CallID", "CALLID")),
        ("", '{"EventType": "hangup", "CallID": "1"}'),
    ],
    ids=["all in the query of a POST", "type in the query", "type in the body", "small", "mixed", "JSON"],
)
def test_telphin_in_unusual_forms(surface: Surface, query: str, body: str) -> None:
    """Query and body are merged, and names are read in any case."""
    answer = surface.post(f"/ext-event/{key('telphin')}?{query}", body)

    assert (answer.status_code, answer.text) == (200, "OK")
    (message,) = surface.queued()
    assert "quarantine" not in message


@pytest.mark.parametrize("content_type", [None, "text/html", "text/plain", "application/octet-stream", "x", "a/b; c=d"])
def test_content_types_do_not_matter(surface: Surface, content_type: str | None) -> None:
    """The declared type may be anything or missing."""
    headers = {"Content-Type": content_type} if content_type else {}

    assert surface.telphin(HANGUP, headers=headers).status_code == 200
    assert surface.mtt(MTT[0].encode(), headers=headers).status_code == 200
    assert [message["body"] for message in surface.queued()] == [HANGUP.encode(), MTT[0].encode()]


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("telphin", HANGUP.replace("EventType=hangup", "EventType=voicemail")),
        ("telphin", HANGUP.replace("CallStatus=ANSWER", "CallStatus=TELEPATHY")),
        ("mtt", MTT[0].replace('"sp"', '"zz"')),
        ("mtt", MTT[7].replace('"16"', '"999"')),
    ],
)
def test_unknown_values_are_accepted(surface: Surface, provider: str, body: str) -> None:
    """Unknown types, statuses and causes are kept like known ones."""
    assert surface.post(f"/webhooks/{provider}/{key(provider)}", body.encode()).status_code == 200
    assert "quarantine" not in surface.queued()[0]


@pytest.mark.parametrize(
    ("provider", "body", "reason"),
    [
        ("telphin", b"", "There is no EventType"),
        ("telphin", b"EventType=hangup", "There is no CallID"),
        ("telphin", b"\x00\xff\xfe", "There is no EventType"),
        ("mtt", b'{"event": {"type": "o"}', "The body is not JSON"),
        ("mtt", b"{" * 100_000, "The body is not JSON"),
        ("mtt", b"[" * 100_000, "The body is nested too deeply"),
        ("mtt", b'{"event": ' + b"9" * 10_000 + b"}", "The body has a number with too many digits"),
        ("mtt", b'{"event": \xff}', "The body is not JSON: byte 10 is not UTF-8"),
        ("mtt", b'{"event": "\xff"}', "There is no event.type"),
        ("mtt", b"[]", "The body must be a JSON object"),
        ("mtt", b'{"h323_conf_id": "A B"}', "There is no event.type"),
        ("native", b'{"table": "ledger.tokens", "rows": [{}]}', "table must be schema.table as documented"),
        ("native", b'{"table": "calls.success", "rows": []}', "rows must be a list of 1 to"),
        ("native", b'{"table": "calls.success", "rows": [{"duration": "long"}]}', "rows[0].duration must be of type"),
    ],
)
def test_unreadable_webhooks_are_refused_and_kept(surface: Surface, provider: str, body: bytes, reason: str) -> None:
    """The sender gets 400 with the reason; the queue has the body, marked for quarantine."""
    answer = surface.post(f"/webhooks/{provider}/{key(provider)}", body)

    (message,) = surface.queued()
    assert answer.status_code == 400
    assert answer.json()["error"] == "not-understood"
    assert reason in answer.json()["message"]
    assert message["id"] in answer.json()["message"]
    assert reason in message["quarantine"]
    assert message["body"] == body


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD"])
def test_other_methods_are_refused(surface: Surface, method: str) -> None:
    """Methods other than GET and POST are refused, and nothing is queued."""
    answer = requests.request(method, f"{surface.url}/ext-event/{key('telphin')}?{HANGUP}", timeout=30)

    assert answer.status_code == 405
    assert surface.queued() == []


def test_undecodable_bytes_are_kept(surface: Surface) -> None:
    """A name in an old code page, a NUL and half a surrogate pair are queued byte for byte."""
    body = HANGUP.encode() + "&CallerIDName=Иван".encode("cp1251") + b"&x=\x00%00%ff&y=\xed\xa0\x80"

    assert surface.telphin(body).status_code == 200
    assert surface.queued()[0]["body"] == body


def test_the_log_has_no_keys_and_no_numbers(surface: Surface) -> None:
    """Each webhook logs one line with its extension and id, without personal data."""
    surface.telphin(HANGUP)
    (message,) = surface.queued()

    log = surface.log.read_text()
    assert message["id"] in log
    assert key("telphin") not in log
    assert "79214567892" not in log
