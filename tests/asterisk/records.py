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
