"""Situations of an Asterisk: each timeline of channel events becomes the rows that people would expect."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.calls.events import Source
from tests.asterisk.timelines import ABANDONED, ATTENDED, BLIND, ORDERED, OUTGOING, PARKED, PICKED_UP, QUEUED, ROOM
from tests.asterisk.understanding import rows, second, understood


def test_a_queue_that_an_agent_serves() -> None:
    """The talk begins when the agent hears the caller; Local channels and the queue's own answer are no talk."""
    records = understood(QUEUED)

    (talk,) = rows(records, "calls.success")
    assert (talk["anumber"], talk["bnumber"], talk["acallednum"]) == ("+79214567892", "103", "74951230000")
    assert (second(talk["start_dt"]), second(talk["stop_dt"])) == (9.5, 60.2)
    assert [(fork["busername"], fork["isanswered"]) for fork in rows(records, "calls.forks")] == [
        ("102", False),
        ("103", True),
    ]
    (passage,) = rows(records, "ivrhuntq.huntq_calls")
    assert (passage["qid"], passage["dequeue_result"], passage["dequeue_reason"]) == ("sales", "answered", "agent")
    assert (second(passage["dt_enqueue"]), second(passage["dt_dequeue"])) == (2, 9.5)
    (hold,) = rows(records, "calls.holds")
    assert (hold["side"], second(hold["hold_dt"]), second(hold["unhold_dt"])) == ("b", 20, 25)


def test_a_queue_that_the_caller_leaves() -> None:
    """The queue's answer is no talk: the call is missed, and its passage abandoned."""
    records = understood(ABANDONED)

    assert rows(records, "calls.success") == []
    (missed,) = rows(records, "calls.cancelled")
    assert (missed["fromnumber"], missed["callednum"], second(missed["stop_dt"])) == ("+79214567892", "74951230000", 30)
    (passage,) = rows(records, "ivrhuntq.huntq_calls")
    assert second(passage["dt_quit"]) == 30
    assert "dequeue_result" not in passage


def test_an_outgoing_call_shows_another_number() -> None:
    """Side A is the number that the other side sees; the user name is the extension."""
    (talk,) = rows(understood(OUTGOING), "calls.success")

    assert (talk["anumber"], talk["ausername"], talk["aouter"]) == ("+74951230000", "101", False)
    assert (talk["bnumber"], talk["bouter"], talk["acallednum"]) == ("89161112233", True, "89161112233")


@pytest.mark.parametrize(
    ("status", "cause", "table", "code"),
    [
        ("BUSY", "17", "cancelled", "486"),
        ("NOANSWER", "19", "cancelled", "480"),
        ("CANCEL", "16", "cancelled", "487"),
        ("CHANUNAVAIL", "20", "failed", "480"),
        ("CONGESTION", "34", "failed", "503"),
    ],
)
def test_an_outgoing_call_without_answer(status: str, cause: str, table: str, code: str) -> None:
    """Dial's status decides between a cancelled and a failed call."""
    records = understood(f"""
        0 101 CHAN_START exten=89161112233
        0.5 101 APP_START appname=Dial
        0.6 out CHAN_START of=101 exten=s
        9 out HANGUP hangupcause={cause}
        9 out CHAN_END
        9 101 HANGUP hangupcause={cause} dialstatus={status}
        9 101 CHAN_END
    """)

    (row,) = rows(records, f"calls.{table}")
    assert (row["fromnumber"], row["callednum"]) == ("101", "89161112233")
    assert row["sipcode" if table == "failed" else "stoptype"] == code


def test_click_to_call_credits_the_person() -> None:
    """The person is side A although the PBX called it first, and its own leg is no fork."""
    records = understood(ORDERED)

    (talk,) = rows(records, "calls.success")
    assert (talk["anumber"], talk["bnumber"], talk["acallednum"]) == ("101", "103", "103")
    assert [fork["busername"] for fork in rows(records, "calls.forks")] == ["103"]
    assert any(reason.startswith("order:") for reason in records.sides[0].reasons)


def test_a_consultation_ends_in_a_transfer() -> None:
    """Both LINKEDIDs are one call: after the transfer the outside caller is side A of the second talk."""
    first, transferred = rows(understood(ATTENDED), "calls.success")

    assert (first["anumber"], first["bnumber"], first["isreplacing"]) == ("+79214567892", "102", False)
    assert (transferred["anumber"], transferred["bnumber"]) == ("+79214567892", "103")
    assert (transferred["isreplacing"], transferred["acallednum"]) == (True, "74951230000")
    assert first["esgdlg"] == transferred["esgdlg"]


def test_a_blind_transfer() -> None:
    """The second talk is a transfer's, and the first one ends with it."""
    first, second_talk = rows(understood(BLIND), "calls.success")

    assert (second(first["stop_dt"]), first["isreplacing"]) == (30.001, False)
    assert (second_talk["bnumber"], second_talk["isreplacing"]) == ("103", True)


