"""What holds of every call, whatever its events are."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.calls import presence
from chalicelib.calls.events import Event
from chalicelib.calls.records import CANCELLED, FAILED, FORKS, SUCCESS, Records, call_id
from chalicelib.catalog import TABLES
from chalicelib.providers import correlate
from tests.calls.generated import any_calls, closing, telphin_calls

TYPES: dict[str, type] = {
    "bigint": int,
    "boolean": bool,
    "character varying": str,
    "integer": int,
    "timestamp without time zone": datetime,
    "uuid": str,
}


def inviteids(records: Records) -> list[str]:
    """The inviteid of each record of a call."""
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
def test_times_are_in_order_and_durations_are_theirs(events: list[Event]) -> None:
    """A call is initiated before it is answered, and ends after; durations are whole seconds between its times."""
    for row in correlate(events).rows.get(SUCCESS, []):
        named = {name: value for name, value in row.items() if isinstance(value, datetime)}
        dialled, start, stop = named["dial_dt"], named["start_dt"], named["stop_dt"]
        assert named["invitedt"] <= start <= stop
        assert row["duration"] == int((stop - start).total_seconds())
        assert row["dial_duration"] == max(int((start - dialled).total_seconds()), 0)


@given(telphin_calls)
def test_a_closed_call_awaits_nothing(events: list[Event]) -> None:
    """Closing leaves no call open, and none that rang a phone without a record."""
    records = correlate([*events, closing(events[0])])
    rang = any(event.device == "phone" and event.kind != "other" for event in events)

    assert not records.open
    assert records.live == ()
    assert not rang or inviteids(records)


@given(any_calls)
def test_successors_lead_to_records(events: list[Event]) -> None:
    """An id that went leads to one that is there."""
    records = correlate(events)
    ids = set(inviteids(records))

    assert set(records.successors.values()) <= ids
    assert not set(records.successors) & ids


@given(any_calls, st.data())
def test_states_are_proved_one_by_one(events: list[Event], data: st.DataObject) -> None:
    """What events prove of phones and agents is the same together, in parts and again, whatever comes with it."""
    part = data.draw(st.lists(st.sampled_from(events)))

    def proved(told: list[Event]) -> set[str]:
        return {str(row) for rows in presence.changes(told).values() for row in rows}

    assert proved([*events, *part]) == proved(events)
    assert proved(part) == set().union(*(proved([event]) for event in part))
