"""Too large answers, too slow statements and failing services: each ends with an envelope and in time."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from chalicelib.errors import QueryFailed, Unavailable
from chalicelib.platform import objects, runtime
from chalicelib.settings import Settings
from chalicelib.statistics import query
from chalicelib.statistics.answer import Frame, InlineAnswer, Limits, RowSink, StoredAnswer
from chalicelib.statistics.execution import Query
from chalicelib.statistics.formats import Output
from tests.loopback import served
from tests.statistics.cases import ENDED_AT_RUN_TIME, Case, named
from tests.statistics.conftest import Ask, request_of

STATEMENT_TIMEOUT = 3
_OTHERS = [case for number, case in enumerate(ENDED_AT_RUN_TIME) if number % 3]
#: About 600 bytes a row: 20 MB of JSON.
LARGE = "select s.* from calls.success s, generate_series(1, 40) g limit 30000"


def _ask_here(psql: str, current: Settings, *, gzip: bool = False) -> str | bytes | StoredAnswer:
    limits = Limits(current.answer_limit, current.spill_limit, gzip)
    query_here = Query(psql, "data", str(uuid.uuid4()))
    answer = query.rows(query_here, Output(row_limit=current.row_limit), limits, current, {})
    return answer.body if isinstance(answer, InlineAnswer) else answer


def _stored(stack: dict[str, Any], key: str) -> list[dict[str, Any]]:
    content = requests.get(objects.link(stack["bucket"], key, 60), timeout=60)
    assert content.headers["Content-Type"] == "application/json; charset=utf-8"
    envelope = content.json()
    assert (envelope["success"], envelope["error"]) == (True, None)
    return list(envelope["data"])


# Each takes the whole timeout, so `make test` has some of them.
@pytest.mark.parametrize(
    "case",
    [*ENDED_AT_RUN_TIME[::3], *(pytest.param(case, marks=pytest.mark.verify) for case in _OTHERS)],
    ids=named,
)
def test_an_endless_query_is_ended(ask: Ask, case: Case) -> None:
    """Endless work and endless answers return an error within the statement's timeout plus two seconds."""
    started = time.monotonic()
    answer = ask(case.sql, case.action)
    assert time.monotonic() - started < STATEMENT_TIMEOUT + 2
    assert answer.json()["success"] is False
    assert answer.json()["error"]


def test_a_large_answer_is_fetched_from_s3(ask: Ask) -> None:
    """Over the size of a Lambda's response the answer is a 303 to the complete envelope with every row."""
    answer = ask(LARGE)
    assert (answer.status_code, answer.text) == (303, "")
    assert "X-Amz-Expires=900" in answer.headers["Location"]
    fetched = requests.get(answer.headers["Location"], headers={"Origin": "null"}, timeout=60)
    assert fetched.headers["Access-Control-Allow-Origin"] in {"*", "null"}
    assert (fetched.json()["success"], len(fetched.json()["data"])) == (True, 30_000)


