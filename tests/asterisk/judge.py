"""Compares rows with what independent people expect of a recorded call: each field that they assert, times to a second.

A file of cases has one case a line: `cels`, the records of a call, and `expected`, one object for each conversation.
A field that is not there is not compared; null and the empty text say that there is none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

TOLERANCE = timedelta(seconds=1)
Row = Mapping[str, Any]


class Case(NamedTuple):
    """A recorded call and the conversations in it."""

    id: str
    records: list[dict[str, Any]]
    expected: list[dict[str, Any]]


class Outcome(NamedTuple):
    """The rows of one conversation: its talks in order, or the unanswered call, with forks and facts."""

    talks: Sequence[Row]
    unanswered: Row | None
    forks: Sequence[Row]
    facts: Sequence[Row]


def cases(folder: Path) -> Iterator[Case]:
    """Return the cases of all files in a folder."""
    for file in sorted(folder.glob("*cel*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            if line.strip():
                case = json.loads(line)
                yield Case(case["id"], case["cels"], case["expected"])


def disagreements(expected: Mapping[str, Any], outcome: Outcome) -> list[str]:
    """Return the fields on which the rows disagree with what is expected, with both values."""
    wrong = []
    for field, value in expected.items():
        compare = _COMPARISONS.get(field)
        if compare and not compare(value, outcome):
            wrong.append(f"{field}: {value!r} is expected of {outcome}")
    return wrong


def main(outcome: Outcome) -> Row:
    """Return the row of the last talk, else that of the unanswered call."""
    return outcome.talks[-1] if outcome.talks else outcome.unanswered or {}


def _is(value: object, *candidates: object) -> bool:
    return any((value or None) == (candidate or None) for candidate in candidates)


def _near(value: str | None, actual: datetime | None) -> bool:
    if value is None or actual is None:
        return value is None and actual is None
    at = datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
    return abs(at - actual) <= TOLERANCE


def _caller(row: Row) -> object:
    return row.get("anumber", row.get("fromnumber"))


def _requested(row: Row) -> object:
    return row["acallednum"] if "acallednum" in row else row.get("callednum")


def _rung_last(outcome: Outcome) -> object:
    return outcome.forks[-1]["busername"] if outcome.forks else None


def _direction(outcome: Outcome) -> str:
    row = main(outcome)
    if row.get("aouter", row.get("fromouter")):
        return "inbound"
    return "outbound" if row.get("bouter") else "internal"


def _participants(value: Sequence[Mapping[str, Any]], outcome: Outcome) -> bool:
    return all(_has(participant, outcome) for participant in value)


def _has(participant: Mapping[str, Any], outcome: Outcome) -> bool:
    names = {participant.get("exten"), participant.get("line")} - {None}
    if participant.get("role") == "source":
        lines = {fact.get("a_line", "").partition("/")[2] for fact in outcome.facts}
        return bool(names & {_caller(main(outcome)), main(outcome).get("ausername"), *lines})
    answered = {fork["isanswered"] for fork in outcome.forks if fork["busername"] in names}
    return answered == {participant["answered"]} if "answered" in participant else bool(answered)


def _recordings(value: Sequence[Mapping[str, str]], outcome: Outcome) -> bool:
    facts = [fact for fact in outcome.facts if fact.get("recording_file")]
    if len(facts) != len(value):
        return False
    return all(
        fact["recording_file"] == one["file"]
        and _near(one["start"], datetime.fromisoformat(fact["recording_began"]))
        and _near(one["end"], datetime.fromisoformat(fact["recording_ended"]))
        for fact, one in zip(facts, value, strict=True)
    )


def _line(outcome: Outcome, name: str) -> str:
    return str(outcome.facts[-1].get(name, "")).lower() if outcome.facts else ""


_COMPARISONS: dict[str, Callable[[Any, Outcome], bool]] = {
    "date": lambda value, outcome: _near(value, main(outcome).get("invitedt")),
    "date_answer": lambda value, outcome: _near(value, outcome.talks[0]["start_dt"] if outcome.talks else None),
    "date_end": lambda value, outcome: _near(value, main(outcome).get("stop_dt")),
    "answered": lambda value, outcome: value == bool(outcome.talks),
    "source_exten": lambda value, outcome: _is(value, _caller(main(outcome))),
    "source_name": lambda value, outcome: _is(
        value, main(outcome).get("adisplayname"), outcome.facts[-1].get("a_name")
    ),
    "source_internal_exten": lambda value, outcome: _is(
        value, main(outcome).get("ausername", main(outcome).get("fromusername"))
    ),
    "destination_exten": lambda value, outcome: _is(
        value, main(outcome)["bnumber"] if outcome.talks else _requested(main(outcome)), _rung_last(outcome)
    ),
    "destination_name": lambda value, outcome: not outcome.talks or _is(value, main(outcome)["bdisplayname"]),
    "destination_internal_exten": lambda value, outcome: _is(value, main(outcome).get("busername")),
    "requested_exten": lambda value, outcome: _is(value, _requested(main(outcome))),
    "source_line": lambda value, outcome: _is(value, _line(outcome, "a_line")),
    "destination_line": lambda value, outcome: not outcome.talks or _is(value, _line(outcome, "b_line")),
    "direction": lambda value, outcome: value == _direction(outcome),
    "participants": _participants,
    "participants_count": lambda value, outcome: value == 1 + len(outcome.forks),
    "recordings": _recordings,
    "voicemail": lambda value, outcome: not (value and outcome.talks),
    "blocked": lambda value, outcome: not (value and outcome.talks),
}
