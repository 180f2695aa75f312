"""ETags: a client that has the present result learns that nothing changed, and never that by mistake."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest
import requests

from chalicelib.settings import Settings
from chalicelib.statistics import guard, query, versions
from chalicelib.statistics.execution import Query
from tests.databases import run
from tests.statistics.conftest import Ask

COUNT = "select count(*), max(side) from calls.holds"
INSERT = "INSERT INTO calls.holds (side) VALUES ('x')"


def _etag(psql: str = COUNT) -> str:
    return versions.etag(b"request", [Query(psql, guard.ANY_BEGINNING, "test")])


@pytest.fixture
def writer(stack: dict[str, Any], bundle: Settings) -> Iterator[Any]:  # noqa: ARG001 - the reader's settings
    """Return a function that runs a statement as the bundle's writer, and remove its rows at the end."""
    yield lambda statement: run(stack["writer_url"], statement)
    run(stack["database_url"], "DELETE FROM calls.holds")


@pytest.mark.parametrize(
    "statement",
    [
        INSERT,
        "UPDATE calls.holds SET side = 'y'",
        "DELETE FROM calls.holds",
        "WITH added AS (INSERT INTO calls.holds (side) VALUES ('z') RETURNING side) SELECT FROM added",
    ],
)
def test_each_change_makes_a_new_version(writer: Any, statement: str) -> None:
    """The ETag stays while the table does, and another one follows a change."""
    writer(INSERT)
    before = _etag()
    assert before.startswith('W/"')
    assert _etag() == before
    writer(statement)
    assert _etag() not in {before, ""}


def test_truncation_makes_a_new_version(stack: dict[str, Any], writer: Any) -> None:
    """A truncated table has another version."""
    writer(INSERT)
    before = _etag()
    run(stack["database_url"], "TRUNCATE calls.holds")
    assert _etag() not in {before, ""}


def test_other_tables_do_not_matter(writer: Any) -> None:
    """A change of another table leaves the ETag."""
    other = _etag("select count(*) from calls.success")
    writer(INSERT)
    assert _etag("select count(*) from calls.success") == other


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_there_is_no_version_while_a_writer_is_at_work(stack: dict[str, Any], writer: Any, end: str) -> None:
    """A change that is counted but not visible yet would make the ETag of the old rows that of the new ones."""
    writer(INSERT)
    before = _etag()
    with closing(psycopg2.connect(stack["writer_url"])) as connection, connection.cursor() as cursor:
        cursor.execute(INSERT)
        assert _etag() == ""
        cursor.execute(end)
    assert _etag() not in {before, ""}


@contextmanager
def _writers(url: str, count: int) -> Iterator[None]:
    """Run writers that add rows, and commit or roll back at any time."""
    stop = threading.Event()

    def write(seed: int) -> None:
        chance = random.Random(seed)
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            while not stop.is_set():
                cursor.execute(INSERT)
                time.sleep(chance.random() / 500)
                (connection.commit if chance.random() < 0.8 else connection.rollback)()
                time.sleep(chance.random() / 100)

    with ThreadPoolExecutor(count) as pool:
        running = [pool.submit(write, seed) for seed in range(count)]
        try:
            yield
        finally:
            stop.set()
    for each in running:
        each.result()


@pytest.mark.usefixtures("writer")
def test_an_old_result_never_counts_as_the_present_one(stack: dict[str, Any], bundle: Settings) -> None:
    """While rows are added, an ETag that is computed again belongs to a result with all rows that were seen before."""
    known: dict[str, int] = {}
    seen, mistakes, until = 0, [], time.monotonic() + 1.5
    with _writers(stack["writer_url"], 2):
        while time.monotonic() < until:
            etag = _etag()
            if known.get(etag, seen) < seen:
                mistakes.append((known[etag], seen))
            seen = query.quantity(Query("select count(*) from calls.holds", "quantity", "test"), bundle, {})
            if etag:
                known.setdefault(etag, seen)
    assert len(known) > 10
    assert mistakes == []


