"""Several queries in one request: each has a result or an error of its own, and they share the limits."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.errors import QueryFailed, Unavailable
from chalicelib.platform import objects
from chalicelib.settings import Settings
from chalicelib.statistics import channel
from chalicelib.statistics.answer import InlineAnswer, StoredAnswer
from chalicelib.statistics.context import AnyAnswer, Context
from chalicelib.statistics.requests import QUERIES_LIMIT
from tests.examples import examples
from tests.statistics.cases import ALLOWED, REFUSED, Case
from tests.statistics.conftest import Ask
from tests.statistics.generated_queries import QUERIES
from tests.statistics.test_channel import EXAMPLE, EXAMPLE_ROWS


@pytest.fixture
def ask_for(stack: dict[str, Any]) -> Iterator[Any]:
    """Return a function that sends several queries in one request."""
    session = requests.Session()

    def send(queries: object, path: str = "", **options: Any) -> requests.Response:
        body = {"entity": "chronological", "action": "data", "options": {"queries": queries, **options}}
        token = stack["tokens"]["statistics"]
        headers = {"Authorization": f"Bearer {token}"}
        return session.post(stack["url"] + (path or f"/api/token/v1/{token}"), json=body, headers=headers, timeout=60)

    with session:
        yield send


def test_each_query_has_its_own_result(ask_for: Any) -> None:
    """A failing panel of a dashboard does not stop the others; each has its own parameters and format."""
    answer = ask_for({
        "rows": {"psql": EXAMPLE},
        "refused": {"psql": "select pg_sleep(1)"},
        "failing": {"psql": "select 1 / (g - 500) as v from generate_series(1, 900) g"},
        "empty": {"psql": "select 1 as a where :no", "params": {"no": False}, "format": "columns"},
        'я "': {"psql": "select 1 as a, 2 as a"},
        "wrong": {"psql": 5},
        "file": {"psql": "select 1", "format": "csv"},
        "nothing": None,
        "big": {"psql": "select count(*) from calls.holds where false", "bigint": "text"},
    })  # fmt: skip
    assert answer.status_code == 200
    assert (answer.json()["success"], answer.json()["error"]) == (True, None)
    data = answer.json()["data"]
    assert list(data) == ["rows", "refused", "failing", "empty", 'я "', "wrong", "file", "nothing", "big"]
    assert data["rows"] == {"success": True, "error": None, "data": EXAMPLE_ROWS}
    assert data["empty"]["data"] == {"columns": [{"name": "a", "type": "integer"}], "rows": []}
    assert data['я "']["data"] == [{"a": 1, "a_2": 2}]
    assert data["big"]["data"] == [{"count": "0"}]
    errors = {name: each["error"] for name, each in data.items() if not each["success"]}
    assert all(data[name]["data"] is None for name in errors)
    assert errors["refused"].startswith("function pg_sleep is not allowed (line 1, column 8")
    assert errors["failing"].startswith("division by zero (line 1, column 10")
    assert errors["wrong"] == "options.queries.wrong.psql must be a text: the query to run"
    assert errors["file"] == "options.queries.file.format must be json or columns, beside other queries"
    assert errors["nothing"] == "options.queries.nothing must be an object: the options of its query"


def test_the_rule_for_the_first_words_is_that_of_the_address(ask_for: Any) -> None:
    """`POST /statistics` takes any beginning in each query too."""
    queries = {"a": {"psql": "with t as (select 1 as a) select * from t"}}
    assert "must begin with `select`" in ask_for(queries).json()["data"]["a"]["error"]
    assert ask_for(queries, "/statistics").json()["data"]["a"]["data"] == [{"a": 1}]


@pytest.mark.parametrize(
    ("queries", "options", "error"),
    [
        ([], {}, "options.queries must be an object of names and the options of their queries"),
        ({}, {}, "options.queries must have 1 to 30 queries; it has 0"),
        ({str(n): {} for n in range(QUERIES_LIMIT + 1)}, {}, "must have 1 to 30 queries; it has 31"),
        ({"a": {"psql": "select 1"}}, {"format": "columns"}, "options.format belongs to each query"),
        ({"a": {"psql": "select 1"}}, {"psql": "select 1"}, "options may have psql or queries, not both"),
    ],
)
def test_a_wrong_batch_is_a_wrong_request(ask_for: Any, queries: object, options: dict[str, Any], error: str) -> None:
    """A batch of another shape fails as a whole, with 400."""
    answer = ask_for(queries, **options)
    assert answer.status_code == 400
    assert error in answer.json()["error"]


def _answer(queries: dict[str, Any], current: Settings, *, compressed: bool = False) -> AnyAnswer:
    body = {"entity": "chronological", "action": "data", "options": {"queries": queries}}
    context = Context("batch", current, {}, protocol_beginnings=True, gzip=compressed)
    return channel.answer(json.dumps(body).encode(), context)


def test_the_time_counts_for_all_queries(bundle: Settings) -> None:
    """All queries together end within the statement timeout, and those without time left say so."""
    slow = {"psql": "select count(*) from calls.success a, calls.success b, calls.success c"}
    started = time.monotonic()
    answer = _answer(
        {"fast": {"psql": "select 1 as a"}, "slow": slow, "late": slow, "last": {"psql": "select 2"}}, bundle
    )
    assert time.monotonic() - started < bundle.statement_timeout + 2.5
    assert isinstance(answer, InlineAnswer)
    data = json.loads(answer.body)["data"]
    assert data["fast"]["success"] is True
    assert "ran longer than" in data["slow"]["error"]
    assert "used up the time" in data["last"]["error"]


def test_the_size_counts_for_all_queries(stack: dict[str, Any], bundle: Settings) -> None:
    """Together they may be stored in S3 up to the last limit; one alone may be as large as a response."""
    one = {"psql": "select repeat('x', 900) as v from generate_series(1, 100) g"}
    current = replace(bundle, answer_limit=150_000)
    stored = _answer({"a": one, "b": one, "c": {"psql": "select 1 / 0"}, "d": one}, current)
    assert isinstance(stored, StoredAnswer)
    data = requests.get(objects.link(stack["bucket"], stored.key, 60), timeout=60).json()["data"]
    assert [len(data[name]["data"] or []) for name in "abcd"] == [100, 100, 0, 100]
    with pytest.raises(QueryFailed, match="the answer is larger than 200000 bytes"):
        _answer({"a": one, "b": one, "c": one}, replace(current, spill_limit=200_000))
    alone = _answer({"a": {"psql": f"{one['psql']}, generate_series(1, 9) h"}, "b": {"psql": "select 1 as a"}}, current)
    assert isinstance(alone, InlineAnswer)
    data = json.loads(alone.body)["data"]
    assert data["a"]["error"] == "beside other queries an answer may have 150000 bytes: send this query alone"
    assert data["b"]["data"] == [{"a": 1}]


def test_a_batch_is_compressed_as_a_whole(bundle: Settings) -> None:
    """Compression is that of single queries."""
    one = {"psql": "select repeat('x', 900) as v from generate_series(1, 100) g"}
    plain, compressed = _answer({"a": one, "b": one}, bundle), _answer({"a": one, "b": one}, bundle, compressed=True)
    assert isinstance(plain, InlineAnswer)
    assert isinstance(compressed, InlineAnswer)
    assert isinstance(compressed.body, bytes)
    assert gzip.decompress(compressed.body).decode() == plain.body


def test_a_database_that_is_away_fails_the_whole_batch(bundle: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client is asked to try again, as for a single query."""
    away = replace(bundle, reader_database_url="postgresql://ringledger_reader:x@127.0.0.1:9/none")
    monkeypatch.setattr("chalicelib.platform.configuration.current", lambda: away)
    with pytest.raises(Unavailable):
        _answer({"a": {"psql": "select 1"}}, away)


