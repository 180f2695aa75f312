"""Properties of every call, whatever its events are."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.calls import presence
from chalicelib.calls.events import Event
from chalicelib.calls.queue_rows import PASSAGES
from chalicelib.calls.records import (
    CANCELLED,
    FAILED,
    FORKS,
    SUCCESS,
    Records,
    Row,
    Table,
    call_id,
    former_leg_id,
)
from chalicelib.catalog import TABLES
from chalicelib.providers import correlate
from tests.calls.generated import CODES, any_calls, closing, telphin_calls

TYPES: dict[str, type] = {
    "bigint": int,
    "boolean": bool,
    "character varying": str,
    "integer": int,
    "timestamp without time zone": datetime,
    "uuid": str,
}

#: The times of each table, in the order in which they happen.
TIMES: dict[Table, tuple[str, ...]] = {
    SUCCESS: ("invitedt", "dial_dt", "start_dt", "stop_dt"),
    CANCELLED: ("invitedt", "dial_dt", "stop_dt"),
    FORKS: ("invitedt", "forkstart_dt", "forkansw_dt"),
    PASSAGES: ("dt_enqueue", "dt_start_call", "dt_dequeue", "dt_quit", "dt_final"),
}


def inviteids(records: Records) -> list[str]:
    """Return the inviteid of each record of a call."""
    return [str(row["inviteid"]) for table in (SUCCESS, CANCELLED, FAILED) for row in records.rows.get(table, [])]


@given(any_calls, st.randoms())
def test_any_order_gives_the_same_records(events: list[Event], random: Random) -> None:
    """Records are a function of the set of events: no permutation of them matters."""
    expected = correlate(events)
    random.shuffle(events)

    assert correlate(events) == expected


@given(any_calls, st.data())
def test_any_duplication_gives_the_same_records(events: list[Event], data: st.DataObject) -> None:
    """Events that come again, and again, change nothing."""
    again = data.draw(st.lists(st.sampled_from(events)))

    assert correlate([*again, *events]) == correlate(events)


@given(any_calls, st.data())
def test_whatever_comes_first_the_whole_gives_the_same_records(events: list[Event], data: st.DataObject) -> None:
    """A suffix that comes before its prefix is understood once all is there; ids that went get a successor."""
    cut = data.draw(st.integers(1, len(events)))
    whole = correlate([*events[cut:], *events[:cut]])

    assert whole == correlate(events)
    for past in inviteids(correlate(events[:cut])):
        assert past in inviteids(whole) or past in whole.successors or whole.open or not inviteids(whole)


@given(any_calls)
def test_rows_are_of_documented_tables_and_columns(events: list[Event]) -> None:
    """Each value stands in a documented column and has its type."""
    for (schema, table), rows in {**correlate(events).rows, **presence.changes(events)}.items():
        columns = dict(TABLES[schema][table])
        for row in rows:
            assert {name: TYPES[columns[name]] for name in row} == {name: type(value) for name, value in row.items()}


@given(any_calls)
def test_one_fork_of_each_success_is_the_answering_one(events: list[Event]) -> None:
    """Exactly one fork of a success has answered, none of any other record, and failures have none at all."""
    rows = correlate(events).rows
    answering = Counter(fork["inviteid"] for fork in rows.get(FORKS, []) if fork["isanswered"])
    parents = {row["inviteid"] for table in (SUCCESS, CANCELLED) for row in rows.get(table, [])}

    assert answering == Counter(row["inviteid"] for row in rows.get(SUCCESS, []))
    assert {fork["inviteid"] for fork in rows.get(FORKS, [])} <= parents
    forks = [fork["eventid"] for fork in rows.get(FORKS, [])]
    assert len(forks) == len(set(forks))


@given(any_calls)
def test_an_answered_call_is_not_missed(events: list[Event]) -> None:
    """Answered calls have successes and nothing else; a call is missed once at most; no inviteid is used twice."""
    records = correlate(events)
    ids = inviteids(records)

    assert not (SUCCESS in records.rows and {CANCELLED, FAILED} & set(records.rows))
    assert ids.count(call_id(records.call)) <= 1
    assert len(ids) == len(set(ids)) == len(records.sides)


@given(any_calls)
def test_no_time_runs_backwards(events: list[Event]) -> None:
    """In each row a call is placed, then dialled, then answered, then over; so is a passage through a queue."""
    records = correlate(events)
    for table, names in TIMES.items():
        for row in records.rows.get(table, []):
            times = [value for name in names if isinstance(value := row.get(name), datetime)]
            assert times == sorted(times), (table, row)


@given(any_calls)
def test_a_passage_through_a_queue_begins_after_its_call(events: list[Event]) -> None:
    """No wait in a queue begins before its call."""
    rows = correlate(events).rows
    began = [_time(row, "invitedt") for table in (SUCCESS, CANCELLED, FAILED) for row in rows.get(table, [])]
    waits = [_time(row, "dt_enqueue") for row in rows.get(PASSAGES, []) if "dt_enqueue" in row]

    assert not began or all(min(began) <= at for at in waits)


@given(any_calls)
def test_durations_are_those_between_the_times(events: list[Event]) -> None:
    """Durations are whole seconds from the dial to the answer, and from the answer to the end."""
    for row in correlate(events).rows.get(SUCCESS, []):
        dialled, start, stop = (_time(row, name) for name in ("dial_dt", "start_dt", "stop_dt"))
        assert row["duration"] == int((stop - start).total_seconds())
        assert row["dial_duration"] == int((start - dialled).total_seconds())


@given(telphin_calls)
def test_talks_of_one_leg_do_not_overlap(events: list[Event]) -> None:
    """A leg id that is used several times has one talk after the other."""
    records = correlate(events)
    rows = {str(row["inviteid"]): row for row in records.rows.get(SUCCESS, [])}
    talks: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for side in records.sides:
        if side.table == SUCCESS and side.inviteid != call_id(records.call):
            row = rows[side.inviteid]
            talks[side.leg_id].append((_time(row, "start_dt"), _time(row, "stop_dt")))

    for of_leg in talks.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(of_leg)))


def _time(row: Row, name: str) -> datetime:
    value = row[name]
    assert isinstance(value, datetime)
    return value


@given(any_calls)
def test_two_calls_never_share_an_id(events: list[Event]) -> None:
    """Legs of another call have other ids, and so have their forks and passages."""
    other = [event._replace(call_id="another") for event in events]

    assert not _ids(correlate(events)) & _ids(correlate(other))


def _ids(records: Records) -> set[str]:
    """Return every id in the rows of a call."""
    names = {"inviteid", "eventid", "huntq_id"}
    return {str(row[name]) for rows in records.rows.values() for row in rows for name in names & set(row)}


@given(telphin_calls)
def test_each_id_of_an_earlier_release_leads_to_a_record(events: list[Event]) -> None:
    """A leg that has a record is found by the id that did not contain its call, unless another leg has that one."""
    records = correlate(events)
    for side in records.sides:
        if side.leg_id and side.inviteid != call_id(records.call):
            assert former_leg_id(records.call, side.leg_id) in records.successors


@given(telphin_calls)
def test_a_closed_call_awaits_nothing(events: list[Event]) -> None:
    """Closing leaves no call open, and none that rang a phone without a record."""
    records = correlate([*events, closing(events[0])])
    called = {event.called for event in events if event.kind == "dial_out"}
    machines = {event.extension for event in events if event.bridged is not None}
    rang = [event for event in events if event.device == "phone" and event.kind != "other"]
    people = [event for event in rang if event.extension not in machines]

    assert not records.open
    assert records.live == ()
    assert not people or inviteids(records) or called & set(CODES)


@given(any_calls)
def test_successors_lead_to_records(events: list[Event]) -> None:
    """An id that went leads to one that is there."""
    records = correlate(events)
    ids = set(inviteids(records))

    assert set(records.successors.values()) <= ids
    assert not set(records.successors) & ids


@given(any_calls, st.data())
def test_states_are_proved_one_by_one(events: list[Event], data: st.DataObject) -> None:
    """States of phones and agents do not depend on other events, nor on repetitions."""
    part = data.draw(st.lists(st.sampled_from(events)))

    def proved(told: list[Event]) -> set[str]:
        return {str(row) for rows in presence.changes(told).values() for row in rows}

    assert proved([*events, *part]) == proved(events)
    assert proved(part) == set().union(*(proved([event]) for event in part))
