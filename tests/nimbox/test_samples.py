"""Every sample of the service's documentation, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.nimbox.service import ANSWER_SECONDS, EXAMPLE, PATH, Service


def test_the_documented_call_is_created(service: Service) -> None:
    """Success returns the ids of the contact and the phone call, in the documented order."""
    answer = service.get("create", **EXAMPLE)

    assert list(answer) == ["error", "contactId", "phonecallId"]
    assert answer["error"] is False
    assert [type(answer[name]) for name in ("contactId", "phonecallId")] == [int, int]


def test_the_documented_address_works_as_written(service: Service) -> None:
    """The documented address has unencoded values and three dots as its url."""
    query = "initiated=2012-08-23T12:20:33&source=7222&destination=02122853348&duration=45&url=http..."
    answer = requests.get(f"{service.url}{PATH}create?token={service.token}&{query}", timeout=ANSWER_SECONDS).json()
    assert answer["error"] is False
    assert service.rows("SELECT url FROM ledger.phonecalls") == [("http...",)]


def test_an_unknown_destination_is_the_documented_error(service: Service) -> None:
    """The message is Spanish, as clients know it."""
    assert service.get("create", **EXAMPLE | {"destination": "02129999999"}) == {
        "error": True,
        "errors": {"destination": "no se consiguió el número de destino en la base de datos"},
    }


def test_the_same_call_again_is_the_same(service: Service) -> None:
    """A repetition is no error, changes nothing and returns the same ids."""
    first = service.get("create", **EXAMPLE)
    again = service.post("create", **EXAMPLE | {"duration": "99", "url": "http://elsewhere/", "source": "72-22"})

    assert again == first
    assert service.rows("SELECT duration, url FROM ledger.phonecalls") == [(45, EXAMPLE["url"])]


def test_days_are_deleted_as_documented(service: Service) -> None:
    """Both dates are exclusive: only the day between them is deleted."""
    for day in ("22", "23", "24"):
        for hour in ("00:00:00", "23:59:59"):
            service.get("create", **EXAMPLE | {"initiated": f"2012-08-{day}T{hour}"})

    assert service.get("delete", **{"from": "2012-08-22", "to": "2012-08-24"}) == {"count": 2, "error": False}
    assert service.get("delete", **{"from": "2012-08-22", "to": "2012-08-24"}) == {"count": 0, "error": False}
    left = service.rows("SELECT DISTINCT initiated::date::text FROM ledger.phonecalls ORDER BY 1")
    assert left == [("2012-08-22",), ("2012-08-24",)]


@pytest.mark.parametrize(
    ("command", "parameters", "faulty"),
    [
        ("create", {}, {"initiated", "source", "destination"}),
        (
            "create",
            EXAMPLE | {"duration": "-1", "source": "x", "initiated": "now"},
            {"duration", "source", "initiated"},
        ),
        ("delete", {}, {"from", "to"}),
        ("delete", {"from": "2012-08-23T00:00:00", "to": "2012-08-25"}, {"from"}),
        ("delete", {"from": "23.08.2012", "to": "2012-02-30"}, {"from", "to"}),
    ],
)
def test_all_errors_are_reported_by_name(
    service: Service, command: str, parameters: dict[str, str], faulty: set[str]
) -> None:
    """One answer names every missing or wrong parameter, for GET and POST."""
    for ask in (service.get, service.post):
        answer = ask(command, **parameters)
        assert answer["error"] is True
        assert set(answer["errors"]) == faulty


@pytest.mark.parametrize("command", ["create", "delete"])
@pytest.mark.parametrize("value", ["", "12345678", "\0", "ñ", "x" * 1000])
def test_a_wrong_token_is_a_fault_of_its_parameter(service: Service, command: str, value: str) -> None:
    """The error has the documented shape and hides other errors."""
    assert set(service.get(command, token=value)["errors"]) == {"token"}


def test_a_token_without_the_scope_is_refused(service: Service, stack: dict[str, Any]) -> None:
    """Tokens of other surfaces are refused."""
    answer = service.get("create", **EXAMPLE | {"token": stack["tokens"]["statistics"]})
    assert answer["errors"] == {"token": "The token lacks the scope nimbox; it has statistics"}


def test_the_form_goes_before_the_address(service: Service) -> None:
    """A form may share its parameters with the address, and the form wins."""
    answer = requests.post(
        f"{service.url}{PATH}create?token={service.token}&destination=1", EXAMPLE, timeout=ANSWER_SECONDS
    ).json()
    assert answer["error"] is False


def test_statistics_return_the_call(service: Service, stack: dict[str, Any]) -> None:
    """Queries of the statistics channel return the phone call like any other call."""
    service.get("create", **EXAMPLE)
    columns = "anumber, bnumber, aouter, bouter, duration, stop_dt"
    query = f"select {columns} from calls.success where invitedt = '2012-08-23T12:20:33'"
    asked = {"entity": "chronological", "action": "data", "options": {"psql": query}}
    address = f"{stack['url']}/api/token/v1/{stack['tokens']['statistics']}"

    assert requests.post(address, json=asked, timeout=ANSWER_SECONDS).json()["data"] == [
        {
            "anumber": "7222",
            "bnumber": "02122853348",
            "aouter": False,
            "bouter": True,
            "duration": 45,
            "stop_dt": "2012-08-23T12:21:18",
        }
    ]
