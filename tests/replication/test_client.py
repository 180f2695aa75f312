"""The client: its requests, the answers that it accepts, and its repetitions."""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest

from chalicelib.errors import Misconfigured
from chalicelib.nimbox.client import Client, PhoneCall, Service, Timing, Verdict
from chalicelib.nimbox.crm_answers import read
from chalicelib.nimbox.pace import Pace
from tests.replication.crm import TOKEN, Crm

CALL = PhoneCall(datetime(2012, 8, 23, 12, 20, 33), "7222", "+5802122853348", 45, "https://a.example/?key=a&b=c")  # noqa: DTZ001

UNKNOWN = "no se consiguió el número de destino en la base de datos"

Serve = Callable[..., Crm]


class Clock:
    """A clock that only moves when the code waits, with a constant chance."""

    def __init__(self, chance: float = 1.0) -> None:
        """Begin at zero."""
        self.waits: list[float] = []
        self.timing = Timing(lambda: sum(self.waits), self.waits.append, lambda: chance)


def client(crm: Crm, timing: Timing | None = None, **facts: Any) -> Client:
    """Return a client of this CRM."""
    service = Service(crm.url, TOKEN, **{"seconds": 0.5, "connections": 4, **facts})
    return Client(service, timing or Clock(0).timing)


def test_a_call_as_the_service_documents_it(serve: Serve) -> None:
    """Every parameter arrives unchanged in the documented spelling, and the answer's ids are stored."""
    crm = serve()

    verdict = client(crm).create(CALL)

    assert verdict == Verdict("delivered", contact_id="1", phonecall_id="1")
    assert crm.effects == [
        {
            "initiated": "2012-08-23T12:20:33Z",
            "source": "7222",
            "destination": "+5802122853348",
            "duration": "45",
            "url": "https://a.example/?key=a&b=c",
        }
    ]


@pytest.mark.parametrize(
    ("body", "state", "reason"),
    [
        ('{ "error": false, "contactId": 12334, "phonecallId": 3241 }', "delivered", ""),
        (
            f'{{ "error": true, "errors": {{ "destination": "{UNKNOWN}" }} }}',
            "rejected",
            f'{{"destination": "{UNKNOWN}"}}',
        ),
        (
            '{"errors":{"thingyId":"a","description":"b"},"error":true}',
            "rejected",
            '{"thingyId": "a", "description": "b"}',
        ),
        ('{ "error" : true, "errors" : { } }', "rejected", "the CRM gave no reason"),
        ('{"error": "false", "contactId": 1, "phonecallId": 2}', "pending", "an unexpected answer, status 200"),
        ('{"error":true,"errors":[]}', "rejected", "the CRM gave no reason"),
        ('{"error":true,"errors":null}', "rejected", "the CRM gave no reason"),
        ('{"error":true,"errors":["ya existe"]}', "rejected", '["ya existe"]'),
        ('{"error": false}', "pending", "an unexpected answer, status 200"),
        ('{"error": false, "contactId": true, "phonecallId": 2}', "pending", "an unexpected answer, status 200"),
        ('{"error": 1, "errors": {}}', "pending", "an unexpected answer, status 200"),
        ('{"error": true, "errors": "x"}', "pending", "an unexpected answer, status 200"),
        ("[]", "pending", "an unexpected answer, status 200: []"),
        ("", "pending", "an unexpected answer, status 200: nothing"),
        ("<html>\x00\n  Login", "pending", "an unexpected answer, status 200: <html> Login"),
        ("[" * 100_000, "pending", "an unexpected answer, status 200: ["),
        ('{"error": true, "errors": {"a": "\\ud800\\u0000"}}', "rejected", '{"a": " \\u0000"}'),
    ],
)
def test_answers_are_read_strictly(body: str, state: str, reason: str) -> None:
    """Only documented shapes count. The beginning of any other answer is quoted as printable text."""
    verdict = read(200, body.encode(errors="surrogatepass"))
    assert (verdict.state, verdict.reason[: len(reason)]) == (state, reason)
    assert len(verdict.reason) <= 300


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, '{"error": true, "errors": {"token": "no"}}', ("pending", False, True)),
        (400, '{"error": true, "errors": {"duration": "no"}}', ("rejected", False, False)),
        (500, '{"error": true, "errors": {}}', ("pending", True, False)),
        (503, "", ("pending", False, False)),
        (429, "", ("pending", False, False)),
        (401, "", ("pending", False, True)),
        (403, '{"error": true, "errors": {}}', ("pending", False, True)),
        (404, "not here", ("pending", False, False)),
        (201, "thanks", ("pending", True, False)),
        (302, "", ("pending", False, False)),
        (502, "", ("pending", True, False)),
        (504, "", ("pending", True, False)),
    ],
)
def test_what_a_status_adds(status: int, body: str, expected: tuple[str, bool, bool]) -> None:
    """A wrong token is no rejection of a call, and neither is a 5xx. Possible deliveries are marked."""
    verdict = read(status, body.encode())
    assert (verdict.state, verdict.lost, verdict.halts) == expected