@pytest.mark.parametrize(
    "psql",
    [
        "select now()",
        "select current_date, count(*) from calls.holds",
        "select count(*) from calls.holds where side < random()::text",
        "select age(invitedt) from calls.success",
        "select count(*) from calls.success where invitedt >= 'today'",
        "select count(*) from calls.success where invitedt >= (' NOW ')::timestamp",
        "select count(*) from calls.success where invitedt >= ('to' || 'day')::timestamp",
        "select count(*) from calls.success where invitedt >= concat('to', 'day')::timestamp",
        "select count(*) from calls.success tablesample bernoulli (10)",
        "select (select count(*) from calls.success where invitedt > localtimestamp)",
        "with recent as (select clock_timestamp()) select * from recent",
    ],
)
@pytest.mark.usefixtures("bundle")
def test_a_result_that_depends_on_the_time_has_no_version(psql: str) -> None:
    """Queries over the time or chance have new results without a change of a table."""
    assert _etag(psql) == ""


@pytest.mark.usefixtures("bundle")
def test_a_table_whose_changes_are_not_counted(stack: dict[str, Any]) -> None:
    """Without an active trigger a table has no version."""
    run(stack["database_url"], "ALTER TABLE calls.holds DISABLE TRIGGER count_change")
    try:
        assert _etag() == ""
    finally:
        run(stack["database_url"], "ALTER TABLE calls.holds ENABLE ALWAYS TRIGGER count_change")
    assert _etag() != ""


OPTIONS: list[dict[str, Any]] = [{}, {"format": "csv"}, {"format": "columns"}]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_client_that_has_the_present_result(ask: Ask, writer: Any, options: dict[str, Any]) -> None:
    """It gets 304 without a body, until a table of its query changes."""
    first = ask(COUNT, **options)
    etag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    second = ask(COUNT, headers={"If-None-Match": etag}, **options)
    assert (second.status_code, second.content, second.headers["ETag"]) == (304, b"", etag)
    writer(INSERT)
    third = ask(COUNT, headers={"If-None-Match": etag}, **options)
    assert (third.status_code, third.headers["ETag"] == etag) == (200, False)


def test_another_request_has_another_version(ask: Ask) -> None:
    """The ETag belongs to the whole request: query, format and every other option."""
    etags = {ask(COUNT, **options).headers["ETag"] for options in OPTIONS}
    assert len(etags | {ask(f"{COUNT} limit 1").headers["ETag"]}) == 4
    assert "ETag" in ask("select count(*) from calls.holds", "quantity").headers


def test_several_queries_have_one_version(stack: dict[str, Any], writer: Any) -> None:
    """The version covers the tables of all queries, and an answer with a failed query has none."""
    address = f"{stack['url']}/api/token/v1/{stack['tokens']['statistics']}"

    def send(second: str, **headers: str) -> requests.Response:
        queries = {"a": {"psql": "select count(*) from calls.success"}, "b": {"psql": second}}
        body = {"entity": "chronological", "action": "data", "options": {"queries": queries}}
        return requests.post(address, json=body, headers=headers, timeout=20)

    etag = send(COUNT).headers["ETag"]
    assert send(COUNT, **{"If-None-Match": etag}).status_code == 304
    writer(INSERT)
    assert send(COUNT, **{"If-None-Match": etag}).status_code == 200
    assert "ETag" not in send("select 1 / 0").headers
    assert "ETag" not in send("select pg_sleep(1)").headers


def test_an_error_has_no_version(ask: Ask) -> None:
    """A refused or failed query is asked again as a whole."""
    for psql in ("select 1 / 0", "select pg_sleep(1)", "select nothing from calls.success"):
        answer = ask(psql, headers={"If-None-Match": "*"} if "nothing" not in psql else None)
        assert "ETag" not in answer.headers
