"""The log of a request: one structured line without secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from tests.conftest import Launch
from tests.statistics.conftest import request_of

LITERAL = "literal-of-a-customer"


@pytest.mark.verify
def test_a_request_leaves_one_line_without_tokens_or_literals(launch: Launch, tmp_path: Path) -> None:
    """The line has integration, action, fingerprint, rows, bytes, duration and outcome, and no values of the query."""
    launched = launch(tmp_path / "data")
    token, url = launched.facts["tokens"]["statistics"], launched.facts["url"]
    sent = [
        f"select '{LITERAL}' as a",
        f"select '{LITERAL}'::int",
        f"select nosuch_{LITERAL.replace('-', '_')} from calls.success",
        f"select pg_sleep('{LITERAL}')",
        f"select 1 where '{LITERAL}' ~ '('",
    ]
    for psql in sent:
        requests.post(f"{url}/api/token/v1/{token}", json=request_of(psql), timeout=30)
    for sql in ("select $1 as a", "select $1::int", "select repeat('x', $1)"):
        options = {"psql": sql, "params": [LITERAL]}
        for chosen in (options, {**options, "format": "csv"}, {"queries": {"a": options}}):
            body = {"entity": "chronological", "action": "data", "options": chosen}
            requests.post(f"{url}/api/token/v1/{token}", json=body, timeout=30)
    requests.post(f"{url}/api/token/v1/wrong-{token}", json=request_of(sent[0]), timeout=30)
    requests.post(f"{url}/statistics?token={token}", data=token, headers={"Authorization": "Bearer x"}, timeout=30)
    assert launched.stop() == 0

    log = launched.output[launched.output.index("Ctrl-C stops everything") :]
    for text in (log, (launched.data / "postgres.log").read_text("utf-8")):
        assert token not in text
        assert LITERAL not in text
        assert LITERAL.replace("-", "_") not in text
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert [line["outcome"] for line in lines] == [
        "ok",
        "query-failed",
        "query-failed",
        "refused",
        "query-failed",
        *("ok", "ok", "ok"),
        *("query-failed", "query-failed", "ok"),
        *("refused", "query-failed", "ok"),
        "token-not-found",
        "unauthenticated",
    ]
    expected = {"integration": "demo-statistics", "action": "chronological/data", "rows": 1, "status": 200}
    assert expected.items() <= lines[0].items()
    assert {"fingerprint", "bytes", "milliseconds", "request_id"} <= lines[0].keys()
    assert lines[1]["sqlstate"] == "22P02"
