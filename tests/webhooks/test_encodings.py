"""Bytes that are not UTF-8 pass the gateway unchanged and are kept as sent."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode, b64encode
from urllib.parse import parse_qsl

import pytest
from chalice.app import Blueprint

from chalicelib import edge
from chalicelib.application import Application
from chalicelib.edge import Answer, Notes, Request
from tests.webhooks.conftest import Surface, key
from tests.webhooks.samples import MTT, TELPHIN

NAME = "Иван"
HANGUP = TELPHIN["hangup"].encode()
WINDOWS = HANGUP + b"&CallerIDName=" + NAME.encode("cp1251")
ROWS = json.dumps({"table": "calls.cancelled", "rows": [{"callednum": NAME}]}, ensure_ascii=False)


@pytest.mark.parametrize(
    ("provider", "body", "headers"),
    [
        ("telphin", WINDOWS, {}),
        ("telphin", WINDOWS, {"Content-Type": "application/x-www-form-urlencoded; charset=windows-1251"}),
        ("telphin", b"\xef\xbb\xbf" + HANGUP, {}),
        ("telphin", HANGUP.decode().encode("utf-16"), {"Content-Type": "text/plain; charset=utf-16"}),
        ("telphin", gzip.compress(WINDOWS, mtime=0), {"Content-Encoding": "gzip"}),
        ("mtt", MTT[0].encode("utf-16-le"), {"Content-Type": "application/json"}),
        ("mtt", gzip.compress(MTT[0].encode("utf-32"), mtime=0), {"Content-Encoding": "GZIP"}),
        ("native", ROWS.encode("utf-16"), {"Content-Type": "application/json"}),
        ("native", gzip.compress(ROWS.encode("cp1251"), mtime=0), {"Content-Encoding": "gzip"}),
    ],
)
def test_encodings_are_accepted_from_every_provider(
    surface: Surface, provider: str, body: bytes, headers: dict[str, str]
) -> None:
    """Each is understood, and is queued byte for byte with its headers' declarations."""
    answer = surface.post(f"/webhooks/{provider}/{key(provider)}", body, headers=headers)

    (message,) = surface.queued()
    assert answer.status_code in {200, 202}, answer.text
    assert message["body"] == body
    assert message["content_encoding"] == headers.get("Content-Encoding", "")
    assert message["content_type"] == headers.get("Content-Type", "")
    assert "quarantine" not in message


@pytest.mark.parametrize(
    ("body", "coding", "reason"),
    [
        (gzip.compress(HANGUP, mtime=0)[:-9], "gzip", "The body is not gzip"),
        (gzip.compress(bytes(20_000_000), mtime=0), "gzip", "larger than 1048576 bytes"),
        (HANGUP, "br", "Content-Encoding br is not supported"),
    ],
)
def test_broken_packing_is_refused_and_kept(surface: Surface, body: bytes, coding: str, reason: str) -> None:
    """The sender gets 400 and the reason; the queue has the bytes, marked for quarantine."""
    answer = surface.telphin(body, headers={"Content-Encoding": coding})

    (message,) = surface.queued()
    assert answer.status_code == 400
    assert reason in answer.json()["message"]
    assert reason in message["quarantine"]
    assert (message["body"], message["content_encoding"]) == (body, coding)


def test_a_query_keeps_bytes_that_are_not_utf_8(surface: Surface) -> None:
    """Windows-1251 escapes of a GET subscription reach the queue as they were sent."""
    answer = surface.get(f"/ext-event/{key('telphin')}?EventType=hangup&CallID=1&CallerIDName=%C8%E2%E0%ED")

    (message,) = surface.queued()
    assert answer.text == "OK"
    assert parse_qsl(message["query"], encoding="cp1251")[-1] == ("CallerIDName", NAME)


@pytest.mark.parametrize(
    ("sent", "encoded"),
    [
        (gzip.compress(WINDOWS, mtime=0), True),
        (HANGUP.decode().encode("utf-16"), True),
        (WINDOWS, True),
        (HANGUP, False),
    ],
    ids=["gzip", "UTF-16", "windows-1251", "text that is not Base64"],
)
def test_an_event_of_the_gateway_carries_any_bytes(sent: bytes, encoded: bool) -> None:
    """API Gateway sends bodies as Base64, since every type is binary to it; plain text is accepted too."""
    routes = Blueprint(__name__)

    @edge.route(routes, "/echo", methods=("POST",), body_limit=10_000)
    def echo(request: Request, _notes: Notes) -> Answer:
        return Answer(request.body)

    application = Application("echo", configure_logs=False)
    application.register_blueprint(routes)
    event = {
        "requestContext": {"httpMethod": "POST", "resourcePath": "/echo", "requestId": "1"},
        "headers": {"Content-Type": "text/plain"},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": {},
        "body": b64encode(sent).decode() if encoded else sent.decode(),
        "isBase64Encoded": encoded,
    }

    answer = application(event, None)

    assert (answer["statusCode"], b64decode(answer["body"])) == (200, sent)
