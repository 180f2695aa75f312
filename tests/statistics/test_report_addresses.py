"""Saved reports at addresses of their own, as spreadsheets and bookmarks open them, and the schema."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
import requests

from chalicelib.statistics.own_reports import own_reports


def get(stack: dict[str, Any], path: str, **options: Any) -> requests.Response:
    """Open an address of the stack without following redirects."""
    return requests.get(f"{stack['url']}{path}", timeout=60, allow_redirects=False, **options)


def test_every_way_of_the_token(stack: dict[str, Any]) -> None:
    """The token comes as Bearer, as the password of Basic, or as a parameter; browsers are asked for Basic."""
    token = stack["tokens"]["statistics"]
    path = "/reports/not-called-back.csv"
    bodies = {
        get(stack, path, headers={"Authorization": f"Bearer {token}"}).text,
        get(stack, path, auth=("anyone", token)).text,
        get(stack, f"{path}?token={token}").text,
    }
    assert len(bodies) == 1
    assert next(iter(bodies)).startswith("number,missed,first_missed,last_missed,longest_wait,lines\r\n")
    for refused in (get(stack, path), get(stack, path, auth=("x", "wrong")), get(stack, f"{path}?token=wrong")):
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Basic ")
    assert get(stack, path, auth=("x", stack["tokens"]["recordings"])).status_code == 403


def test_addresses(stack: dict[str, Any]) -> None:
    """The ending is the format; the list has every report; the rows are those of the channel."""
    auth = ("", stack["tokens"]["statistics"])
    names = [report["name"] for report in get(stack, "/reports", auth=auth).json()["data"]]
    assert set(own_reports()) <= set(names)
    address = "/reports/service-level{}from=-40d&seconds=30"
    as_json = get(stack, address.format(".json?"), auth=auth).json()["data"]
    as_csv = list(csv.DictReader(io.StringIO(get(stack, address.format(".csv?"), auth=auth).text, newline="")))
    as_lines = get(stack, address.format(".ndjson?"), auth=auth).text.splitlines()
    as_columns = get(stack, address.format(".json?format=columns&"), auth=auth).json()["data"]
    assert len(as_json) == len(as_csv) == len(as_lines) == len(as_columns["rows"]) > 0
    assert as_csv[0]["day"] == as_json[0]["day"]
    assert get(stack, address.format(".csv?excel=1&"), auth=auth).content.startswith("\N{BYTE ORDER MARK}".encode())


def test_an_unchanged_report(stack: dict[str, Any]) -> None:
    """A report over times that are over has an ETag, and is not sent again."""
    auth = ("", stack["tokens"]["statistics"])
    first = get(stack, "/reports/heat-map.json?from=2026-01&to=2026-01", auth=auth)
    again = get(
        stack,
        "/reports/heat-map.json?from=2026-01&to=2026-01",
        auth=auth,
        headers={"If-None-Match": first.headers["ETag"]},
    )
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/reports/nosuch.csv", 404, "there is no report 'nosuch'"),
        ("/reports/heat-map", 404, "the address ends in one of"),
        ("/reports/heat-map.xlsx", 404, "the address ends in one of"),
        ("/reports/.csv", 404, ""),
        ("/reports/%27%20or%20true--.csv", 404, "there is no report"),
        ("/reports/%00.csv", 404, ""),
        ("/reports/%F0%9F%93%9E.json", 404, "there is no report"),
        ("/reports/..%2F..%2Fetc%2Fpasswd.csv", 404, ""),
        ("/reports/heat-map.csv?from=monday", 400, "parameter from must be a date or time"),
        ("/reports/heat-map.csv?form=2026-11-01", 400, "unknown parameter 'form' (did you mean from?)"),
        ("/reports/heat-map.csv?from=2026-11-01&from=2026-11-02", 400, "parameter 'from' is in the address twice"),
        ("/reports/heat-map.csv?queue=&queue=200", 400, "parameter 'queue' is in the address twice"),
        ("/reports/heat-map.csv?format=json", 400, "parameter format must be csv"),
        ("/reports/heat-map.json?excel=1", 400, "excel needs the format csv"),
        ("/reports/heat-map.csv?line=%00", 400, "NUL"),
        ("/reports/longest-waits.csv?rows=-1", 422, "LIMIT must not be negative"),
        ("/reports/heat-map.csv?" + "&".join(f"p{number}=1" for number in range(400)), 400, "unknown parameter 'p0'"),
    ],
)
def test_wrong_addresses(stack: dict[str, Any], path: str, status: int, words: str) -> None:
    """Whatever is wrong with an address has a status and a sentence."""
    answer = get(stack, path, auth=("", stack["tokens"]["statistics"]))
    assert answer.status_code == status, answer.text
    assert words in answer.text


def test_the_schema(stack: dict[str, Any]) -> None:
    """`GET /statistics/schema` needs no token and has what the entity `schema` has."""
    described = get(stack, "/statistics/schema").json()
    body = {"entity": "schema", "action": "data"}
    headers = {"Authorization": f"Bearer {stack['tokens']['statistics']}"}
    assert (
        requests.post(f"{stack['url']}/statistics", json=body, headers=headers, timeout=60).json()["data"] == described
    )
    tables = {table["name"]: table for part in described["schemas"] for table in part["tables"]}
    (column,) = [column for column in tables["calls.success"]["columns"] if column["name"] == "duration"]
    assert column["type"] == "integer"
    assert column["description"]["ru"].startswith("Продолжительность разговора")
    assert tables["metrics.calls"]["kind"] == "view"
    assert "count" in described["functions"]["aggregates"]
