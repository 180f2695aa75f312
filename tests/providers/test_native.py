"""Ready rows are checked against the documented tables."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from chalicelib import providers
from chalicelib.calls.events import Raw, Source, Unreadable
from chalicelib.calls.records import Row
from chalicelib.catalog import TABLES
from chalicelib.providers import native

ACCEPTED = datetime(2026, 11, 21, 10)  # noqa: DTZ001 - times are naive UTC throughout
EXAMPLES = {
    "bigint": 2**40,
    "boolean": True,
    "character varying": "text",
    "integer": 7,
    "interval": "1 day 02:00:00",
    "jsonb": {"a": [1, None]},
    "timestamp without time zone": "2026-11-21T10:00:00.5",
    "uuid": "a72866b5-0631-87dd-2624-0900000334b5",
}


def raw(content: object) -> Raw:
    """Return a webhook with this content."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Raw("1", ACCEPTED, "native", body=body)


def one(table: str, **row: object) -> object:
    """Return the content of a webhook with one row."""
    return {"table": table, "rows": [row]}


@pytest.mark.parametrize("table", [(schema, table) for schema, tables in TABLES.items() for table in tables])
def test_every_documented_table_can_be_filled(table: tuple[str, str]) -> None:
    """Every table takes rows of its own columns with values of their types."""
    row = {name: EXAMPLES[kind] for name, kind in TABLES[table[0]][table[1]]}
    rows = native.rows(raw(one(".".join(table), **row)))

    assert isinstance(rows, list)
    assert (rows[0][0], list(rows[0][1])) == (table, list(row))


def test_values_are_converted_to_their_types() -> None:
    """Times become UTC without a zone, uuids canonical, and numbers in text columns text."""
    (row,) = _rows(
        one(
            "calls.success",
            inviteid="A72866B5063187DD26240900000334B5",
            invitedt="2026-11-21T13:00:00+03:00",
            anumber=205,
            stopreason=None,
        )
    )
    assert row[1] == {
        "inviteid": "a72866b5-0631-87dd-2624-0900000334b5",
        "invitedt": ACCEPTED,
        "anumber": "205",
        "stopreason": None,
    }


def _rows(content: object) -> list[tuple[tuple[str, str], Row]]:
    rows = native.rows(raw(content))
    assert isinstance(rows, list), rows
    return rows


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not JSON"),
        ([], "JSON object"),
        ({}, "schema.table"),
        (one("ledger.tokens", name="x"), "schema.table"),
        (one("success", anumber="x"), "schema.table"),
        (one("calls.success; drop", anumber="x"), "schema.table"),
        ({"table": "calls.success"}, "rows must be"),
        ({"table": "calls.success", "rows": []}, "rows must be"),
        ({"table": "calls.success", "rows": [{}]}, "rows[0]"),
        ({"table": "calls.success", "rows": [{"anumber": "1"}, "2"]}, "rows[1]"),
        (one("calls.success", number="1"), "no column"),
        (one("calls.success", duration=2**31), "rows[0].duration"),
        (one("calls.success", duration="7"), "rows[0].duration"),
        (one("calls.success", duration=True), "rows[0].duration"),
        (one("calls.success", aouter="yes"), "rows[0].aouter"),
        (one("calls.success", inviteid="205"), "rows[0].inviteid"),
        (one("calls.success", invitedt="yesterday"), "rows[0].invitedt"),
        (one("calls.success", invitedt=5), "rows[0].invitedt"),
        (one("calls.success", anumber="a\0b"), "rows[0].anumber"),
        (one("calls.success", anumber="\ud800"), "rows[0].anumber"),
        (one("calls.success", anumber=["1"]), "rows[0].anumber"),
        (one("calls.success", anumber="1" * 3_000), "rows[0].anumber"),
        (b'{"table": "calls.success", "rows": [{"anumber": NaN}]}', "rows[0].anumber"),
        (one("calls.success", anumber="я" * 1_001), "2000 bytes"),
        (one("userevents.usr_state_changed", state="x"), "rows[0] must have a value of user_id"),
        (one("ivrhuntq.huntq_calls", inviteid=None, qid="1"), "rows[0] must have a value of inviteid"),
        (one("products.filter_intervals", filter_id="a while"), "rows[0].filter_id"),
        (one("alertcallevents.prepared", payload=["a"]), "rows[0].payload"),
        (one("alertcallevents.prepared", payload={"a": "\0"}), "rows[0].payload"),
    ],
)
def test_wrong_rows_are_refused_with_their_place(content: object, words: str) -> None:
    """The error names row and column, and no such row reaches the database."""
    with pytest.raises(Unreadable) as refused:
        native.rows(raw(content))

    assert words in refused.value.message
    with pytest.raises(Unreadable):
        providers.read(raw(content))


def test_native_rows_are_no_events() -> None:
    """Native rows are not correlated."""
    source = Source(1, "native", "", "feed")
    for webhook in (raw(one("calls.success", anumber="1")), Raw("1", ACCEPTED, "unheard")):
        with pytest.raises(Unreadable, match="sends no events"):
            providers.parse(webhook, source)
    assert providers.read(raw(one("calls.success", anumber="1"))).content