def _chunks(cases: list[Case]) -> list[dict[str, Any]]:
    return [
        {case.id: {"psql": case.sql} for case in cases[start : start + QUERIES_LIMIT]}
        for start in range(0, len(cases), QUERIES_LIMIT)
    ]


def test_the_corpus_in_batches(ask_for: Any, ask: Ask) -> None:
    """Beside other queries, queries of reports run and those of attackers are refused with the same words."""
    cases = {case.id: case for case in [*ALLOWED, *REFUSED] if case.action == "data" and len(case.sql) < 2_000}
    for queries in _chunks(list(cases.values())):
        for name, each in ask_for(queries).json()["data"].items():
            assert each["success"] is cases[name].allowed, (name, each["error"])
    refused = next(case for case in cases.values() if not case.allowed)
    single = ask(refused.sql).json()
    assert ask_for({"a": {"psql": refused.sql}}).json()["data"]["a"] == single


@settings(deadline=None, max_examples=examples(60), suppress_health_check=list(HealthCheck))
@given(st.lists(QUERIES, min_size=1, max_size=4))
def test_every_batch_has_an_answer(ask_for: Any, queries: list[str]) -> None:
    """With any texts, the envelope has each name once, and a query that works beside them still works."""
    batch = {**{str(n): {"psql": sql} for n, sql in enumerate(queries)}, "ok": {"psql": "select 1 as a"}}
    answer = ask_for(batch).json()
    assert list(answer["data"]) == [*map(str, range(len(queries))), "ok"]
    assert answer["data"]["ok"]["data"] == [{"a": 1}] or "used up the time" in answer["data"]["ok"]["error"]
