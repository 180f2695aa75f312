"""Misspelt and repeated names in a request: each is refused with the name that was meant, and none is ignored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.errors import InvalidRequest
from chalicelib.settings import load
from chalicelib.statistics import channel
from chalicelib.statistics.context import REPORTS, STATISTICS, Context

QUERY = {"psql": "select 1 as a"}


def refusal(entity: str, action: str, options: dict[str, Any], **more: Any) -> str:
    """Return the error of a request that needs no database."""
    body = json.dumps({"entity": entity, "action": action, "options": options, **more}).encode()
    with pytest.raises(InvalidRequest) as refused:
        channel.answer(body, Context("test", load({}), {}, scopes=(STATISTICS, REPORTS)))
    return refused.value.message


@pytest.mark.parametrize(
    ("entity", "action", "options", "words"),
    [
        ("chronological", "data", {**QUERY, "paramz": [1]}, "unknown option 'paramz' (did you mean params?)"),
        ("chronological", "data", {"sql": "select 1"}, "unknown option 'sql' (did you mean psql?)"),
        ("chronological", "data", {**QUERY, "Format": "csv"}, "unknown option 'Format' (did you mean format?)"),
        ("chronological", "data", {**QUERY, "limit": 5}, "options may have psql, params, format, bigint, excel"),
        ("chronological", "quantity", {**QUERY, "format": "csv"}, "'format'; options may have psql, params"),
        ("chronological", "data", {"queries": {"a": QUERY}, "format": "csv"}, "options.format belongs to each query"),
        ("chronological", "data", {"queries": {"a": QUERY}, "parallel": 2}, "unknown option 'parallel'"),
        ("operational", "calls", {"queue": "200"}, "unknown option 'queue'; options may have none"),
        ("schema", "data", {"table": "calls.success"}, "unknown option 'table'"),
        ("reports", "list", {"name": "x"}, "unknown option 'name'"),
        ("reports", "show", {"nam": "x"}, "unknown option 'nam' (did you mean name?)"),
        ("reports", "remove", {"name": "x", "force": True}, "unknown option 'force'"),
        ("reports", "run", {"name": "x", "parameters": {}}, "unknown option 'parameters' (did you mean params?)"),
        ("reports", "save", {"nme": "x", "title": "X", **QUERY}, "'nme' (did you mean name?); a report has"),
        (
            "reports",
            "save",
            {"name": "x", "title": "X", **QUERY, "parameters": [{"name": "a", "defualt": 1}]},
            "unknown part 'defualt' (did you mean default?); parameters.0 has name, type, default, required, title",
        ),
        ("reports", "save", {"name": "x", "title": {"de": "X"}, **QUERY}, "unknown part 'de'"),
    ],
)  # fmt: skip
def test_an_option_that_an_action_does_not_take(entity: str, action: str, options: dict[str, Any], words: str) -> None:
    """It is refused with the nearest option and the list of all, so that no option is ever ignored."""
    assert words in refusal(entity, action, options)


def test_a_field_that_no_request_has() -> None:
    """A request has the three fields of the protocol, and a misspelt one is told."""
    assert refusal("chronological", "data", QUERY, option={}) == (
        "unknown field 'option' (did you mean options?); a request has entity, action, options"
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"entity":"chronological","action":"data","options":{"psql":"select 1","psql":"select 2"}}',
        '{"entity":"chronological","action":"data","options":{"queries":{"a":{"psql":"select 1"},"a":{"psql":""}}}}',
        '{"entity":"chronological","action":"data","action":"quantity","options":{"psql":"select 1"}}',
    ],
)
def test_a_repeated_key(body: str) -> None:
    """Every parser keeps only the last value of a repeated key, so the query before it would be lost without a word."""
    with pytest.raises(InvalidRequest, match="twice in one object"):
        channel.answer(body.encode(), Context("test", load({}), {}))
