"""The legs of a Telphin call: what the events of one device's part say together, in any order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from chalicelib.calls.causes import ANSWER
from chalicelib.calls.events import Event, Kind
from chalicelib.calls.numbers import is_internal
from chalicelib.calls.records import Options

PHONE = "phone"
QUEUE = "queue"


class Leg(NamedTuple):
    """One device's part of a call: side A calls side B, and `extension` is the device.

    `heard` is its first event but for hangups; without one, it `began` as long before its hangup as that says.
    `answered` is the pick-up of a phone only: an IVR or a queue answers by itself. `ended` is the latest hangup.
    """

    id: str
    device: str
    extension: str
    incoming: bool
    heard: datetime | None
    began: datetime
    dialled: datetime | None
    answered: datetime | None
    by_status: bool
    ended: datetime | None
    status: str
    bridged: bool | None
    a: str
    a_name: str
    a_outer: bool
    b: str
    b_outer: bool
    called: str
    caller: str
    replacing: bool
    recording: str
    external_only: bool
    internal_transfer: bool

    @property
    def is_phone(self) -> bool:
        """Whether it is a phone's leg, the only ones that people talk on."""
        return self.device == PHONE

    @property
    def order(self) -> tuple[datetime, str]:
        """Where it stands among its call's legs."""
        return (self.began, self.id)

    @property
    def since(self) -> datetime:
        """When the device began to be called, as far as anything tells."""
        return self.dialled or self.began


def legs(events: Sequence[Event], options: Options) -> list[Leg]:
    """The legs that `events` (each once, in order) make up, phones apart from the IVRs and queues they meet."""
    parts: dict[tuple[bool, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.kind in _TELLING:
            parts[event.device == PHONE, event.leg_id].append(event)
    return sorted([_leg(part, options) for part in parts.values()], key=attrgetter("order"))


# Asking an enumeration for its member takes longer than comparing with it.
_DIAL_IN, _DIAL_OUT, _ANSWER, _HANGUP = Kind.DIAL_IN, Kind.DIAL_OUT, Kind.ANSWER, Kind.HANGUP
_DIALS = frozenset({_DIAL_IN, _DIAL_OUT})
_TELLING = frozenset({_DIAL_IN, _DIAL_OUT, _ANSWER, _HANGUP})


def began(event: Event) -> datetime:
    """When what the event ends began, if it says how long it took."""
    return event.at - event.duration if event.duration else event.at


def _leg(events: list[Event], options: Options) -> Leg:
    hangups = [event for event in events if event.kind is _HANGUP]
    heard = next((event.at for event in events if event.kind is not _HANGUP), None)
    incoming = _is_incoming(events)
    dialling = _DIAL_IN if incoming else _DIAL_OUT
    # What the dialling says of the parties outweighs what the other events say.
    dials = [event for event in events if event.kind is dialling]
    told = dials + [event for event in events if event.kind is not dialling]
    last = hangups[-1] if hangups else None
    answered, by_status = _answer(events, hangups, options)
    caller, remote, called = _said(told, "caller"), _said(told, "remote"), _said(told, "called")
    extension = told[0].extension
    a, b = (remote or caller, extension) if incoming else (extension, called)
    inner_caller = bool(_said(told, "caller_extension")) and a == caller
    return Leg(
        id=events[0].leg_id,
        device=told[0].device,
        extension=extension,
        incoming=incoming,
        heard=heard,
        began=heard or min(began(event) for event in events),
        dialled=dials[0].at if dials else None,
        answered=answered,
        by_status=by_status,
        ended=last.at if last else None,
        status=last.status if last else "",
        bridged=_bridged(hangups),
        a=a,
        a_name=_said(told, "caller_name"),
        a_outer=incoming and bool(a) and not is_internal(a) and not inner_caller,
        b=b,
        b_outer=not incoming and bool(b) and not is_internal(b) and not _said(told, "called_extension"),
        called=(incoming and _said(told, "did")) or called,
        caller=caller,
        replacing=any(event.transferred for event in events) or (incoming and remote not in {"", caller}),
        recording=_said(hangups, "recording"),
        external_only=any(event.external_only for event in events),
        internal_transfer=any(event.transferred and event.between_extensions for event in events),
    )


def _said(events: Iterable[Event], name: str) -> str:
    """What the first event that says it says."""
    for event in events:
        value: str = getattr(event, name)
        if value:
            return value
    return ""


def _is_incoming(events: Sequence[Event]) -> bool:
    kinds = {event.kind for event in events}
    if kinds & _DIALS:
        return _DIAL_IN in kinds
    flow = _said(events, "flow")
    if flow in {"in", "out"}:
        return flow == "in"
    return events[0].caller != events[0].extension


def _answer(events: Sequence[Event], hangups: Sequence[Event], options: Options) -> tuple[datetime | None, bool]:
    """When a phone was picked up, and whether its hangup's status alone says so."""
    if events[0].device != PHONE:
        return None, False
    for event in events:
        if event.kind is _ANSWER:
            return event.at, False
    ended = [began(event) for event in hangups if event.status == ANSWER]
    if not ended or not options.answer_by_status:
        return None, False
    dials = [event.at for event in events if event.kind in _DIALS]
    return max([min(ended), *dials[:1]]), True


def _bridged(hangups: Sequence[Event]) -> bool | None:
    said = {event.bridged for event in hangups} - {None}
    return True in said if said else None
