"""Compares records with what a scenario expects."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime

from chalicelib.calls import presence
from chalicelib.calls.events import CallKey
from chalicelib.calls.records import Records, Row, Table, Value, call_id, leg_id
from tests.scenarios.timeline import Scenario, clock, extension

CALLS = ("success", "cancelled", "failed", "forks")
_NUMBERS = {
    "anumber", "ausername", "bnumber", "busername", "fromnumber", "fromusername", "callednum", "acallednum", "qid",
    "from_user", "login",
}  # fmt: skip


def verify(scenario: Scenario, records: Records) -> None:
    """Fail, saying where, unless `records` are what `scenario` expects."""
    rows, lines = _split([line for line in scenario.expected if not line.startswith("note ")])
    for line in scenario.expected:
        if line.startswith("note "):
            name, text = shlex.split(line)[1].split("=", 1)
            assert all(text in side.notes.get(name, "") for side in records.sides), records.sides
    assert records.open is ("open" in lines), f"open is {records.open}"
    assert any(not side.complete for side in records.sides) is ("incomplete" in lines), records.sides
    live = [f"live {leg.leg_id} {leg.state}" for leg in records.live]
    assert sorted(live) == sorted(line for line in lines if line.startswith("live "))
    for line in lines:
        if " became " in line:
            past, _became, heir = line.split()
            assert records.successors.get(identity(records.call, past)) == identity(records.call, heir)
    tables = {**records.rows, **presence.changes(scenario.events)}
    for table in {_table(line[0]) for line in rows} | {("calls", name) for name in CALLS}:
        expected = [_row(records.call, line[1:]) for line in rows if _table(line[0]) == table]
        _compare(table, expected, tables.get(table, []))


def identity(call: CallKey, name: str) -> str:
    """Return the inviteid that a scenario names by a leg, by a round of it, or as `call`."""
    leg, _at, moment = name.partition("@")
    return call_id(call) if name == "call" else leg_id(call, leg, clock(moment).isoformat() if moment else "")


def _split(lines: list[str]) -> tuple[list[list[str]], list[str]]:
    rows = [words for line in lines if "=" in line and (words := shlex.split(line))]
    return rows, [line for line in lines if "=" not in line]


def _table(name: str) -> Table:
    schema, _dot, table = name.rpartition(".")
    return (schema or "calls", table)


def _row(call: CallKey, words: list[str]) -> dict[str, str]:
    columns = dict(word.split("=", 1) for word in words)
    if "id" in columns:
        columns["inviteid"] = identity(call, columns.pop("id"))
    return {name: extension(text) if name in _NUMBERS else text for name, text in columns.items()}


def _compare(table: Table, expected: list[dict[str, str]], found: list[Row]) -> None:
    left = list(found)
    for row in expected:
        match = next((other for other in left if _fits(row, other)), None)
        assert match is not None, f"{table} lacks {row}\nof {left}"
        left.remove(match)
    assert left == [], f"{table} has more than is expected: {left}"


def _fits(expected: Mapping[str, str], found: Row) -> bool:
    return all(_text(found.get(name), text) == text for name, text in expected.items())


def _text(value: Value, like: str) -> str:
    """`value` as a scenario writes it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return like if like != "-" and value == clock(like) else str(value)
    return str(value)
