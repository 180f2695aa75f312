"""Webhooks in any encoding are stored as received, and every replay reads them in the same way."""

from __future__ import annotations

import gzip
from datetime import timedelta
from urllib.parse import urlencode

from chalicelib.envelope import reading
from chalicelib.ledger import store
from chalicelib.ledger.replay import replay
from tests.databases import run
from tests.ingest.telephony import BEGIN, CALLER, Ledger, answered, message

NAME = "Иван"
IDENTITY = "0f9d3c1e-1111-4000-8000-00000000000{}"


def _take(ledger: Ledger, name: bytes) -> list[bytes]:
    """Take an answered call whose webhooks are packed and have this caller's name; return their bodies."""
    bodies = [
        gzip.compress(urlencode([*webhook.fields, ("CallerIDName", name)]).encode(), mtime=0)
        for webhook in answered("call", 0)
    ]
    texts = [
        message(
            ledger.ids["106"],
            identity=IDENTITY.format(number),
            accepted=BEGIN + timedelta(seconds=number),
            content_encoding="gzip",
            body=body,
        )
        for number, body in enumerate(bodies)
    ]
    store.take(ledger.writer, [reading.read(text) for text in texts])
    return bodies


def _name(ledger: Ledger) -> object:
    return ledger.column("SELECT adisplayname FROM calls.success")


def test_a_packed_body_is_stored_as_received(ledger: Ledger) -> None:
    """The row has the name, the raw events have the packed bytes, and a replay changes nothing."""
    bodies = _take(ledger, NAME.encode("cp1251"))

    assert _name(ledger) == [NAME]
    stored = run(ledger.url, "SELECT content_encoding, encode(body, 'hex') FROM ledger.events ORDER BY accepted_at")
    assert stored == [("gzip", body.hex()) for body in bodies]
    report = replay(ledger.owner, BEGIN, BEGIN + timedelta(hours=1), "", lambda _: None)
    assert (report.calls, dict(report.changes)) == (1, {})
    assert _name(ledger) == [NAME]


def test_the_facts_say_which_bytes_were_guessed_or_lost(ledger: Ledger) -> None:
    """The record says that a name's encoding was guessed, or that bytes of it were replaced."""
    _take(ledger, NAME.encode("cp1251"))
    assert ledger.column("SELECT facts ->> 'encoding' FROM ledger.records") == ["not UTF-8: read as windows-1251"]
    ledger.clear()
    _take(ledger, NAME.encode()[:-1])

    assert _name(ledger) == ["Ива\ufffd"]
    (fact,) = ledger.column("SELECT facts ->> 'encoding' FROM ledger.records")
    assert fact == "some bytes could not be decoded: the raw event keeps them"


def test_a_number_in_a_packed_body_is_forgotten(ledger: Ledger) -> None:
    """A body that held the number is stored unpacked without it, and is still the same call."""
    _take(ledger, NAME.encode())

    ledger.forget(CALLER)

    stored = run(ledger.url, "SELECT content_encoding, encode(body, 'escape') FROM ledger.events")
    assert all(coding == "" and "9214567892" not in str(body) for coding, body in stored)
    assert ledger.column("SELECT anumber FROM calls.success") == ["+70000000000"]
