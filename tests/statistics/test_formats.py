"""Formats of an answer: CSV, lines of JSON, columns with types, bigint values as texts, and gzip."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.errors import QueryFailed
from chalicelib.platform import objects
from chalicelib.settings import Settings
from chalicelib.statistics import query
from chalicelib.statistics.answer import Limits, StoredAnswer
from chalicelib.statistics.execution import Query
from chalicelib.statistics.formats import FORMATS, Output
from tests.examples import examples
from tests.statistics.cases import ALLOWED, REFUSED, named
from tests.statistics.conftest import Ask, request_of
from tests.statistics.generated_queries import QUERIES
from tests.statistics.test_channel import EXAMPLE, EXAMPLE_ROWS

VALUES = """select * from (values (1, 'it''s "quoted"', true, null, 9007199254740993::bigint, '{"a": [1,
 2]}'::json), (2, E'two\\nlines; a comma,', false, '', -1, '[]'::json)) v (n, "text", flag, nothing, big, doc)"""


def _rows(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_csv_is_that_of_rfc_4180(ask: Ask) -> None:
    """The header comes first, lines end with CRLF, quotes are doubled, NULL is empty and booleans are words."""
    answer = ask(VALUES, format="csv")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert answer.text.startswith('n,text,flag,nothing,big,doc\r\n1,"it\'s ""quoted""",true,,9007199254740993,')
    assert answer.text.endswith("\r\n")
    assert _rows(answer.text)[1:] == [
        ["1", 'it\'s "quoted"', "true", "", "9007199254740993", '{"a": [1,\n 2]}'],
        ["2", "two\nlines; a comma,", "false", "", "-1", "[]"],
    ]


@pytest.mark.parametrize(
    ("psql", "text"),
    [
        ("select inviteid, duration from calls.success where false", "inviteid,duration\r\n"),
        ("select count(*), count(*) from calls.success where false", "count,count_2\r\n0,0\r\n"),
        ('select 1 as "a,b", 2 as "c""d"', '"a,b","c""d"\r\n1,2\r\n'),
        ("select from calls.success limit 1", "\r\n\r\n"),
        ("select E'\\x01\\x02' as v", "v\r\n\x01\x02\r\n"),
    ],
)
def test_csv_always_has_its_header(ask: Ask, psql: str, text: str) -> None:
    """An answer without rows has its columns too, repeated names are numbered, and every character survives."""
    assert ask(psql, format="csv").content.decode() == text


def test_csv_for_spreadsheets_runs_no_formula(ask: Ask) -> None:
    """It has a byte order mark and semicolons; a text that would be a formula gets an apostrophe, a number does not."""
    psql = """select -5 as "=n", '=1+1' as a, '+375291831767' as b, '-x' as c, '@x' as d, E'\\t=1' as e, 'x' as f,
              interval '-1 hour' as g, false as h, null::text as i, '-1'::json as j"""
    answer = ask(psql, format="csv", excel=True)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    head, row = _rows(answer.content.decode("utf-8-sig"), ";")
    assert head == ["'=n", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
    assert row == ["-5", "'=1+1", "'+375291831767", "'-x", "'@x", "'\t=1", "x", "-01:00:00", "false", "", "'-1"]


@pytest.mark.parametrize("beginning", ["\r", "\n", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}"], ids=ascii)
def test_rare_beginnings_of_formulas(ask: Ask, beginning: str) -> None:
    """Line breaks and full-width signs begin a formula in some spreadsheets, in values and in names of columns."""
    psql = f"select '{beginning}1' as \"{beginning}n\""
    head, row = _rows(ask(psql, format="csv", excel=True).content.decode("utf-8-sig"), ";")
    assert (head, row) == ([f"'{beginning}n"], [f"'{beginning}1"])


def test_lines_of_json(ask: Ask) -> None:
    """Each line is one row as an object, also where a value has line breaks of its own."""
    answer = ask(VALUES, format="ndjson")
    assert answer.headers["Content-Type"] == "application/x-ndjson; charset=utf-8"
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [row["n"] for row in rows] == [1, 2]
    assert rows[0]["doc"] == {"a": [1, 2]}
    assert rows[1]["text"] == "two\nlines; a comma,"
    assert ask("select 1 as a where false", format="ndjson").text == ""
    psql = "select E'[1,\\r\\n\\n2]\\n'::json as j, E'\\x01' as t from generate_series(1, 2)"
    assert ask(psql, format="ndjson").text == '{"j":[1,   2] ,"t":"\\u0001"}\n' * 2


def test_columns_have_names_and_types(ask: Ask) -> None:
    """An answer without rows has its columns; a repeated name is numbered, and its own name is the label."""
    psql = "select count(*), count(*), invitedt, 'я' as t from calls.success where false group by 3"
    answer = ask(psql, format="columns")
    assert answer.json()["success"] is True
    assert answer.json()["data"] == {
        "columns": [
            {"name": "count", "type": "bigint"},
            {"name": "count_2", "type": "bigint", "label": "count"},
            {"name": "invitedt", "type": "timestamp without time zone"},
            {"name": "t", "type": "text"},
        ],
        "rows": [],
    }


def test_columns_have_rows_as_arrays(ask: Ask) -> None:
    """Values are those of the default format, in the order of the columns."""
    rows = ask(VALUES).json()["data"]
    assert ask(VALUES, format="columns").json()["data"]["rows"] == [list(row.values()) for row in rows]
    empty = ask("select from calls.success limit 2", format="columns").json()["data"]
    assert empty == {"columns": [], "rows": [[], []]}


def test_more_columns_than_a_function_takes_arguments(ask: Ask) -> None:
    """A wide row is no error in any format."""
    wide = f"select {', '.join(f'{n} as c{n}' for n in range(300))}"
    assert ask(wide, format="columns").json()["data"]["rows"] == [list(range(300))]
    assert _rows(ask(wide, format="csv").text)[1] == [str(n) for n in range(300)]


@pytest.mark.parametrize("form", ["json", "columns", "ndjson"])
def test_bigint_as_text(ask: Ask, form: str) -> None:
    """JavaScript keeps every digit of a bigint value that comes as a text; other values stay."""
    psql = "select 9007199254740993 as a, 1 as b, count(*) as a from calls.holds where false"
    answer = ask(psql, format=form, bigint="text")
    content: Any = answer.json() if form != "ndjson" else {"data": [json.loads(answer.text)]}
    expected: Any = [{"a": "9007199254740993", "b": 1, "a_2": "0"}]
    if form == "columns":
        assert [column["type"] for column in content["data"]["columns"]] == ["bigint", "integer", "bigint"]
        assert content["data"]["rows"] == [["9007199254740993", 1, "0"]]
    else:
        assert content["data"] == expected


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"format": "xml"}, "options.format must be json, csv, ndjson or columns"),
        ({"format": 1}, "options.format must be json, csv"),
        ({"bigint": "string"}, "options.bigint must be number or text"),
        ({"excel": "yes"}, "options.excel must be true or false"),
        ({"excel": True}, "options.excel needs options.format csv"),
    ],
)
def test_an_unknown_choice_is_a_wrong_request(ask: Ask, options: dict[str, Any], error: str) -> None:
    """The error lists the choices."""
    answer = ask("select 1", **options)
    assert answer.status_code == 400
    assert error in answer.json()["error"]


