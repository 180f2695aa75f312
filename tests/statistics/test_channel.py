"""The statistics channel end to end: the samples of the protocol document, then every kind of wrong request."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2
import pytest
import requests

from chalicelib.authentication import tokens
from chalicelib.statistics.allowlist import FUNCTIONS, TYPES
from chalicelib.statistics.metric_functions import METRIC_FUNCTIONS
from tests.statistics.cases import ALLOWED, Case, named
from tests.statistics.conftest import Ask, request_of

#: Ends the sessions of Ringledger's roles, so that the next request opens a new one.
DROP_CONNECTIONS = """select pg_terminate_backend(pid, 5000) from pg_stat_activity
                      where usename like 'ringledger\\_%'"""
EXAMPLE = "select\ninviteid,anumber,acallednum,bnumber,duration,stopreason from calls.success limit\n2"
EXAMPLE_ROWS = [
    {
        "inviteid": "a72866b5-0631-87dd-2624-0900000334b5",
        "anumber": "205",
        "acallednum": "375291831767",
        "bnumber": "375291831767",
        "duration": 19,
        "stopreason": '<<"Bye from side a">>',
    },
    {
        "inviteid": "cb1a456e-0631-883c-c444-5c00000334b5",
        "anumber": "205",
        "acallednum": "375291831767",
        "bnumber": "375291831767",
        "duration": 22,
        "stopreason": '<<"Bye from side a">>',
    },
]


def test_the_documented_example_returns_the_documented_answer(ask: Ask) -> None:
    """The sample request returns the sample rows, with keys in the order of the query's columns."""
    answer = ask(EXAMPLE)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json() == {"success": True, "error": None, "data": EXAMPLE_ROWS}
    assert list(answer.json()) == ["success", "error", "data"]
    assert list(answer.json()["data"][0]) == list(EXAMPLE_ROWS[0])


def test_the_documented_example_is_read_as_printed(stack: dict[str, Any]) -> None:
    """The sample of the protocol document has line breaks inside its JSON text, and is read with them."""
    printed = f'''{{
"entity":"chronological",
"action":"data",
"options": {{"psql":"{EXAMPLE}"}}
}}'''
    address = f"{stack['url']}/api/token/v1/{stack['tokens']['statistics']}"
    answer = requests.post(address, data=printed, headers={"Content-Type": "application/json"}, timeout=30)
    assert answer.json() == {"success": True, "error": None, "data": EXAMPLE_ROWS}


def test_quantity_returns_a_number_and_data_returns_rows(ask: Ask) -> None:
    """`quantity` returns an integer; the same query as `data` returns `[{"count": n}]`."""
    count = "select count (inviteid) from calls.success"
    number = ask(count, "quantity").json()["data"]
    assert isinstance(number, int)
    assert number > 500
    assert ask(count).json() == {"success": True, "error": None, "data": [{"count": number}]}


def test_no_rows_return_an_empty_array(ask: Ask) -> None:
    """A query without matching rows succeeds with `[]`."""
    assert ask("select inviteid from calls.success where false").text == '{"success":true,"error":null,"data":[]}'


@pytest.mark.parametrize("case", ALLOWED, ids=named)
def test_every_allowed_query_of_the_corpus_runs(ask: Ask, case: Case) -> None:
    """A query that the guard accepts runs with the reader's role."""
    answer = ask(case.sql, case.action).json()
    assert answer["error"] is None
    assert isinstance(answer["data"], int if case.action == "quantity" else list)


