"""Hostile input: every request gets a defined answer, and nothing that has a valid key is lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.platform.signed_requests import MESSAGE_LIMIT
from tests.examples import examples
from tests.webhooks.conftest import Surface, key
from tests.webhooks.samples import MTT, TELPHIN

HOSTILE = {
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b'{"event":' * 700 + b"1" + b"}" * 700,
    "deep rows": b'{"table":"calls.success","rows":' + b"[" * 700 + b"]" * 700 + b"}",
    "deep document": b'{"table":"alertcallevents.prepared","rows":[{"payload":' + b"[" * 700 + b"]" * 700 + b"}]}",
    "a number of many digits": b'{"event":{"type":"o"},"h323_conf_id":' + b"9" * 10_000 + b"}",
    "no numbers": b'{"event":{"type":"o"},"h323_conf_id":NaN,"x":Infinity}',
    "NUL in a text": b'{"event":{"type":"o\\u0000"},"h323_conf_id":"A\\u0000"}',
    "half a character": b'{"event":{"type":"o"},"h323_conf_id":"\\ud800"}',
    "a name twice": b'{"event":{"type":"o"},"event":[],"h323_conf_id":"A"}',
    "other types": b'{"event":{"type":[]},"h323_conf_id":{}}',
    "a mark first": b"\xef\xbb\xbf" + MTT[0].encode(),
    "UTF-16": MTT[0].encode("utf-16"),
    "many fields": b"&".join(b"a%d=1" % number for number in range(50_000)),
    "only separators": b"&;=" * 100_000,
    "broken escapes": b"EventType=%zz%&CallID=%u0431%e",
    "a forbidden table": b'{"table":"pg_catalog.pg_class; drop","rows":[{"a":1}]}',
    "a file": b'--x\r\nContent-Disposition: form-data; name="EventType"\r\n\r\nhangup\r\n--x--',
}


@pytest.mark.parametrize("provider", ["telphin", "mtt", "asterisk", "native"])
@pytest.mark.parametrize("body", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_bodies(surface: Surface, provider: str, body: bytes) -> None:
    """Every body is either accepted or refused with a reason, and is queued as received."""
    answer = surface.post(f"/webhooks/{provider}/{key(provider)}", body)

    (message,) = surface.queued()
    assert answer.status_code in {200, 202, 400}
    assert message["body"] == body
    assert ("quarantine" in message) == (answer.status_code == 400)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["telphin", "mtt", "asterisk", "native"]), st.binary(max_size=200), st.data())
def test_any_bytes(surface: Surface, provider: str, noise: bytes, data: st.DataObject) -> None:
    """Noise, alone or inside a real webhook, always gets a defined answer."""
    real = data.draw(st.sampled_from([b"", MTT[2].encode(), TELPHIN["hangup"].encode()]))
    place = data.draw(st.integers(0, len(real)))
    body = real[:place] + noise + real[place:]

    answer = surface.post(f"/webhooks/{provider}/{key(provider)}", body)

    (message,) = surface.queued()
    assert answer.status_code in {200, 202, 400}
    assert message["body"] == body


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="#?/\\\r\n"), min_size=1, max_size=40))
def test_any_key(surface: Surface, text: str) -> None:
    """No address works except issued ones."""
    answer = surface.post(f"/ext-event/{text}", TELPHIN["hangup"])

    assert answer.status_code in {403, 404, 405}
    assert surface.queued() == []


def test_the_longest_message(surface: Surface) -> None:
    """A message of exactly SQS's limit is accepted; three bytes more get 413 and are not queued."""
    surface.telphin(TELPHIN["hangup"])
    (message,) = surface.queued()
    envelope = len(json.dumps({**message, "body": ""}))
    start = TELPHIN["hangup"].encode() + b"&pad="
    room = (MESSAGE_LIMIT - envelope) // 4 * 3

    refused = surface.telphin(start.ljust(room + 3, b"x"))
    assert (refused.status_code, refused.json()["error"]) == (413, "too-large")
    assert str(MESSAGE_LIMIT) in refused.json()["message"]
    assert surface.queued() == []

    assert surface.telphin(start.ljust(room, b"x")).status_code == 200
    assert len(surface.queued()[0]["body"]) == room


def test_more_than_any_message(surface: Surface) -> None:
    """A body larger than a whole message gets 413 too."""
    answer = surface.telphin(TELPHIN["hangup"].encode().ljust(3_000_000, b"x"))

    assert answer.status_code == 413
    assert surface.queued() == []
