"""Situations of an Asterisk: each timeline of channel events becomes the rows that people would expect."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from chalicelib import providers
from chalicelib.calls.events import Source
from chalicelib.ledger import joining
from tests.asterisk.records import ATTENDED, BLIND, PICKED_UP, timeline
from tests.asterisk.understanding import events, rows, second, understood

#: An outside call waits in a queue that rings 102 and 103 through Local channels; 103 answers.
QUEUED = """
    0 trunk CHAN_START exten=74951230000
    1 trunk ANSWER
    2 trunk APP_START appname=Queue appdata=sales,tT
    2.1 l1 CHAN_START of=trunk
    2.1 l2 CHAN_START of=trunk
    2.2 102 CHAN_START of=trunk exten=s
    2.3 103 CHAN_START of=trunk exten=s
    9 103 ANSWER
    9.1 l2 ANSWER
    9.2 l1 ANSWER
    9.2 103 BRIDGE_ENTER bridge=b1
    9.2 l2 BRIDGE_ENTER bridge=b1
    9.3 102 HANGUP hangupcause=26
    9.3 102 CHAN_END
    9.5 l1 BRIDGE_ENTER bridge=b2
    9.5 trunk BRIDGE_ENTER bridge=b2
    9.6 103 BRIDGE_EXIT bridge=b1
    9.6 103 BRIDGE_ENTER bridge=b2
    9.6 l1 BRIDGE_EXIT bridge=b2
    9.6 l1 CHAN_END
    9.6 l2 BRIDGE_EXIT bridge=b1
    9.6 l2 CHAN_END
    20 103 HOLD
    25 103 UNHOLD
    60 103 BRIDGE_EXIT bridge=b2
    60 103 HANGUP hangupcause=16
    60 103 CHAN_END
    60.2 trunk BRIDGE_EXIT bridge=b2
    60.2 trunk HANGUP hangupcause=16
    60.2 trunk CHAN_END
    60.3 trunk LINKEDID_END
"""

#: The same queue, left by the caller before an agent answers.
ABANDONED = """
    0 trunk CHAN_START exten=74951230000
    1 trunk ANSWER
    2 trunk APP_START appname=Queue appdata=sales,tT
    2.2 102 CHAN_START of=trunk exten=s
    17 102 HANGUP hangupcause=0
    17 102 CHAN_END
    30 trunk HANGUP hangupcause=16
    30 trunk CHAN_END
    30 trunk LINKEDID_END
"""

#: 101 calls the outside over a trunk; the dialplan shows the company's number.
OUTGOING = """
    0 101 CHAN_START exten=89161112233
    0.5 101 APP_START appname=Dial appdata=PJSIP/89161112233@operator-trunk cid_num=+74951230000
    0.6 out CHAN_START of=101 exten=s
    7 out ANSWER cid_num=89161112233
    7.1 101 ANSWER
    7.2 out BRIDGE_ENTER bridge=b1
    7.2 101 BRIDGE_ENTER bridge=b1
    42 out BRIDGE_EXIT bridge=b1
    42 101 BRIDGE_EXIT bridge=b1
    42 out CHAN_END
    42 101 HANGUP hangupcause=16 dialstatus=ANSWER
    42 101 CHAN_END
    42 101 LINKEDID_END
"""

#: 101 clicks on a number: the PBX calls 101, then 103.
ORDERED = """
    0 l1 CHAN_START exten=103
    0 l2 CHAN_START of=l1 exten=103
    0.1 l2 APP_START appname=Dial appdata=PJSIP/101
    0.2 101 CHAN_START of=l1 exten=s
    4 101 ANSWER
    4 l2 ANSWER
    4 l1 ANSWER
    4.1 101 BRIDGE_ENTER bridge=b1
    4.1 l2 BRIDGE_ENTER bridge=b1
    4.3 l1 APP_START appname=Dial appdata=PJSIP/103
    4.4 103 CHAN_START of=l1 exten=s
    8 103 ANSWER
    8.1 103 BRIDGE_ENTER bridge=b2
    8.1 l1 BRIDGE_ENTER bridge=b2
    30 103 BRIDGE_EXIT bridge=b2
    30 l1 BRIDGE_EXIT bridge=b2
    30 101 BRIDGE_EXIT bridge=b1
    30 l2 BRIDGE_EXIT bridge=b1
    30 103 CHAN_END
    30 l1 CHAN_END
    30 l2 CHAN_END
    30 101 CHAN_END
    30.1 l1 LINKEDID_END