@pytest.mark.parametrize(("form", "status"), [("json", 200), ("columns", 200), ("csv", 422), ("ndjson", 422)])
@pytest.mark.parametrize(
    ("psql", "error"),
    [
        ("select pg_sleep(1)", "function pg_sleep is not allowed (line 1, column 8"),
        ("select 1,\n nosuch", 'column "nosuch" does not exist (line 2, column 2'),
        ("select 1 / (g - 500) as v from generate_series(1, 900) g", "division by zero"),
        ("select repeat('x', 1000) || (select string_agg(esgdlg, '') from calls.success, generate_series(1, 1000))",
         "is larger than 16000000 bytes"),
    ],
)  # fmt: skip
def test_an_error_is_an_envelope_in_every_format(ask: Ask, form: str, status: int, psql: str, error: str) -> None:
    """A format that is no envelope has a status that no client takes for rows."""
    answer = ask(psql, format=form)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("application/json")
    assert (answer.json()["success"], answer.json()["data"]) == (False, None)
    assert error in answer.json()["error"]


@pytest.mark.parametrize("form", FORMATS)
def test_the_corpus_in_every_format(ask: Ask, form: str) -> None:
    """Queries of reports run in each format, with bigint values as texts too, and queries of attackers do not."""
    for case in ALLOWED:
        if case.action == "data":
            assert ask(case.sql, format=form, bigint="text").status_code == 200, named(case)
    for case in REFUSED[::8]:
        answer = ask(case.sql, format=form, params=[])
        assert answer.status_code in {200, 422}
        assert answer.json()["success"] is False, named(case)


