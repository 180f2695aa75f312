"""One event of CEL as it is sent: the names of its source, its time in UTC, and the recording that it tells about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import NamedTuple

from ringledger_asterisk.event_times import EventTimes

#: Names of columns in cel_custom.conf and cel_sqlite3_custom.conf -> those of the tables.
ALIASES = {
    "cidname": "cid_name",
    "cidnum": "cid_num",
    "cidani": "cid_ani",
    "cidrdnis": "cid_rdnis",
    "ciddnid": "cid_dnid",
    "acctcode": "accountcode",
    "usereventname": "userdeftype",
    "eventextra": "extra",
}
#: Events after which nothing more is written to the recordings of a channel.
ENDS = frozenset({"HANGUP", "CHAN_END", "MIXMONITOR_STOP", "LINKEDID_END"})
APPLICATION = "mixmonitor"


class CelFault(Exception):
    """An event cannot be read. The message is the reason."""


class CelRecord(NamedTuple):
    """An event: its JSON, the path of the recording that it begins, and the channel whose recordings it ends."""

    text: str
    recording: str = ""
    channel: str = ""
    ended: str = ""


def record(fields: Mapping[str, str], times: EventTimes, near: datetime | None = None) -> CelRecord:
    """Return the event with these fields, whose names are AMI's or the columns of a table. Raise CelFault."""
    named = {ALIASES.get(name.lower(), name): value for name, value in fields.items()}
    lower = {name.lower(): name for name in named}
    for name, other in (("eventtime", ""), ("eventtype", "eventname"), ("uniqueid", "")):
        if not named.get(lower.get(name, lower.get(other, "")), ""):
            raise CelFault(f"it has no {name}")
    try:
        named[lower["eventtime"]] = times.utc(named[lower["eventtime"]], near)
    except ValueError as fault:
        raise CelFault(str(fault)) from None
    text = json.dumps(named, ensure_ascii=False, separators=(",", ":"))
    return CelRecord(text, *_recording({name: named[own] for name, own in lower.items()}))


def base_name(path: str) -> str:
    """Return the name of a recording, by which Ringledger knows it: the last part of its path."""
    return PurePosixPath(path).name


def _recording(event: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the path of the recording that an event begins, its channel, and the channel whose recordings it ends."""
    kind, channel = event.get("eventtype") or event.get("eventname", ""), event["uniqueid"]
    if kind in ENDS:
        return "", "", channel
    application = (event.get("appname") or event.get("application", "")).lower()
    path = event.get("recordingfile") or _named(event.get("extra", ""))
    if not path and kind == "APP_START" and application == APPLICATION:
        # The file, options and a command: MixMonitor(2026/11/28/name.wav,b,/usr/bin/convert ...)
        path = event.get("appdata", "").partition(",")[0].strip()
    return (path, channel, "") if path and base_name(path) else ("", "", "")


def _named(extra: str) -> str:
    """Return the file in the details of MIXMONITOR_START, or nothing."""
    if '"filename"' not in extra:
        return ""
    try:
        name = json.loads(extra)["filename"]
    except (ValueError, TypeError, KeyError):
        return ""
    return name if isinstance(name, str) else ""
