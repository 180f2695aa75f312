"""Tables of channel events that the tests of the command `cel` play: the shared cases, or small tables of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

Columns = dict[str, str]

#: A column of CEL's tables -> the header of AMI.
HEADERS = {
    "eventtype": "EventName",
    "eventtime": "EventTime",
    "cid_name": "CallerIDname",
    "cid_num": "CallerIDnum",
    "cid_ani": "CallerIDani",
    "cid_rdnis": "CallerIDrdnis",
    "cid_dnid": "CallerIDdnid",
    "exten": "Exten",
    "context": "Context",
    "channame": "Channel",
    "appname": "Application",
    "appdata": "AppData",
    "amaflags": "AMAFlags",
    "accountcode": "AccountCode",
    "uniqueid": "UniqueID",
    "linkedid": "LinkedID",
    "peer": "Peer",
    "userfield": "Userfield",
    "userdeftype": "UserDefType",
    "extra": "Extra",
}
_START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class CelCase(NamedTuple):
    """A table of events in the order in which they happened."""

    name: str
    events: list[Columns]


def cases(folder: str) -> list[CelCase]:
    """Return the cases of `*.jsonl` in a folder, or the tables of the tests if `folder` is empty."""
    lines = [line for file in sorted(Path(folder).glob("*.jsonl")) for line in _lines(file)] if folder else []
    return [CelCase(case["id"], case["cels"]) for case in map(json.loads, lines)] or list(_own())


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines()


def _own() -> Iterator[CelCase]:
    for number in range(1, 13):
        yield CelCase(f"internal call {number}", list(internal_call(number)))


def internal_call(number: int) -> Iterator[Columns]:
    """Yield the events of a call from 1801 to 1130, which is the call `number` of its PBX."""
    at = _START + timedelta(minutes=number)
    caller, callee = f"PJSIP/1801-{number * 2:08x}", f"PJSIP/1130-{number * 2 + 1:08x}"
    linked, other = f"{at.timestamp():.0f}.{number * 2}", f"{at.timestamp():.0f}.{number * 2 + 1}"
    bridge = json.dumps({"bridge_id": f"bridge-{number}", "bridge_technology": "simple_bridge"})
    steps = [
        ("CHAN_START", caller, linked, "", ""),
        ("APP_START", caller, linked, "Dial", ""),
        ("CHAN_START", callee, other, "", ""),
        ("ANSWER", callee, other, "AppDial", ""),
        ("ANSWER", caller, linked, "Dial", ""),
        ("BRIDGE_ENTER", callee, other, "AppDial", bridge),
        ("BRIDGE_ENTER", caller, linked, "Dial", bridge),
        ("BRIDGE_EXIT", callee, other, "AppDial", bridge),
        ("HANGUP", callee, other, "AppDial", json.dumps({"hangupcause": 16, "dialstatus": ""})),
        ("CHAN_END", callee, other, "AppDial", ""),
        ("BRIDGE_EXIT", caller, linked, "Dial", bridge),
        ("HANGUP", caller, linked, "", json.dumps({"hangupcause": 16, "dialstatus": "ANSWER"})),
        ("CHAN_END", caller, linked, "", ""),
        ("LINKEDID_END", caller, linked, "", ""),
    ]
    for step, (kind, channel, unique, application, extra) in enumerate(steps):
        yield {
            "eventtype": kind,
            "eventtime": (at + timedelta(seconds=step, microseconds=410_847)).isoformat(timespec="microseconds"),
            "cid_name": 'Клара, "qrs"',
            "cid_num": "1801" if channel == caller else "1130",
            "exten": "1130",
            "context": "internal",
            "channame": channel,
            "appname": application,
            "appdata": "PJSIP/1130,30" if application == "Dial" else "",
            "uniqueid": unique,
            "linkedid": linked,
            "peer": "",
            "extra": extra,
        }


def headers(columns: Columns) -> Columns:
    """Return an event as AMI gives it, with whole seconds of UTC, and its moment in a header of its own."""
    moment = datetime.fromisoformat(columns["eventtime"])
    fields = {HEADERS[name]: value for name, value in columns.items()}
    return {**fields, "EventTime": f"{moment:%Y-%m-%d %H:%M:%S}", "Timestamp": f"{moment.timestamp():.6f}"}
