"""Hostile servers: they learn no secrets, block nothing, and fill neither memory nor log."""

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
    """Return the verdict of the call."""
    return Client(replace(Service(crm.url, TOKEN, seconds=0.3, connections=2), **facts), IMPATIENT).create(CALL)  # type: ignore[arg-type]


@pytest.mark.parametrize("padding", [0, 190, 200, 210, 220, 290])
def test_no_secret_in_a_reason(serve: Serve, padding: int) -> None:
    """A quoted page does not contain the token or the link's key, wherever it is cut."""
    verdict = offered(serve(behave=lambda *_: f"echo {padding}"))

    assert verdict.reason.startswith("an unexpected answer, status 404: <p>")
    if not padding:
        assert "/direct/items/phonecalls/create?token=…&initiated=" in verdict.reason
    assert "crm" not in verdict.reason
    assert "k3y" not in verdict.reason
    assert len(verdict.reason) <= 300


def test_no_secret_in_what_shows_a_service() -> None:
    """The repr of a service contains neither the token nor the password."""
    assert TOKEN not in repr(Service("http://a", TOKEN, "user", "secret"))
    assert "secret" not in repr(Service("http://a", TOKEN, "user", "secret"))


def test_no_secret_in_a_log(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """Odd headers do not put the address into the log, and the answer counts."""
    with caplog.at_level("INFO"):
        assert offered(serve(behave=lambda *_: "odd")).state == "delivered"
    assert "token" not in caplog.text
    assert "key" not in caplog.text


def test_no_token_goes_elsewhere(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redirects are not followed, and proxies of the environment are not used."""
    elsewhere = serve()
    assert offered(serve(behave=lambda *_: f"redirect {elsewhere.url}")).state == "pending"
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, elsewhere.url)
    assert offered(serve()).state == "delivered"
    assert elsewhere.connections == 0


@pytest.mark.parametrize("reaction", ["gzip bomb", "flood"])
def test_an_answer_without_end(serve: Serve, reaction: str) -> None:
    """An answer is read up to the limit only, compressed or not."""
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
    """A compressed answer is read even though the client did not ask for it."""
    assert offered(serve(behave=lambda *_: "gzip")).state == "delivered"


def test_a_stopped_client_sends_nothing(serve: Serve) -> None:
    """A stopped client sends nothing, not even after a pause."""
    crm, looks = serve(behave=lambda *_: "status 503 7"), iter([False, True])
    service = Service(crm.url, TOKEN)
    assert Client(service, IMPATIENT, lambda: next(looks)).create(CALL).repeats == 0
    with pytest.raises(Stopped):
        Client(service, IMPATIENT, lambda: True).create(CALL)
    assert crm.asked.total() == 1
