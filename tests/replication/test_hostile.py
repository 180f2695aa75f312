"""Servers that are no CRM, or none of good will: they learn nothing, hold nobody up, and fill no memory or log."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from chalicelib.nimbox.client import Client, PhoneCall, Service, Stopped, Timing, Verdict
from tests.replication.crm import TOKEN, Crm

KEY = "k3y+of/the=link"
CALL = PhoneCall(datetime(2012, 8, 23, 12, 20, 33), "7222", "02122853348", 45, f"https://a.example/1?key={KEY}&b=c")  # noqa: DTZ001
IMPATIENT = Timing(sleep=lambda _: None)

Serve = Callable[..., Crm]


def offered(crm: Crm, **facts: object) -> Verdict:
    """What becomes of the call there."""
    return Client(replace(Service(crm.url, TOKEN, seconds=0.3, connections=2), **facts), IMPATIENT).create(CALL)  # type: ignore[arg-type]


@pytest.mark.parametrize("padding", [0, 190, 200, 210, 220, 290])
def test_no_secret_in_a_reason(serve: Serve, padding: int) -> None:
    """A page that quotes the address is kept without the token and the link's key, wherever it is cut off."""
    verdict = offered(serve(behave=lambda *_: f"echo {padding}"))

    assert verdict.reason.startswith("an unexpected answer, status 404: <p>")
    if not padding:
        assert "/direct/items/phonecalls/create?token=…&initiated=" in verdict.reason
    assert "crm" not in verdict.reason
    assert "k3y" not in verdict.reason
    assert len(verdict.reason) <= 300


def test_no_secret_in_what_shows_a_service() -> None:
    """Neither the token nor the password."""
    assert TOKEN not in repr(Service("http://a", TOKEN, "user", "secret"))
    assert "secret" not in repr(Service("http://a", TOKEN, "user", "secret"))


def test_no_secret_in_a_log(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """Odd headers are no reason to write the address down; the answer counts all the same."""
    with caplog.at_level("INFO"):
        assert offered(serve(behave=lambda *_: "odd")).state == "delivered"
    assert "token" not in caplog.text
    assert "key" not in caplog.text


def test_no_token_goes_elsewhere(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirect is not followed, and a proxy of the environment is not asked."""
    elsewhere = serve()
    assert offered(serve(behave=lambda *_: f"redirect {elsewhere.url}")).state == "pending"
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, elsewhere.url)
    assert offered(serve()).state == "delivered"
    assert elsewhere.connections == 0


@pytest.mark.parametrize("reaction", ["gzip bomb", "flood"])
def test_an_answer_without_end(serve: Serve, reaction: str) -> None:
    """What is longer than any answer is read no further, packed or not."""
    crm = serve(behave=lambda *_: reaction)
    tracemalloc.start()
    try:
        verdict = offered(crm)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert verdict.reason.startswith("an unexpected answer, status 200: [")
    assert verdict.lost
    assert peak < 5_000_000


def test_a_packed_answer(serve: Serve) -> None:
    """A server that packs its answers although nobody asked it to is understood."""
    assert offered(serve(behave=lambda *_: "gzip")).state == "delivered"


def test_whoever_was_told_to_stop_asks_nothing(serve: Serve) -> None:
    """Neither at first nor again, even when a pause ends because of it."""
    crm, looks = serve(behave=lambda *_: "status 503 7"), iter([False, True])
    service = Service(crm.url, TOKEN)
    assert Client(service, IMPATIENT, lambda: next(looks)).create(CALL).repeats == 0
    with pytest.raises(Stopped):
        Client(service, IMPATIENT, lambda: True).create(CALL)
    assert crm.asked.total() == 1