@pytest.mark.parametrize(
    ("psql", "error"),
    [
        ("select count(*) from calls.success group by stopreason, anumber", "this one returns more"),
        ("select count(*) from calls.success where false group by anumber", "this one returns none"),
        ("select count(*)::text from calls.success", "needs a whole number in the first column"),
        ("select inviteid from calls.success", "must begin with `select count`"),
        ("select count.* from (select from calls.success limit 1) count", "needs a whole number in the first column"),
        ("select count(*)*'1e5000'::numeric from calls.success", "needs a whole number in the first column"),
        (f"select count(*), '{'[' * 3000 + ']' * 3000}'::json as v from calls.success", "needs a whole number"),
    ],
)
def test_a_quantity_of_another_shape_is_an_error(ask: Ask, psql: str, error: str) -> None:
    """A count that is not one whole number returns an error that names the expected shape."""
    answer = ask(psql, "quantity").json()
    assert (answer["success"], answer["data"]) == (False, None)
    assert error in answer["error"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=UTF-8"])
def test_the_content_type_does_not_matter_where_the_body_is_json(stack: dict[str, Any], kind: str) -> None:
    """The default content type of curl works like the documented one."""
    address = f"{stack['url']}/api/token/v1/{stack['tokens']['statistics']}"
    body = json.dumps(request_of("select 'я' as a"))
    answer = requests.post(address, data=body.encode(), headers={"Content-Type": kind}, timeout=30)
    assert answer.json()["data"] == [{"a": "я"}]


def test_an_unknown_token_in_the_address(stack: dict[str, Any]) -> None:
    """The older protocol's own answer, to the letter."""
    answer = requests.post(f"{stack['url']}/api/token/v1/{'x' * 43}", json=request_of("select 1"), timeout=30)
    assert answer.status_code == 404
    assert answer.text == '{"error_code":1404,"error_message":"Token not found"}'


def test_a_bearer_token(stack: dict[str, Any]) -> None:
    """`POST /statistics`: 200 with the token, 401 without or with a wrong one, 403 with one of another scope."""

    def status(**headers: str) -> int:
        return requests.post(
            f"{stack['url']}/statistics", json=request_of("select 1"), headers=headers, timeout=30
        ).status_code

    held = stack["tokens"]
    assert status(Authorization=f"Bearer {held['statistics']}") == 200
    assert status() == 401
    assert status(Authorization="Basic eDp5") == 401
    assert status(Authorization="Bearer wrong") == 401
    assert status(Authorization=f"Bearer {held['recordings']}") == 403


def test_a_revoked_token_stops_working(stack: dict[str, Any]) -> None:
    """A revoked token is unknown as soon as its cache entry has expired."""
    value = tokens.create(stack["database_url"], "short-lived", ["statistics"])
    address = f"{stack['url']}/api/token/v1/{value}"
    assert requests.post(address, json=request_of("select 1"), timeout=30).status_code == 200
    tokens.revoke(stack["database_url"], "short-lived")
    until = time.monotonic() + 30
    while requests.post(address, json=request_of("select 1"), timeout=30).status_code == 200:
        assert time.monotonic() < until, "still accepted"
        time.sleep(0.2)
    assert requests.post(address, json=request_of("select 1"), timeout=30).status_code == 404


def test_a_browser_page_may_send_requests(stack: dict[str, Any]) -> None:
    """Preflights and answers have the cross-origin headers of the setting."""
    preflight = requests.options(
        f"{stack['url']}/statistics", headers={"Origin": "https://reports.example"}, timeout=30
    )
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    asked = requests.post(f"{stack['url']}/statistics", headers={"Origin": "https://reports.example"}, timeout=30)
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (401, "*")


def test_parallel_requests(ask: Ask) -> None:
    """Each parallel request returns its own answer."""
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: ask(f"select {n} as n").json()["data"], range(60)))
    assert answers == [[{"n": n}] for n in range(60)]


def test_a_lost_connection_is_reopened(stack: dict[str, Any]) -> None:
    """When PostgreSQL drops the channel's connections between two requests, the second request still succeeds."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {stack['tokens']['statistics']}"
        assert session.post(f"{stack['url']}/statistics", json=request_of("select 1 as a"), timeout=30).ok
        owner = psycopg2.connect(stack["database_url"])
        owner.cursor().execute(DROP_CONNECTIONS)
        owner.close()
        again = session.post(f"{stack['url']}/statistics", json=request_of("select 1 as a"), timeout=30)
        assert again.json()["data"] == [{"a": 1}]


@pytest.mark.parametrize(
    ("weakening", "repair"),
    [
        ("alter role ringledger_reader superuser", "alter role ringledger_reader nosuperuser"),
        ("alter role ringledger_reader set search_path = 'calls'", "alter role ringledger_reader set search_path = ''"),
        (
            "alter role ringledger_reader set default_transaction_read_only = off",
            "alter role ringledger_reader set default_transaction_read_only = on",
        ),
        ("grant select on ledger.tokens to ringledger_reader", "revoke select on ledger.tokens from ringledger_reader"),
        ("grant delete on calls.holds to ringledger_reader", "revoke delete on calls.holds from ringledger_reader"),
        ("grant ringledger_writer to ringledger_reader", "revoke ringledger_writer from ringledger_reader"),
        (
            "alter role ringledger_reader set statement_timeout = 0",
            "alter role ringledger_reader set statement_timeout = '3s'",
        ),
    ],
)
def test_a_role_with_more_rights_is_refused(ask: Ask, stack: dict[str, Any], weakening: str, repair: str) -> None:
    """A new connection examines its role, and the channel answers 503 until the role is correct."""
    owner = psycopg2.connect(stack["database_url"])
    owner.autocommit = True
    try:
        owner.cursor().execute(weakening)
        owner.cursor().execute(DROP_CONNECTIONS)
        answer = ask("select 1")
        assert answer.status_code == 503
        assert answer.json()["success"] is False
    finally:
        owner.cursor().execute(repair)
        owner.close()
    assert ask("select 1 as a").json()["data"] == [{"a": 1}]


def test_the_reference_lists_what_is_allowed(stack: dict[str, Any]) -> None:
    """The page that refusals name needs no token, and has every function, type and limit."""
    answer = requests.get(f"{stack['url']}/statistics/functions", timeout=30)
    assert answer.status_code == 200
    listed = answer.json()
    assert {name for group in listed["functions"].values() for name in group} == FUNCTIONS | METRIC_FUNCTIONS.keys()
    assert set(listed["types"]) == TYPES
    assert listed["limits"]["bytes of a query"] == 15_500


def test_health(stack: dict[str, Any]) -> None:
    """The short check answers without other services; with deep=1 each service is checked."""
    assert requests.get(f"{stack['url']}/health", timeout=30).json() == {"status": "ok"}
    deep = requests.get(f"{stack['url']}/health?deep=1", timeout=30)
    assert deep.json() == {"status": "ok", "parts": {"postgresql": "ok", "sqs": "ok", "s3": "ok"}}
