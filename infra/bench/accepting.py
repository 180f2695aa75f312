"""What accepting a webhook costs beyond sending its message to SQS."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from chalicelib import settings
from infra.bench.place import Place
from infra.bench.report import Line, milliseconds

ROUNDS = 30
REPEATED = 10
BOUND_SECONDS = 0.0002
EVENT = (
    "EventType=hangup&CallStatus=ANSWER&CallFlow=IN&CallID=6C70D0C4B1F24E1E8A1B7A0F5B2D9C11&SubCallID=1138241-62fe0b"
    "&CallAPIID=87623746-3f0e9d9c-1111-4f6e-9d3a-5b2d9c110001&CallerIDNum=%2B79214567892&CalledNumber=13596*106"
    "&CalledDID=79300369446&CalledExtension=13596*106%40sipproxy.telphin.ru&CalledExtensionID=1138241"
    "&EventTime=1766736731010096&Duration=7529999&RecID=1138241-aa11"
)


def lines(place: Place) -> Iterator[Line]:
    """Processor time of this process, within `send_message` and beyond it in the same requests."""
    app = place.enter()
    secret = json.loads((place.data / "secrets.json").read_text("utf-8"))["webhook"]
    queue = place.facts["queues"]["call-events"]
    os.environ.update({"EVENTS_QUEUE_URL": queue, "WEBHOOK_SECRETS": f"1:{secret}"})
    settings.current.cache_clear()
    # Not above: importing it reads the settings of the place.
    from chalicelib.platform import queues  # noqa: PLC0415

    event = _event(place)
    send = _Stopwatch(queues.client().send_message)
    # Sending takes ten times as long as the rest and varies by more than the bound: it cannot be measured apart.
    queues.client().send_message = send  # type: ignore[assignment,method-assign]
    beyond, sending = math.inf, math.inf
    for _ in range(ROUNDS):
        send.seconds, began = 0.0, time.process_time()
        for _ in range(REPEATED):
            answer = app.app(dict(event), None)
            if answer["body"] != "OK":
                raise RuntimeError(f"not accepted: {answer['body']}")
        # The least disturbed of many such figures is the truest of so small a cost.
        beyond = min(beyond, (time.process_time() - began - send.seconds) / REPEATED)
        sending = min(sending, send.seconds / REPEATED)
    yield Line("a bare send_message, client CPU", milliseconds(sending))
    title = "accepting a webhook, client CPU beyond that"
    yield Line(title, milliseconds(beyond), milliseconds(BOUND_SECONDS), beyond / BOUND_SECONDS, 1)


class _Stopwatch:
    """Calls through, and adds up the processor time that it takes."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self.seconds = 0.0
        self._call = call

    def __call__(self, **parameters: object) -> object:
        began = time.process_time()
        try:
            return self._call(**parameters)
        finally:
            self.seconds += time.process_time() - began


def _event(place: Place) -> dict[str, Any]:
    return {
        "requestContext": {
            "resourcePath": "/ext-event/{key}",
            "httpMethod": "POST",
            "path": "/ext-event/x",
            "requestId": "measured",
        },
        "pathParameters": {"key": place.facts["webhook_keys"]["telphin"]["phone"]},
        "headers": {"content-type": "application/x-www-form-urlencoded"},
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "isBase64Encoded": False,
        "body": EVENT,
    }
