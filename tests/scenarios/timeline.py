"""Reads timelines: the webhooks of a PBX, line by line, and the rows that they must become.

A scenario is a heading (`== the situation`), lines of events, and lines of expectations.

An event of Telphin:    `00:05 106 dial-in from=+79214567892`: the time, the sender (`106` is a phone, `ivr:099` and
`queue:300` are what they say), the type, a status in capitals where it is not the usual one, and fields. What a leg's
first line says of the call holds for its other lines. A second leg of a device is named `106/2`. A number of two to
four digits is an extension in full; `!107` is the short number. `inner=107` lists short numbers that the registry knew.
An event of MTT:        `00:08 o 79684881033`, and `side=`, `cause=`, or any member of the notification.
A closing:              `4:00:00 closed`.

An expectation:         `=> success id=106 start_dt=00:12 duration=48`: a table and some of its columns. Each row of
`calls` and of any other named table must be expected, and the given columns must match. `id` is the inviteid: of a
leg, of its round (`106@60:00`, the time of the round's first event), or `call`. `-` means null. `=> open` says that
further events are expected, `=> live 106 talking` which legs go on, `=> incomplete` that a record lacks its end,
`=> 106 became call` which record an inviteid leads to, `=> note order=106` a fact of each record.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from chalicelib import providers
from chalicelib.calls.events import CLOSE, Event, Raw, Source, closing

FOLDER = Path(__file__).parent
START = datetime(2026, 11, 21, 10)  # noqa: DTZ001 - times are naive UTC throughout
CLIENT = "13596"
CALL = "62FE8C5A0B1D4E8FA3C2D1E0F9A8B7C6"
CONFERENCE = "BC5F236C 5AD211E9 81BA5CB9 01FED6FC"
_OWNERS = {"107": "Maria"}
_STATUSES = {"dial-in": "CALLING", "dial-out": "CALLING"}
_FIELDS = {
    "from": "CallerIDNum",
    "to": "CalledNumber",
    "did": "CalledDID",
    "remote": "RemoteNumber",
    "bridged": "Bridged",
    "transferred": "Transfered",
    "record": "RecID",
    "flow": "CallFlow",
    "name": "CallerIDName",
    "callback": "CallBackID",
}
_STAYING = {"from", "to", "did", "flow", "transferred", "callback"}


@dataclass
class Scenario:
    """One situation: the webhooks in the order of their times, and the lines of what is expected."""

    name: str
    provider: str
    lines: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    external_only: bool = False

    @property
    def events(self) -> list[Event]:
        """The events that the provider's module reads in the webhooks."""
        return [event for raw, source in self.webhooks() for event in _parsed(raw, source)]

    def webhooks(self) -> Iterator[tuple[Raw, Source]]:
        """Yield the webhooks, each with the extension that it is for."""
        said: dict[str, dict[str, str]] = {}
        for place, line in enumerate(self.lines):
            at, *words = shlex.split(line)
            raw = Raw(f"raw-{place}", clock(at) + timedelta(milliseconds=300), self.provider)
            if words == ["closed"]:
                identity = CALL if self.provider == "telphin" else CONFERENCE
                body = closing(identity, clock(at))
                yield replace(raw, method=CLOSE, body=body), Source(0, self.provider, CLIENT, "")
            elif self.provider == "mtt":
                yield replace(raw, body=_notification(clock(at), *words)), Source(9, "mtt", "mtt", "mtt")
            else:
                yield self._form(raw, clock(at), words, said)

    def _form(self, raw: Raw, at: datetime, words: list[str], said: dict[str, dict[str, str]]) -> tuple[Raw, Source]:
        device, kind, *rest = words
        leg = said.setdefault(device, {})
        facts = dict(word.split("=", 1) for word in rest if "=" in word)
        status = next((word for word in rest if "=" not in word), _STATUSES.get(kind, "ANSWER"))
        type_, _colon, name = device.rpartition(":")
        name = name.partition("/")[0]
        lasted = facts.pop("lasted", "")
        inner = frozenset(facts.pop("inner", "").split(",")) - {""}
        leg |= {key: value for key, value in facts.items() if key in _STAYING}
        leg.setdefault("flow", "OUT" if kind == "dial-out" else "IN")
        leg.setdefault("from" if leg["flow"] == "OUT" else "to", name)
        form = {
            "EventType": kind,
            "CallID": CALL,
            "SubCallID": device,
            "CallStatus": status,
            "EventTime": str(_microseconds(at)),
        }
        form |= {"Duration": str(int(float(lasted) * 1_000_000))} if lasted else {}
        form |= {_FIELDS.get(key, key): extension(value) for key, value in (leg | facts).items()}
        source = Source(int(name), "telphin", CLIENT, extension(name), type_ or "phone", _OWNERS.get(name, ""))
        webhook = replace(raw, body=urlencode(form).encode(), inner_numbers=inner)
        return webhook, replace(source, external_only=self.external_only)


def scenarios(file: Path) -> list[Scenario]:
    """Return the scenarios of one file; its name begins with the provider's."""
    found: list[Scenario] = []
    for line in file.read_text("utf-8").splitlines():
        text = line.strip()
        if text.startswith("== "):
            name = text.removeprefix("== ")
            found.append(Scenario(name, file.name.split("_")[0], external_only=name.startswith("external only")))
        elif text.startswith("=> "):
            found[-1].expected.append(text.removeprefix("=> "))
        elif text and not text.startswith("#"):
            found[-1].lines.append(text)
    return found


def everything() -> list[Scenario]:
    """All scenarios of this folder."""
    return [scenario for file in sorted(FOLDER.glob("*.txt")) for scenario in scenarios(file)]


def clock(text: str) -> datetime:
    """Return the time `[hours:]minutes:seconds[.fraction]` after the start of the timelines."""
    *larger, seconds = text.split(":")
    minutes = sum(int(part) * 60**power for power, part in enumerate(reversed(larger)))
    return START + timedelta(minutes=minutes, seconds=float(seconds))


def extension(text: str) -> str:
    """Return two to four digits as an extension of the client in full, `!107` as the short number itself."""
    return f"{CLIENT}*{text}" if re.fullmatch(r"\d{2,4}", text) else text.removeprefix("!")


def _parsed(raw: Raw, source: Source) -> list[Event]:
    found = providers.parse(raw, source)
    assert isinstance(found, list), found
    return found


def _microseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1)) // timedelta(microseconds=1)  # noqa: DTZ001 - as above


def _notification(at: datetime, kind: str, *rest: str) -> bytes:
    facts = dict(word.split("=", 1) for word in rest if "=" in word)
    number = next((word for word in rest if "=" not in word), "")
    event = {"type": kind} | {name: facts.pop(name) for name in ("side", "cause") if name in facts}
    moscow = at + timedelta(hours=3)
    message = {
        "date_time": _microseconds(at) // 1_000_000,
        "data": f"event={kind}_{number or '79154368886'}_{moscow:%Y-%m-%d-%H-%M-%S}",
        "event": event,
        "h323_conf_id": CONFERENCE,
        "numberA": "79154368886",
        "sip_id": "79586488002",
    }
    return json.dumps(message | ({"redirect_number": number} if number else {}) | facts).encode()