"""

#: The call of an outside number is parked by 102 and taken by 104.
PARKED = """
    0 trunk CHAN_START exten=74951230000
    0.1 trunk APP_START appname=Dial appdata=PJSIP/102
    0.2 102 CHAN_START of=trunk exten=s
    5 102 ANSWER
    5.1 102 BRIDGE_ENTER bridge=b1
    5.1 trunk BRIDGE_ENTER bridge=b1
    15 trunk BRIDGE_EXIT bridge=b1
    15 102 BRIDGE_EXIT bridge=b1
    15 102 CHAN_END
    15.1 trunk PARK_START
    40 104 CHAN_START exten=701
    40.1 104 APP_START appname=ParkedCall appdata=701
    40.2 104 ANSWER
    40.3 104 BRIDGE_ENTER bridge=b3
    40.3 trunk BRIDGE_ENTER bridge=b3
    70 104 BRIDGE_EXIT of=trunk bridge=b3
    70 trunk BRIDGE_EXIT bridge=b3
    70 104 CHAN_END
    70 trunk CHAN_END
    70 trunk LINKEDID_END
"""

ROOM = """
    0 101 CHAN_START exten=800
    0.5 101 ANSWER
    0.6 101 APP_START appname=ConfBridge appdata=800
    1 101 BRIDGE_ENTER bridge=room appname=ConfBridge
    3 103 CHAN_START exten=800
    3.5 103 ANSWER
    3.6 103 APP_START appname=ConfBridge appdata=800
    4 103 BRIDGE_ENTER of=101 bridge=room appname=ConfBridge
    50 103 BRIDGE_EXIT bridge=room appname=ConfBridge
    50 103 CHAN_END
    60 101 BRIDGE_EXIT bridge=room appname=ConfBridge
    60 101 CHAN_END
    60 101 LINKEDID_END
"""

TIMELINES = {
    "attended": ATTENDED,
    "blind": BLIND,
    "picked up": PICKED_UP,
    "queued": QUEUED,
    "abandoned": ABANDONED,
    "outgoing": OUTGOING,
    "ordered": ORDERED,
    "parked": PARKED,
    "room": ROOM,
}


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


@pytest.mark.parametrize("name", TIMELINES)
def test_order_and_copies_do_not_matter(name: str) -> None:
    """Any order, and any record twice, gives the same records."""
    known = events(timeline(TIMELINES[name]))
    head = min((event.call for event in known), key=joining.age)
    named = [event._replace(call_id=head.id) for event in known]
    expected = providers.correlate(named)
    random = Random(name)
    for _ in range(20):
        shuffled = [*named, *random.sample(named, 5)]
        random.shuffle(shuffled)

        assert providers.correlate(shuffled) == expected


@pytest.mark.parametrize("name", TIMELINES)
def test_whole_seconds(name: str) -> None:
    """A PBX that logs whole seconds gives the same talks."""
    records = timeline(TIMELINES[name])
    for record in records:
        record["eventtime"] = record["eventtime"][:19]
    known = events(records)
    head = min((event.call for event in known), key=joining.age)
    coarse = providers.correlate(event._replace(call_id=head.id) for event in known)
    fine = understood(TIMELINES[name])

    assert [(talk["anumber"], talk.get("bnumber")) for talk in rows(coarse, "calls.success")] == [
        (talk["anumber"], talk.get("bnumber")) for talk in rows(fine, "calls.success")
    ]
