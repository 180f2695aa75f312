"""The figures of the schema metrics, on small timelines whose figures are obvious."""

from __future__ import annotations

import pytest

from chalicelib.settings import Settings
from tests.ingest.telephony import Ledger
from tests.statistics.timelines import post, rows

ANSWERED = """
    00:00 queue:300 dial-in from=+79214567892 did=78005553535
    00:02 106 dial-in from=+79214567892 did=78005553535
    00:12 106 answer
    01:12 106 hangup
    01:12 queue:300 hangup lasted=72 bridged=yes
"""
TRANSFERRED = """
    00:00 106 dial-in from=+79214567892 did=78005553535
    00:05 106 answer
    01:05 107 dial-in from=106 remote=+79214567892 transferred=yes
    01:10 107 answer
    01:10 106 hangup
    02:10 107 hangup
"""
MISSED = """
    00:00 queue:300 dial-in from=+79031112233 did=78005553535
    00:02 106 dial-in from=+79031112233
    00:02 107 dial-in from=+79031112233
    00:30 106 hangup NOANSWER
    00:30 107 hangup NOANSWER
    00:31 queue:300 hangup CANCEL lasted=31 bridged=no
"""
CALLED_BACK = """
    20:00 106 dial-out to=89031112233
    20:10 106 answer
    21:00 106 hangup
"""
LATE_ANSWER = """
    10:00 106 dial-in from=+79150000001 did=78005553535
    10:30 106 answer
    11:00 106 hangup
"""
BUSY = """
    05:00 107 dial-out to=78001112233
    05:04 107 hangup BUSY
"""
INTERNAL = """
    06:00 106 dial-out to=107
    06:00 107 dial-in from=106
    06:05 106 answer
    06:05 107 answer
    07:05 106 hangup
    07:05 107 hangup
"""
MTT_ANSWERED = """
    30:00 o 79684881033
    30:11 s 79684881033
    31:00 h 79684881033 side=B cause=16
"""
MTT_MISSED = """
    25:00 o 79684881033
    25:20 h 79684881033 side=A cause=16
"""


def call(site: Settings, columns: str) -> object:
    """Return these columns of the only call."""
    (row,) = rows(site, f"select {columns} from metrics.calls")
    return row


def test_answered_in_time(ledger: Ledger, site: Settings) -> None:
    """A call from outside that is answered within 20 seconds is incoming, answered and in time."""
    post(ledger, "telphin", ANSWERED)
    assert call(site, "direction, result, number, line, agent, wait, talk, talks, answered, missed, in_time") == {
        "direction": "incoming", "result": "answered", "number": "+79214567892", "line": "78005553535",
        "agent": "13596*106", "wait": 12, "talk": 60, "talks": 1, "answered": 1, "missed": 0, "in_time": 1,
    }  # fmt: skip


def test_transferred(ledger: Ledger, site: Settings) -> None:
    """A transferred call is one call: its first agent answered it, and its talks are added."""
    post(ledger, "telphin", TRANSFERRED)
    assert call(site, "direction, agent, wait, talk, talks, in_time") == {
        "direction": "incoming", "agent": "13596*106", "wait": 5, "talk": 125, "talks": 2, "in_time": 1,
    }  # fmt: skip
    talks = rows(site, "select agent, number, talk, transferred from metrics.talks order by started_at")
    assert talks == [
        {"agent": "13596*106", "number": "+79214567892", "talk": 65, "transferred": False},
        {"agent": "13596*107", "number": "+79214567892", "talk": 60, "transferred": True},
    ]


def test_outgoing_that_is_transferred(ledger: Ledger, site: Settings) -> None:
    """A call that an agent made stays outgoing after its transfer to a colleague."""
    timeline = """
        00:00 106 dial-out to=89214567892
        00:10 106 answer
        01:00 107 dial-in from=106 remote=89214567892 transferred=yes
        01:05 107 answer
        01:05 106 hangup
        02:05 107 hangup
    """
    post(ledger, "telphin", timeline)
    assert call(site, "direction, number, agent, talks, in_time") == {
        "direction": "outgoing", "number": "89214567892", "agent": "13596*106", "talks": 2, "in_time": None,
    }  # fmt: skip


def test_missed(ledger: Ledger, site: Settings) -> None:
    """A call that rang at two phones is missed once."""
    post(ledger, "telphin", MISSED)
    assert call(site, "direction, result, number, line, wait, answered, missed, in_time") == {
        "direction": "incoming", "result": "missed", "number": "+79031112233", "line": "78005553535",
        "wait": 31, "answered": 0, "missed": 1, "in_time": 0,
    }  # fmt: skip
    assert rows(site, "select sum(1 - answered) as rings from metrics.rings") == [{"rings": 2}]


@pytest.mark.parametrize(
    ("timeline", "direction", "result"),
    [(BUSY, "outgoing", "unanswered"), (INTERNAL, "internal", "answered")],
    ids=["busy", "internal"],
)
def test_calls_from_inside(ledger: Ledger, site: Settings, timeline: str, direction: str, result: str) -> None:
    """Calls from inside are neither missed nor part of the service level."""
    post(ledger, "telphin", timeline)
    expected = {"direction": direction, "result": result, "missed": 0, "in_time": None}
    assert call(site, "direction, result, missed, in_time") == expected


