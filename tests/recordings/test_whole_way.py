"""From a webhook that names a recording to a link that plays it, on the running bundle."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID, uuid4

import requests

from chalicelib.recordings import links
from infra.local import tapes, telphin_server
from tests.databases import run
from tests.recordings.conftest import link_secret

SECONDS = 30


def _post(stack: dict[str, Any], call: str, kind: str, at: int, **fields: str) -> None:
    fields_of_event = {
        "EventType": kind,
        "CallID": call,
        "SubCallID": f"leg-{call}",
        "CallStatus": "CALLING" if kind == "dial-in" else "ANSWER",
        "CallFlow": "in",
        "CallerIDNum": "+79214567892",
        "CalledNumber": "13596*106",
        "EventTime": str(at * 1_000_000),
        **fields,
    }
    key = stack["webhook_keys"]["telphin"]["phone"]
    assert requests.post(f"{stack['url']}/ext-event/{key}", data=fields_of_event, timeout=SECONDS).ok


def _ready(stack: dict[str, Any], recording: str) -> str:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        rows = run(
            stack["database_url"],
            "SELECT inviteid::text FROM ledger.recordings WHERE recording = %s AND state = 'ready'",
            [recording],
        )
        if rows:
            return str(rows[0][0])
        time.sleep(0.2)
    raise AssertionError("the recording is not ready")


def test_the_recording_of_a_webhook_plays(stack: dict[str, Any]) -> None:
    """Webhook, queue, call, recorder, provider, S3, link and player work together."""
    call, recording, now = str(uuid4()), f"1138241-{uuid4().hex}", int(time.time())
    _post(stack, call, "dial-in", now - 30)
    _post(stack, call, "answer", now - 20)
    _post(stack, call, "hangup", now - 8, Duration="12000000", RecID=recording)
    inviteid = _ready(stack, recording)
    secret = link_secret(stack)
    link = links.recording_url(stack["url"], ((1, secret),), UUID(inviteid))
    answer = requests.get(link, params={"attachment": "true"}, timeout=SECONDS)
    sound = tapes.sound(telphin_server.SOUND_SECONDS, len(telphin_server.STORAGE + recording))
    assert answer.content == sound
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{recording}.wav"
    row = run(
        stack["database_url"],
        "SELECT isrec, callrecsize, callstoragecode, recdomain FROM calls.success WHERE inviteid = %s",
        [inviteid],
    )
    assert row == [(True, len(sound), "main", "13596")]