@settings(deadline=None, max_examples=examples(150), suppress_health_check=list(HealthCheck))
@given(QUERIES, st.sampled_from(list(FORMATS)), st.booleans(), st.booleans())
def test_every_text_has_an_answer_in_every_format(ask: Ask, sql: str, form: str, excel: bool, as_text: bool) -> None:
    """With any text, the answer is rows or an envelope with an error, and never a failure of the channel's own SQL."""
    options = {"format": form, "bigint": "text" if as_text else "number", "excel": excel and form == "csv"}
    answer = ask(sql, **options)
    assert answer.status_code in {200, 422}
    if answer.headers["Content-Type"].startswith("application/json"):
        error = answer.json()["error"] or ""
        assert answer.json()["success"] is (error == "")
        assert not re.search(r"\b_[wsxo]\b", error)


def test_gzip_where_the_client_accepts_it(stack: dict[str, Any]) -> None:
    """A longer answer comes compressed to a client that says so, a short one and one for others as it is."""
    address = f"{stack['url']}/api/token/v1/{stack['tokens']['statistics']}"
    sent = request_of("select * from calls.success limit 500")

    def answer(accepted: str, body: dict[str, Any] = sent) -> requests.Response:
        headers = {"Accept-Encoding": accepted}
        return requests.post(address, json=body, headers=headers, timeout=30, stream=True)

    plain, compressed = answer("identity"), answer("br;q=0.5, GZIP;q=1.0")
    assert "Content-Encoding" not in plain.headers
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in compressed.headers["Vary"]
    body, whole = compressed.raw.read(decode_content=False), plain.content
    assert gzip.decompress(body) == whole
    assert len(body) * 3 < len(whole)
    assert "Content-Encoding" not in answer("gzip;q=0").headers
    short = answer("gzip", request_of(EXAMPLE))
    assert "Content-Encoding" not in short.headers
    assert short.json()["data"] == EXAMPLE_ROWS


def _large(bundle: Settings, output: Output, limits: Limits, count: int = 20_000) -> Any:
    psql = f"select g, md5(g::text) as text from generate_series(1, {count}) g"
    return query.rows(Query(psql, "data", "formats"), output, limits, bundle, {})


def test_compression_makes_room(bundle: Settings) -> None:
    """The limit of a response counts the compressed body in Base64: more fits than without compression."""
    output = Output(row_limit=1_000_000)
    plain = _large(bundle, output, Limits(700_000, 100_000_000))
    compressed = _large(bundle, output, Limits(900_000, 100_000_000, gzip=True))
    assert isinstance(plain, StoredAnswer)
    assert len(json.loads(gzip.decompress(compressed.body))["data"]) == 20_000
    assert len(compressed.body) * 4 / 3 < 900_000


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("compressed", [False, True])
def test_a_large_answer_in_every_format_is_stored_whole(
    bundle: Settings, stack: dict[str, Any], form: str, *, compressed: bool
) -> None:
    """An answer that does not fit goes to S3 in its own format, uncompressed."""
    whole = _large(bundle, Output(form, row_limit=1_000_000), Limits(50_000_000, 100_000_000))
    stored = _large(bundle, Output(form, row_limit=1_000_000), Limits(200_000, 100_000_000, gzip=compressed))
    assert isinstance(stored, StoredAnswer)
    fetched = requests.get(objects.link(stack["bucket"], stored.key, 60), timeout=60)
    assert fetched.headers["Content-Type"] == whole.content_type
    assert fetched.content == whole.body.encode()


def test_the_last_limit_holds_in_every_format(bundle: Settings) -> None:
    """A too large answer is an error, and nothing is stored."""
    for form in FORMATS:
        with pytest.raises(QueryFailed, match="the answer is larger than 300000 bytes"):
            _large(bundle, Output(form, row_limit=1_000_000), Limits(200_000, 300_000, gzip=True), 40_000)