def test_an_unchanged_large_answer(stack: dict[str, Any], ask: Ask) -> None:
    """The redirect and its description have an ETag for the client, and no cache keeps an address that expires."""
    first = ask(LARGE)
    etag = first.headers["ETag"]
    assert (first.status_code, first.headers["Cache-Control"]) == (303, "no-store")
    again = ask(LARGE, headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    bearer = {"Authorization": f"Bearer {stack['tokens']['statistics']}"}
    url = f"{stack['url']}/statistics?redirect=0"
    described = requests.post(url, json=request_of(LARGE), headers=bearer, timeout=60)
    assert (described.headers["ETag"], described.headers["Cache-Control"]) == (etag, "no-store")
    with_time = ask(f"{LARGE.removesuffix('30000')}29999 + extract(year from now())::int * 0 + 1")
    assert (with_time.status_code, "ETag" in with_time.headers) == (303, False)


def test_a_client_that_wants_no_redirect(stack: dict[str, Any]) -> None:
    """With `redirect=0` a large answer is described: its address, size and type."""
    bearer = {"Authorization": f"Bearer {stack['tokens']['statistics']}", "Accept-Encoding": "identity"}
    url = f"{stack['url']}/statistics?redirect=0"
    body = request_of(LARGE, format="ndjson")
    described = requests.post(url, json=body, headers=bearer, timeout=60).json()
    assert (described["success"], described["data"], described["expires"]) == (True, None, 900)
    fetched = requests.get(described["location"], timeout=60)
    assert len(fetched.content) == described["size"]
    assert fetched.headers["Content-Type"] == described["type"] == "application/x-ndjson; charset=utf-8"


@pytest.mark.parametrize("text", ["'я'", "'\"'", "'x'", "'\\'", "E'\\n'", "'𝄞'"], ids=ascii)
def test_the_limit_counts_the_encoded_response(bundle: Settings, text: str) -> None:
    """With any characters, an answer stays in the response only while the encoded response fits."""
    limit = 1_000_000
    for count in (20, 60, 100, 160, 200, 260, 400):
        psql = f"select replace(repeat('a', 1000), 'a', {text}) as t from generate_series(1, {count}) g"
        answer = _ask_here(psql, replace(bundle, answer_limit=limit))
        if isinstance(answer, str):
            assert len(json.dumps({"statusCode": 200, "body": answer, "headers": {}})) < limit
            assert len(json.loads(answer)["data"]) == count
        else:
            whole = json.dumps(_ask_here(psql, replace(bundle, answer_limit=50 * limit)))
            assert len(whole) > 0.99 * limit


def test_rows_with_line_breaks_survive_the_way_through_s3(stack: dict[str, Any], bundle: Settings) -> None:
    """COPY quotes a row with raw line breaks in a json value, and no quote reaches the answer."""
    psql = "select g, '[1,\n2]'::json as j from generate_series(1, 20000) g"
    answer = _ask_here(psql, replace(bundle, answer_limit=100_000))
    assert isinstance(answer, StoredAnswer)
    assert _stored(stack, answer.key) == [{"g": g, "j": [1, 2]} for g in range(1, 20_001)]


def test_an_answer_over_the_upload_limit_leaves_nothing(stack: dict[str, Any], bundle: Settings) -> None:
    """The error says how to narrow the query, and the unfinished upload is removed."""
    with pytest.raises(QueryFailed, match="fewer columns, a shorter period"):
        _ask_here(LARGE, replace(bundle, spill_limit=10_000_000))
    left = objects.client().list_multipart_uploads(Bucket=stack["bucket"])
    assert "Uploads" not in left


def test_the_connection_works_after_each_kind_of_failure(bundle: Settings) -> None:
    """After a limit, an error and a timeout the next query can use the connection."""
    for psql in (LARGE, "select 1/0 as x", "select count(*) from calls.success a, calls.success b, calls.success c"):
        with pytest.raises(QueryFailed):
            _ask_here(psql, replace(bundle, spill_limit=8_000_000))
        assert _ask_here("select 1 as a", bundle) == '{"success":true,"error":null,"data":[{"a":1}\n]}'


class _SlowS3(BaseHTTPRequestHandler):
    """A proxy to the real endpoint that delays the parts of uploads."""

    endpoint = ""
    delay = 0.0
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "partNumber" in self.path:
            time.sleep(self.delay)
        answer = requests.request(
            self.command, self.endpoint + self.path, headers=dict(self.headers), data=body, timeout=60
        )
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in {"content-length", "connection", "transfer-encoding", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""


@contextmanager
def _slow_s3(endpoint: str, delay: float) -> Iterator[str]:
    handler = type("Handler", (_SlowS3,), {"endpoint": endpoint, "delay": delay})
    with served(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url:
        yield url


@pytest.mark.verify
def test_a_slow_s3_does_not_use_up_the_statement_timeout(
    stack: dict[str, Any], bundle: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows wait on disk, not in PostgreSQL, so the upload may take longer than the statement timeout."""
    with _slow_s3(stack["aws_endpoint_url"], delay=2.5) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        runtime.renew()
        started = time.monotonic()
        answer = _ask_here(LARGE.replace("30000", "40000"), replace(bundle, answer_limit=100_000))
        assert time.monotonic() - started > STATEMENT_TIMEOUT
        assert isinstance(answer, StoredAnswer)
        assert len(_stored(stack, answer.key)) == 40_000
    runtime.renew()


def test_a_too_slow_s3_is_an_error_and_not_half_an_answer(
    stack: dict[str, Any], bundle: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the request's time ends before the upload does, the client is asked to try again."""
    with _slow_s3(stack["aws_endpoint_url"], delay=3) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        runtime.renew()
        with pytest.raises(Unavailable, match="took too long"):
            _ask_here(LARGE, replace(bundle, answer_limit=100_000, request_seconds=2))
    runtime.renew()


def test_without_s3_a_large_answer_is_unavailable_and_a_small_one_is_not(
    bundle: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only an answer that needs S3 fails without it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    runtime.renew()
    assert isinstance(_ask_here("select 1 as a", bundle), str)
    with pytest.raises(Unavailable, match="object storage"):
        _ask_here(LARGE, bundle)
    runtime.renew()


def test_an_unavailable_database(bundle: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error asks the client to try again and says when."""
    away = replace(bundle, reader_database_url="postgresql://ringledger_reader:x@127.0.0.1:9/none")
    monkeypatch.setattr("chalicelib.platform.configuration.current", lambda: away)
    with pytest.raises(Unavailable) as unavailable:
        _ask_here("select 1", away)
    assert unavailable.value.headers["Retry-After"]


def test_rows_stay_whole_across_chunks() -> None:
    """With any row size, the envelope contains each row once and in order."""
    for width in (10, 1_000, 100_000, 300_000):
        sink = RowSink(Frame(), Limits(10_000_000, 1), "", "")
        for number in range(8):
            sink.write(b',{"n":%d,"x":"%s"}\n' % (number, b"x" * width))
        envelope = sink.finish(0)
        assert isinstance(envelope, InlineAnswer)
        assert [row["n"] for row in json.loads(envelope.body)["data"]] == list(range(8))