def test_a_call_is_picked_up_at_another_phone() -> None:
    """The phone that picked up is side B; the one that rang is a fork."""
    records = understood(PICKED_UP)

    (talk,) = rows(records, "calls.success")
    assert (talk["anumber"], talk["bnumber"]) == ("+79214567892", "103")
    assert [fork["isanswered"] for fork in rows(records, "calls.forks")] == [False, True]


def test_a_parked_call_is_taken() -> None:
    """Whoever takes a parked call has a talk of their own; the time in the parking lot is none."""
    first, taken = rows(understood(PARKED), "calls.success")

    assert (first["bnumber"], second(first["stop_dt"])) == ("102", 15)
    assert (taken["bnumber"], second(taken["start_dt"]), second(taken["stop_dt"])) == ("104", 40.3, 70)


def test_a_conference_room() -> None:
    """Each participant has a talk with the room, under the number that was dialled."""
    talks = rows(understood(ROOM), "calls.success")

    assert [(talk["anumber"], talk["bnumber"], talk["duration"]) for talk in talks] == [
        ("101", "800", 59),
        ("103", "800", 46),
    ]


def test_a_mailbox_is_no_answer() -> None:
    """A call that ends in voicemail is missed, and its reason says so."""
    records = understood("""
        0 trunk CHAN_START exten=74951230000
        0.1 trunk APP_START appname=Dial
        0.2 102 CHAN_START of=trunk exten=s
        20 102 HANGUP hangupcause=0
        20 102 CHAN_END
        20.5 trunk APP_START appname=VoiceMail appdata=102@default,u
        20.6 trunk ANSWER
        40 trunk HANGUP hangupcause=16
        40 trunk CHAN_END
    """)

    assert rows(records, "calls.success") == []
    assert len(rows(records, "calls.cancelled")) == 1
    assert records.sides[0].reasons == ("missed: a mailbox took the call",)


def test_a_function_of_the_pbx_is_no_call() -> None:
    """An extension that dials a feature code called no person."""
    records = understood("0 101 CHAN_START exten=*97\n5 101 HANGUP\n5 101 CHAN_END\n5 101 LINKEDID_END")

    assert (records.rows, records.sides, records.open) == ({}, (), False)


def test_a_pbx_that_logs_no_bridges() -> None:
    """Both sides' answers prove the talk."""
    records = understood("""
        0 101 CHAN_START exten=103
        0.1 101 APP_START appname=Dial
        0.2 103 CHAN_START of=101 exten=s
        6 103 ANSWER
        6.1 101 ANSWER
        30 103 CHAN_END
        30 101 HANGUP dialstatus=ANSWER
        30 101 CHAN_END
    """)

    (talk,) = rows(records, "calls.success")
    assert (second(talk["start_dt"]), second(talk["stop_dt"])) == (6.1, 30)


def test_a_recording_belongs_to_the_talk_that_it_holds() -> None:
    """MixMonitor's file is the talk's recording, whether an event or an application names it."""
    for line in (
        "7.3 101 MIXMONITOR_START filename=/var/spool/asterisk/monitor/1.wav",
        "7.3 101 APP_START appname=MixMonitor appdata=/var/spool/asterisk/monitor/1.wav,b",
    ):
        records = understood(f"{OUTGOING}\n{line}")

        assert rows(records, "calls.success")[0]["isrec"] is True
        assert records.sides[0].recording == "1.wav"


def test_live_state_of_a_queue() -> None:
    """While the caller waits, the queue has a waiting leg and phones ring; later both sides talk."""
    waiting = understood(QUEUED, end=timedelta(seconds=5))
    talking = understood(QUEUED, end=timedelta(seconds=30))

    assert [(leg.extension, leg.device, leg.state) for leg in waiting.live] == [
        ("sales", "queue", "waiting"),
        ("102", "phone", "ringing"),
        ("103", "phone", "ringing"),
    ]
    assert [(leg.a, leg.state) for leg in talking.live] == [("+79214567892", "talking")] * 2
    assert waiting.open
    assert talking.open
    assert not understood(QUEUED).open


def test_registered_trunks_decide_who_is_outside() -> None:
    """Where the registration names trunks, no other sign counts."""
    source = Source(1, "asterisk", "acme", "pbx", trunks="103 gateway")

    (talk,) = rows(understood(OUTGOING, source), "calls.success")

    assert (talk["aouter"], talk["bouter"]) == (False, False)


def test_calls_with_the_outside_alone() -> None:
    """An integration that wants no internal calls gets none."""
    source = Source(1, "asterisk", "acme", "pbx", external_only=True)

    assert understood(ORDERED, source).rows == {}
    assert understood(OUTGOING, source).rows != {}