@pytest.mark.parametrize(
    ("reaction", "repeats", "lost"),
    [
        ("reject", 0, False),
        ("text <html>Login", 0, True),
        ("status 404", 0, False),
        ("status 500", 3, True),
        ("status 502", 3, True),
        ("status 429", 3, False),
        ("drop", 3, True),
        ("cut", 3, True),
        ("hang", 3, True),
        ("drip", 3, True),
        ("drip headers", 3, True),
    ],
)
def test_when_it_asks_again(serve: Serve, reaction: str, repeats: int, lost: bool) -> None:
    """Network errors, 429 and 5xx are tried four times. Any other answer is final."""
    crm = serve(behave=lambda _call, _attempt: reaction)

    verdict = client(crm, seconds=0.1, timing=Timing(sleep=lambda _: None)).create(CALL)

    assert (verdict.state, verdict.repeats) == ("rejected" if reaction == "reject" else "pending", repeats)
    assert verdict.lost == lost
    assert crm.asked.total() == repeats + 1


def test_a_fault_that_passes(serve: Serve) -> None:
    """The call is delivered, and the verdict says that an answer was lost."""
    crm = serve(behave=lambda _call, attempt: ["drop_after", "status 503", "ok"][attempt], unique=True)

    verdict = client(crm).create(CALL)

    assert verdict == Verdict("delivered", "", "1", "1", repeats=2, resent=True)
    assert len(crm.effects) == 1


def test_a_server_that_is_not_there() -> None:
    """A request that never left has no lost answer."""
    verdict = Client(Service("http://127.0.0.1:9", TOKEN), Clock(0).timing).create(CALL)

    assert (verdict.state, verdict.repeats, verdict.lost) == ("pending", 3, False)
    assert verdict.reason.startswith("no answer: NewConnectionError")


def test_waits_grow_and_are_spread(serve: Serve) -> None:
    """The longest wait doubles each time, and chance spreads it."""
    clock = Clock(chance=0.5)
    client(serve(behave=lambda *_: "status 500"), clock.timing).create(CALL)
    assert clock.waits == [0.25, 0.5, 1.0]


def in_half_a_minute() -> str:
    """Return that time in the format of HTTP."""
    return format_datetime(datetime.now(UTC) + dt.timedelta(seconds=30), usegmt=True)


@pytest.mark.parametrize(
    ("header", "seconds"), [(lambda: "7", 7.0), (lambda: "x", 0.25), (in_half_a_minute, 30)], ids=["7", "x", "date"]
)
def test_a_server_that_names_its_time(serve: Serve, header: Callable[[], str], seconds: float) -> None:
    """Every thread respects Retry-After, in seconds and as a date."""
    clock = Clock(chance=0.5)
    crm = serve(behave=lambda _call, attempt: "ok" if attempt else f"status 503 {header()}")

    assert client(crm, clock.timing).create(CALL).state == "delivered"

    assert sum(clock.waits) == pytest.approx(seconds, abs=2 if seconds == 30 else 0.01)


def test_a_server_that_wants_long_rest(serve: Serve) -> None:
    """A pause of more than a minute ends the sending of all calls."""
    crm = serve(behave=lambda *_: "status 429 3600")

    verdict = client(crm).create(CALL)

    assert (verdict.state, verdict.repeats, verdict.halts) == ("pending", 0, True)
    assert "3600 seconds" in verdict.reason


def test_credentials_only_where_they_are_asked_for(serve: Serve) -> None:
    """They answer the first 401 and go with every later request. Wrong ones end the sending."""
    crm = serve(login="Basic " + b64encode(b"admin:s:x").decode())
    good = client(crm, user="admin", password="s:x")

    assert [good.create(CALL).state for _ in range(3)] == ["delivered"] * 3
    assert ["authorization" in headers for headers in crm.headers] == [False, True, True, True]

    wrong = client(crm, user="admin", password="wrong").create(CALL)
    assert (wrong.state, wrong.halts, wrong.repeats) == ("pending", True, 0)
    none = client(crm).create(CALL)
    assert (none.state, none.halts) == ("pending", True)


def test_connections_are_kept(serve: Serve) -> None:
    """Many calls on four threads need at most four connections."""
    crm = serve()
    user = client(crm)

    with ThreadPoolExecutor(4) as threads:
        verdicts = list(threads.map(lambda n: user.create(replace(CALL, source=str(n))), range(100)))

    assert {verdict.state for verdict in verdicts} == {"delivered"}
    assert crm.connections <= 4


def test_a_rate_is_kept() -> None:
    """After a short burst, requests follow a fixed interval. A pause holds all of them."""
    clock = Clock()
    pace = Pace(10, clock.timing)
    for _ in range(12):
        pace.wait()
    assert sum(clock.waits) == pytest.approx(1.0)
    pace.pause(5)
    pace.wait()
    assert sum(clock.waits) == pytest.approx(6.0)


@pytest.mark.parametrize("url", ["", "crm.example.com", "ftp://crm.example.com", "https://"])
def test_an_address_that_is_none(url: str) -> None:
    """The error shows a correct address."""
    with pytest.raises(Misconfigured, match="https://crm"):
        Client(Service(url, TOKEN), Timing())