def test_internal_talks_count_for_both(ledger: Ledger, site: Settings) -> None:
    """An internal talk is one call, and talk time of both agents."""
    post(ledger, "telphin", INTERNAL)
    talks = rows(site, "select agent, talk from metrics.talks order by agent")
    assert talks == [{"agent": "13596*106", "talk": 60}, {"agent": "13596*107", "talk": 60}]


def test_service_level(ledger: Ledger, site: Settings) -> None:
    """One call in time, one late and one missed make a third; calls from inside do not count."""
    post(ledger, "telphin", ANSWERED, LATE_ANSWER, MISSED, BUSY, INTERNAL)
    level = rows(site, "select round(100 * avg(in_time), 1) as level, sum(missed) as missed from metrics.calls")
    assert level == [{"level": 33.3, "missed": 1}]


def test_queues(ledger: Ledger, site: Settings) -> None:
    """A passage of a queue is answered or abandoned, and waits from its entry."""
    post(ledger, "telphin", ANSWERED, MISSED)
    passages = rows(
        site, "select queue, result, wait, answered, abandoned, in_time from metrics.queue_calls order by result desc"
    )
    assert passages == [
        {"queue": "13596*300", "result": "answered", "wait": 12, "answered": 1, "abandoned": 0, "in_time": 1},
        {"queue": "13596*300", "result": "abandoned", "wait": 31, "answered": 0, "abandoned": 1, "in_time": 0},
    ]


def missed(site: Settings) -> object:
    """Return what became of each missed call."""
    return rows(site, "select number, reached_by, reached_agent, called_back from metrics.missed_calls order by number")


def test_not_called_back(ledger: Ledger, site: Settings) -> None:
    """Talks with other callers, and a talk before the missed call, are no call back."""
    earlier = CALLED_BACK.replace("20:", "00:").replace("21:", "01:")
    other = LATE_ANSWER.replace("10:", "16:").replace("11:", "17:")
    post(ledger, "telphin", earlier, MISSED.replace("00:", "15:"), other)
    assert missed(site) == [{"number": "+79031112233", "reached_by": None, "reached_agent": None, "called_back": 0}]


@pytest.mark.parametrize("dialled", ["89031112233", "79031112233", "+7 903 111-22-33", "9031112233"])
def test_called_back_in_another_format(ledger: Ledger, site: Settings, dialled: str) -> None:
    """An agent calls the number back as the PBX writes it for outgoing calls."""
    post(ledger, "telphin", MISSED, CALLED_BACK.replace("89031112233", f'"{dialled}"' if " " in dialled else dialled))
    agent = {"number": "+79031112233", "reached_by": "agent", "reached_agent": "13596*106", "called_back": 1}
    assert missed(site) == [agent]


@pytest.mark.parametrize("dialled", ["89031112234", "88031112233", "1112233999"])
def test_another_number_is_no_call_back(ledger: Ledger, site: Settings, dialled: str) -> None:
    """A number with the same ending, or with the same digits elsewhere, is another caller."""
    post(ledger, "telphin", MISSED, CALLED_BACK.replace("89031112233", dialled))
    assert missed(site) == [{"number": "+79031112233", "reached_by": None, "reached_agent": None, "called_back": 0}]


def test_caller_calls_again_over_another_provider(ledger: Ledger, site: Settings) -> None:
    """A caller who was missed at one provider and answered at another one was reached by calling again."""
    post(ledger, "telphin", MISSED.replace("+79031112233", "+79154368886"))
    post(ledger, "mtt", MTT_ANSWERED)
    caller = {"number": "+79154368886", "reached_by": "caller", "reached_agent": "79684881033", "called_back": 1}
    assert missed(site) == [caller]


def test_unanswered_call_back(ledger: Ledger, site: Settings) -> None:
    """A call back that is not answered, and a second missed call, are no talk."""
    again = MISSED.replace("00:", "15:")
    post(ledger, "telphin", MISSED, again, "20:00 106 dial-out to=89031112233\n20:10 106 hangup NOANSWER")
    assert [row["called_back"] for row in missed(site)] == [0, 0]  # type: ignore[attr-defined]


def test_mtt(ledger: Ledger, site: Settings) -> None:
    """Calls of MTT are incoming, though both sides are outside; the redirected number is the agent."""
    post(ledger, "mtt", MTT_ANSWERED, MTT_MISSED)
    assert rows(site, "select direction, result, number, line, agent, wait from metrics.calls order by invitedt") == [
        {"direction": "incoming", "result": "missed", "number": "79154368886", "line": "79586488002", "agent": None,
         "wait": 20},
        {"direction": "incoming", "result": "answered", "number": "79154368886", "line": "79586488002",
         "agent": "79684881033", "wait": 11},
    ]  # fmt: skip
    assert [row["agent"] for row in rows(site, "select agent from metrics.talks")] == ["79684881033"]


def test_caller_without_a_number(ledger: Ledger, site: Settings) -> None:
    """An anonymous caller cannot be called back, and no other anonymous call counts as one."""
    answered = LATE_ANSWER.replace("+79150000001", "anonymous")
    post(ledger, "telphin", MISSED.replace("+79031112233", "anonymous"), answered)
    assert [row["called_back"] for row in missed(site)] == [None]  # type: ignore[attr-defined]
