"""Writes records of Asterisk's Channel Event Logging for tests: a line for each record."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import groupby

START = datetime(2026, 11, 21, 10)  # noqa: DTZ001 - times are naive UTC throughout
#: The channels of a timeline by their short names: the number in UNIQUEID, and the channel.
CHANNELS = {
    "trunk": ("1", "PJSIP/operator-trunk-00000001"),
    "102": ("2", "PJSIP/102-00000002"),
    "102b": ("3", "PJSIP/102-00000003"),
    "103": ("4", "PJSIP/103-00000004"),
    "101": ("5", "PJSIP/101-00000005"),
    "l1": ("6", "Local/600@ring-00000001;1"),
    "l2": ("7", "Local/600@ring-00000001;2"),
    "out": ("8", "PJSIP/operator-trunk-00000008"),
    "104": ("9", "PJSIP/104-00000009"),
}
EPOCH = "1795255200"
_NUMBERS = {"trunk": "+79214567892", "out": ""}


def uniqueid(channel: str) -> str:
    """Return the UNIQUEID of a channel of CHANNELS."""
    return f"{EPOCH}.{CHANNELS[channel][0]}"


def timeline(text: str) -> list[dict[str, str]]:
    """Return the records of lines such as `5.2 102 ANSWER of=trunk`: seconds, channel, type and fields.

    `of` is the channel whose UNIQUEID is the LINKEDID, the one of the line's channel unless it is said; what a channel
    was once `of` holds for its later lines. `bridge` names a bridge; other fields are those of the tables.
    """
    records = []
    links: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.strip().splitlines())):
        seconds, channel, kind, *fields = line.split()
        record = dict(field.split("=", 1) for field in fields)
        links[channel] = record.pop("of", links.get(channel, channel))
        extra = {"bridge_id": record.pop("bridge")} if "bridge" in record else {}
        extra |= {name[2:]: uniqueid(record.pop(name)) for name in list(record) if name.startswith("x.")}
        extra |= {name: record.pop(name) for name in list(record) if name in ("dialstatus", "hangupcause", "filename")}
        records.append(
            {
                "eventtype": kind,
                "eventtime": (START + timedelta(seconds=float(seconds))).isoformat(timespec="microseconds") + "Z",
                "channame": CHANNELS[channel][1],
                "uniqueid": uniqueid(channel),
                "linkedid": uniqueid(links[channel]),
                "cid_num": _NUMBERS.get(channel, channel.rstrip("b") if channel[0].isdecimal() else ""),
                "context": "from-trunk" if channel in ("trunk", "out") else "internal",
                **record,
                "extra": json.dumps(extra) if extra else "",
            }
        )
    return records


def body(records: list[dict[str, str]]) -> bytes:
    """Return a webhook with these records."""
    return json.dumps({"events": records}).encode()


def by_call(records: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    """Return the records of each LINKEDID."""
    ordered = sorted(records, key=lambda record: record["linkedid"])
    return [list(own) for _, own in groupby(ordered, key=lambda record: record["linkedid"])]


#: An outside call reaches 102; 102 consults 103 on a second line and connects both. The second line's LINKEDID is
#: replaced by the older one when the bridges merge.
ATTENDED = """
    0 trunk CHAN_START exten=74951230000
    0.1 trunk APP_START appname=Dial appdata=PJSIP/102
    0.2 102 CHAN_START of=trunk exten=s
    5 102 ANSWER
    5.1 trunk ANSWER
    5.2 102 BRIDGE_ENTER bridge=b1
    5.2 trunk BRIDGE_ENTER bridge=b1
    20 102b CHAN_START exten=103
    20.1 102b APP_START appname=Dial appdata=PJSIP/103
    20.2 103 CHAN_START of=102b exten=s
    24 103 ANSWER
    24.1 102b ANSWER
    24.2 103 BRIDGE_ENTER bridge=b2
    24.2 102b BRIDGE_ENTER bridge=b2
    40 102 ATTENDEDTRANSFER x.channel2_uniqueid=102b
    40.0001 102b BRIDGE_EXIT bridge=b2
    40.0002 trunk BRIDGE_EXIT bridge=b1
    40.0003 trunk BRIDGE_ENTER bridge=b2
    40.0004 102 BRIDGE_EXIT bridge=b1
    40.01 102 HANGUP hangupcause=16
    40.01 102 CHAN_END
    40.02 102b HANGUP hangupcause=16
    40.02 102b CHAN_END
    40.03 102b LINKEDID_END
    90 103 BRIDGE_EXIT of=trunk bridge=b2
    90 103 HANGUP hangupcause=16
    90 103 CHAN_END
    90.1 trunk BRIDGE_EXIT bridge=b2
    90.1 trunk HANGUP hangupcause=16 dialstatus=ANSWER
    90.1 trunk CHAN_END
    90.2 trunk LINKEDID_END
"""

#: An outside call reaches 102, who transfers it blindly to 103.
BLIND = """
    0 trunk CHAN_START exten=74951230000
    0.1 trunk APP_START appname=Dial appdata=PJSIP/102
    0.2 102 CHAN_START of=trunk exten=s
    5 102 ANSWER
    5.1 trunk ANSWER
    5.2 102 BRIDGE_ENTER bridge=b1
    5.2 trunk BRIDGE_ENTER bridge=b1
    30 102 BLINDTRANSFER bridge=b1
    30.001 102 BRIDGE_EXIT bridge=b1
    30.002 trunk BRIDGE_EXIT bridge=b1
    30.01 102 HANGUP hangupcause=16
    30.01 102 CHAN_END
    30.1 trunk APP_START appname=Dial appdata=PJSIP/103 exten=103
    30.2 103 CHAN_START exten=s of=trunk
    36 103 ANSWER
    36.1 103 BRIDGE_ENTER bridge=b3
    36.1 trunk BRIDGE_ENTER bridge=b3
    60 103 BRIDGE_EXIT bridge=b3
    60 103 HANGUP hangupcause=16
    60 103 CHAN_END
    60.1 trunk BRIDGE_EXIT bridge=b3
    60.1 trunk HANGUP hangupcause=16 dialstatus=ANSWER
    60.1 trunk CHAN_END
    60.2 trunk LINKEDID_END
"""

#: An outside call rings at 102; 103 picks it up.
PICKED_UP = """
    0 trunk CHAN_START exten=74951230000
    0.1 trunk APP_START appname=Dial appdata=PJSIP/102
    0.2 102 CHAN_START of=trunk exten=s
    4 103 CHAN_START exten=*8102
    4.1 103 APP_START appname=Pickup
    4.2 103 ANSWER
    4.3 103 BRIDGE_ENTER bridge=b1
    4.3 103 LINKEDID_END
    4.4 trunk BRIDGE_ENTER bridge=b1
    4.5 102 HANGUP hangupcause=26
    4.5 102 CHAN_END
    50 trunk BRIDGE_EXIT bridge=b1
    50 trunk HANGUP hangupcause=16
    50 trunk CHAN_END
    50.1 103 BRIDGE_EXIT of=trunk bridge=b1
    50.1 103 HANGUP hangupcause=16
    50.1 103 CHAN_END
    50.2 trunk LINKEDID_END
"""
