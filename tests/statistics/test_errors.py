"""Error texts of the channel: each says what is wrong, where, and what helps."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.statistics.conftest import Ask

HINT = (
    "operator does not exist: character varying = integer (line 1, column 43, at `=`). No operator matches the given "
    "name and argument types. You might need to add explicit type casts. Telephone numbers are texts here: write them "
    "in quotes, as in bnumber = '205'."
)


@pytest.mark.parametrize(
    ("psql", "error"),
    [
        ("select nosuch\n  from calls.success", 'column "nosuch" does not exist (line 1, column 8, at `nosuch`)'),
        ("select 1,\n  /* x */ 1/0 as x", "division by zero (line 2, column 12, at `/0`)"),
        ("select 7 / duration, 7 / 0 from calls.success", "division by zero (line 1, column 24, at `/`)"),
        ("select 'a',\n mod(7, 0)", "division by zero (line 2, column 2, at `mod(7,`)"),
        ("select now() at time zone 'Europ/Moscow'",
         'time zone "Europ/Moscow" not recognized (line 1, column 27, at `\'Europ/Moscow\'`)'),
        ("select 'я', chr(0)", "null character not permitted (line 1, column 13, at `chr(0)`)"),
        ("select 1 from calls.success where bnumber = 205", HINT),
        ("select 1, sqrt(-1)", "negative number (line 1, column 11, at `sqrt(-1)`)"),
        ("select 1, ln(0)", "logarithm of zero (line 1, column 11, at `ln(0)`)"),
        ("select 2147483647 + 1", "integer out of range (line 1, column 19, at `+`)"),
        ("select 9223372036854775807::int", "integer out of range (line 1, column 27, at `::int`)"),
        ("select 1 + 2147483647 + 1", "integer out of range"),
        ("select 1, (select anumber from calls.success)", "used as an expression (line 1, column 11, at `(select`)"),
        ("select substring('a', 1, -1)", "length not allowed (line 1, column 8, at `substring('a',`)"),
        ("select 'x' ~ '('", "not balanced (line 1, column 12, at `~`)"),
        ("select split_part('a', 'b', 0)", "must not be zero (line 1, column 8"),
        ("select 1, ('a' || 'b')::int", 'type integer: "ab" (line 1, column'),
        ("select anumber::timestamp from calls.success", '" (line 1, column 15, at `::timestamp`)'),
        ("select json_array_elements('{}')", "on a non-array (line 1, column 8"),
        ("select ntile(0) over () from calls.success", "greater than zero (line 1, column 8"),
        ("select make_date(2020, 13, 1)", "2020-13-01 (line 1, column 8"),
        ("select '30.11.2026'::date", "at `'30.11.2026'::date`). Write dates as '2026-11-30', and times"),
        ("select sum(bnumber) from calls.success", "for numbers in it write column::numeric."),
        ("select 1; select 2", "a second query is not allowed (line 1, column 11, at `select`)"),
        (f"select {'abs(' * 120}1 / 0{')' * 120}", "division by zero"),
        (f"select {'abs(' * 120}nosuch{')' * 120}", 'column "nosuch" does not exist'),
        ("select 'x'::int", 'invalid input syntax for type integer: "x" (line 1, column 8'),
        ("select pg_sleep(1)", "function pg_sleep is not allowed (line 1, column 8"),
        ("select * from ledger.tokens", "table ledger.tokens is not allowed"),
        ("update calls.success set duration = 0", "must begin with `select`"),
        ("select repeat('x', 1000) || (select string_agg(esgdlg, '') from calls.success, generate_series(1, 1000))",
         "is larger than 16000000 bytes"),
    ],
)  # fmt: skip
def test_a_failing_query_returns_the_envelope_with_its_error(ask: Ask, psql: str, error: str) -> None:
    """Refusals and failures are HTTP 200 with success false, the reason and its position."""
    answer = ask(psql)
    assert answer.status_code == 200
    assert answer.json()["success"] is False
    assert answer.json()["data"] is None
    assert error in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"{", 400, "must be JSON"),
        (b"", 400, "must be JSON"),
        (b"\xff\xfe", 400, "must be JSON"),
        (b"[" * 100_000, 400, "must be JSON"),
        (b'{"entity":\n  "chronological" "action"}', 400, "line 2, column 19: Expecting ',' delimiter"),
        (b'{"entity": "\xd0"}', 400, "byte 13 is not utf-8"),
        (b"[1]", 400, "must be a JSON object"),
        (b"{}", 400, "entity must be a text"),
        (b'{"entity":"chronological","action":1}', 400, "action must be a text"),
        (b'{"entity":"chronological","action":"data","options":[]}', 400, "options must be an object"),
        (b'{"entity":"chronological","action":"data","options":{}}', 400, "options.psql must be a text"),
        (b'{"entity":"chronological","action":"data","options":{"psql":"select \\u0000"}}', 200, "NUL"),
        (b'{"entity":"chronological","action":"data","options":{"psql":"select \'\\ud800\'"}}', 200, "surrogate"),
        (b'{"entity":"online","action":"data","options":{}}', 200, 'unknown entity "online"; known: chronological'),
        (b'{"entity":"chronological","action":"x","options":{}}', 200, "known: data, quantity"),
        (b" " * 200_000, 413, "at most 131072"),
    ],
)
def test_a_malformed_request_returns_its_error(stack: dict[str, Any], body: bytes, status: int, error: str) -> None:
    """Every input returns the envelope: 400 for a wrong shape, 413 over the size limit, 200 for an unknown action."""
    address = f"{stack['url']}/api/token/v1/{stack['tokens']['statistics']}"
    answer = requests.post(address, data=body, headers={"Content-Type": "application/json"}, timeout=30)
    assert answer.status_code == status
    assert (answer.json()["success"], answer.json()["data"]) == (False, None)
    assert error in answer.json()["error"]
