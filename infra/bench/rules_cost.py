"""The CPU time from webhooks to the rows of calls, without a database: Asterisk's channel events beside Telphin's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from chalicelib import providers
from chalicelib.calls.events import Raw, Source
from infra.bench.report import Figure, alternating

ROUNDS = 15
CALLS = 50
BEGIN = datetime(2026, 11, 21, 10)  # noqa: DTZ001 - naive UTC
TELPHIN = Source(1, "telphin", "13596", "13596*106")
ASTERISK = Source(2, "asterisk", "office", "pbx")
#: An internal call that is answered: seconds, channel, type, bridge.
CALL = (
    (0.0, 1, "CHAN_START", ""),
    (0.1, 1, "APP_START", ""),
    (0.2, 2, "CHAN_START", ""),
    (4.0, 2, "ANSWER", ""),
    (4.1, 1, "ANSWER", ""),
    (4.2, 2, "BRIDGE_ENTER", "b"),
    (4.2, 1, "BRIDGE_ENTER", "b"),
    (60.0, 2, "BRIDGE_EXIT", "b"),
    (60.0, 1, "BRIDGE_EXIT", "b"),
    (60.1, 2, "CHAN_END", ""),
    (60.1, 1, "CHAN_END", ""),
    (60.2, 1, "LINKEDID_END", ""),
)
SHORT, LONG = 200, 2_000


def lines() -> Iterator[Figure]:
    """Measure CPU time for each event: of ordinary calls of both providers, and of a call of many records."""
    telphin, asterisk = [_telphin(number) for number in range(CALLS)], [_asterisk(CALL, n) for n in range(CALLS)]
    short, long = ([_asterisk(_ringing(number), 0)] for number in (SHORT, LONG))
    seconds = alternating(
        {
            "telphin": lambda: _understood(telphin, TELPHIN),
            "asterisk": lambda: _understood(asterisk, ASTERISK),
            "short": lambda: _understood(short, ASTERISK),
            "long": lambda: _understood(long, ASTERISK),
        },
        ROUNDS,
        time.process_time,
    )
    own, peer = seconds["asterisk"] / CALLS / len(CALL), seconds["telphin"] / CALLS / 3
    yield Figure("events of Telphin's calls a CPU second, read and understood", f"{1 / peer:,.0f}")
    yield Figure("records of Asterisk's calls", f"{1 / own:,.0f}", "time for one of Telphin's events", own / peer, 3)
    each = {name: seconds[name] / number for name, number in (("short", SHORT), ("long", LONG))}
    yield Figure(
        f"a record of a call of {LONG:,}",
        f"{each['long'] * 1e6:.0f} µs",
        f"one of a call of {SHORT}",
        each["long"] / each["short"],
        1.5,
    )


def _understood(calls: Sequence[Sequence[Raw]], source: Source) -> None:
    for raws in calls:
        providers.correlate(event for raw in raws for event in providers.events(providers.read(raw), raw, source))


def _telphin(number: int) -> list[Raw]:
    fields = {"CallID": f"C{number}", "SubCallID": f"L{number}", "CallFlow": "in", "CallerIDNum": "+79214567892"}
    fields |= {"CalledNumber": "13596*106", "CallStatus": "ANSWER"}
    events = [
        fields | {"EventType": kind, "EventTime": _micro(at)}
        for kind, at in (("dial-in", 0), ("answer", 5), ("hangup", 60))
    ]
    return [Raw(f"{number}-{each['EventType']}", BEGIN, "telphin", query=urlencode(each)) for each in events]


def _micro(second: float) -> str:
    return str(round((BEGIN.replace(tzinfo=UTC) + timedelta(seconds=second)).timestamp() * 1_000_000))


def _asterisk(call: Sequence[tuple[float, int, str, str]], number: int) -> list[Raw]:
    """Return the webhook with all records of a call."""
    records = [
        {
            "eventtype": kind,
            "eventtime": (BEGIN + timedelta(seconds=at)).isoformat(),
            "channame": f"PJSIP/{100 + channel % 900}-{channel:08x}",
            "uniqueid": f"{number}.{channel}",
            "linkedid": f"{number}.1",
            "cid_num": str(100 + channel % 900),
            "exten": "102" if channel == 1 else "s",
            "context": "internal",
            "extra": json.dumps({"bridge_id": bridge}) if bridge else "",
        }
        for at, channel, kind, bridge in call
    ]
    return [Raw(f"{number}", BEGIN, "asterisk", body=json.dumps({"events": records}).encode())]


def _ringing(records: int) -> list[tuple[float, int, str, str]]:
    """Return a call that rings phones until it has this many records, and is then answered."""
    rung = [
        (3 + channel / 1000, channel, kind, "")
        for channel in range(3, 3 + (records - len(CALL)) // 2)
        for kind in ("CHAN_START", "CHAN_END")
    ]
    return [*CALL[:3], *rung, *CALL[3:]]
