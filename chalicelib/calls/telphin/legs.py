"""The legs of a Telphin call: what the events of one device's part report together, in any order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from chalicelib.calls import clocks
from chalicelib.calls.causes import ANSWER, UNSUCCESSFUL
from chalicelib.calls.clocks import Times
from chalicelib.calls.events import IVR, PHONE, Event, Kind
from chalicelib.calls.numbers import is_internal, is_outside
from chalicelib.calls.options import Feature, Options
from chalicelib.calls.telphin.leg_events import LegEvents
from chalicelib.calls.telphin.rounds import rounds

_LEG_KINDS = frozenset({Kind.DIAL_IN, Kind.DIAL_OUT, Kind.ANSWER, Kind.HANGUP})


class Leg(NamedTuple):
    """One device's part of a call: side A calls side B, and `extension` is the device.

    `anchor` is empty unless the call uses the leg's id several times. `answered` is set for phones only: an IVR or a
    queue picks up by itself. `ended` is the hangup that counts. `moments` are the times of its events.
    """

    id: str
    anchor: str
    device: str
    extension: str
    owner: str
    incoming: bool
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
    did: str
    caller: str
    remote: str
    callback: str
    feature: Feature | None
    replacing: bool
    recording: str
    external_only: bool
    internal_transfer: bool
    moments: tuple[datetime, ...]
    mended: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str]:
        """The identity within the call."""
        return (self.id, self.anchor)

    @property
    def is_phone(self) -> bool:
        """Tell whether this is a phone's leg; people talk on no other ones."""
        return self.device == PHONE

    @property
    def order(self) -> tuple[datetime, str, str]:
        """The position among the legs of the call."""
        return (self.began, self.id, self.anchor)

    @property
    def since(self) -> datetime:
        """When the device began to ring or to dial, as far as any event tells."""
        return self.dialled or self.began

    @property
    def failed(self) -> bool:
        """Tell whether the leg is over and its hangup is an unsuccessful one."""
        return self.ended is not None and self.status in UNSUCCESSFUL


def legs(events: Sequence[Event], options: Options) -> list[Leg]:
    """Return the legs of `events` (each once, in order of time), phones apart from the IVRs and queues they meet."""
    mistyped = {event.extension for event in events if event.is_mistyped}
    parts: dict[tuple[bool, str], list[Event]] = defaultdict(list)
    for event in _with_extensions(events):
        if event.kind in _LEG_KINDS:
            part = event._replace(device=IVR) if event.extension in mistyped else event
            parts[part.device == PHONE, part.leg_id].append(part)
    found = [leg for part in parts.values() for leg in _rounds(part, options)]
    return sorted(_with_hidden_callers(found), key=attrgetter("order"))


def _with_extensions(events: Sequence[Event]) -> Sequence[Event]:
    """Write short numbers in full where an extension of that name takes part in the call."""
    extensions = {event.extension for event in events}
    names = {extension.rpartition("*")[2]: extension for extension in extensions if is_internal(extension)}
    parties = {number for event in events for number in (event.caller, event.called, event.remote)}
    if names.keys().isdisjoint(parties):
        return events
    return [
        event._replace(
            caller=names.get(event.caller, event.caller),
            called=names.get(event.called, event.called),
            remote=names.get(event.remote, event.remote),
        )
        for event in events
    ]


def _with_hidden_callers(legs: Sequence[Leg]) -> Sequence[Leg]:
    """Mark callers without a number as outside where any leg of the call knows the public number that they dialled."""
    if not any(leg.did for leg in legs):
        return legs
    return [leg._replace(a_outer=True) if leg.incoming and not leg.a else leg for leg in legs]


def _rounds(events: Sequence[Event], options: Options) -> Iterator[Leg]:
    parts = rounds(events)
    for part in parts:
        anchor = part[0].at.isoformat() if len(parts) > 1 else ""
        yield _leg(LegEvents(part), anchor, options)


def _leg(events: LegEvents, anchor: str, options: Options) -> Leg:
    reported = events.times
    times = clocks.in_order(reported)
    device, hangup = events.by_weight[0].device, events.hangup
    answered, by_status = _pick_up(events, times, device, options)
    return Leg(
        id=events.events[0].leg_id,
        anchor=anchor,
        device=device,
        incoming=events.incoming,
        began=events.began(times),
        dialled=times.dialled,
        answered=answered,
        by_status=by_status,
        ended=times.ended,
        status=hangup.status if hangup else "",
        bridged=events.bridged,
        callback=events.first("callback"),
        recording=events.recording,
        external_only=events.any("external_only"),
        internal_transfer=events.is_internal_transfer,
        moments=events.moments,
        mended=clocks.mended(reported, times),
        **_parties(events, options),
    )


def _parties(events: LegEvents, options: Options) -> dict[str, Any]:
    """Return the fields of a leg that name its parties."""
    extension = events.by_weight[0].extension
    caller, remote, called, did = (events.first(name) for name in ("caller", "remote", "called", "did"))
    a, b = (remote or caller, extension) if events.incoming else (extension, called)
    return {
        "extension": extension,
        "owner": events.first("owner"),
        "a": a,
        "a_name": events.first("caller_name"),
        "a_outer": events.incoming and _is_outer_caller(events, a),
        "b": b,
        "b_outer": not events.incoming and is_outside(b) and not events.first("called_extension"),
        "called": called,
        "did": did,
        "caller": caller,
        "remote": remote,
        "feature": None if events.incoming else options.feature(called),
        "replacing": events.any("transferred") or (events.incoming and remote not in {"", caller}),
    }


def _is_outer_caller(events: LegEvents, a: str) -> bool:
    return is_outside(a) and not (a == events.first("caller") and events.first("caller_extension"))


def _pick_up(events: LegEvents, times: Times, device: str, options: Options) -> tuple[datetime | None, bool]:
    """Return when a phone was picked up, and whether the status of its hangup alone tells that.

    A hangup with an unsuccessful status outweighs the answer: such a leg was not a conversation.
    """
    status = events.hangup.status if events.hangup else ""
    if device != PHONE or status in UNSUCCESSFUL:
        return None, False
    if times.answered or status != ANSWER or not options.answer_by_status:
        return times.answered, False
    return _begin_of_talk(times), True


def _begin_of_talk(times: Times) -> datetime | None:
    """Return when a leg without an answer event was picked up: Duration before its end, but not before it rang."""
    if times.ended is None:
        return None
    begin = times.ended - (times.duration or timedelta(0))
    return max(begin, times.dialled or begin)
