"""The legs of a Telphin call: what the events of one device's part report together, in any order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from chalicelib.calls import clocks
from chalicelib.calls.causes import ANSWER, UNSUCCESSFUL
from chalicelib.calls.clocks import Times
from chalicelib.calls.events import Event, Kind
from chalicelib.calls.numbers import is_internal, is_outside
from chalicelib.calls.options import Feature, Options
from chalicelib.calls.telphin.rounds import DIALS, rounds

PHONE = "phone"
IVR = "ivr"
QUEUE = "queue"

# Looking up an enumeration's member takes longer than comparing with it.
_DIAL_IN, _DIAL_OUT, _ANSWER, _HANGUP = Kind.DIAL_IN, Kind.DIAL_OUT, Kind.ANSWER, Kind.HANGUP
_LEG_KINDS = frozenset({_DIAL_IN, _DIAL_OUT, _ANSWER, _HANGUP})
_SECOND = timedelta(seconds=1)


class Leg(NamedTuple):
    """One device's part of a call: side A calls side B, and `extension` is the device.

    `anchor` is empty unless the call uses the leg's id several times. `answered` is set for phones only: an IVR or a
    queue picks up by itself. `ended` is the hangup that counts. `moments` are the times of its events.
    """

    id: str
    anchor: str
    device: str
    extension: str
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
    # Only IVRs and queues send Bridged: a phone that sends it is registered under the wrong type.
    mistyped = {event.extension for event in events if _is_mistyped(event)}
    parts: dict[tuple[bool, str], list[Event]] = defaultdict(list)
    for event in _with_extensions(events):
        if event.kind in _LEG_KINDS:
            part = event._replace(device=IVR) if event.extension in mistyped else event
            parts[part.device == PHONE, part.leg_id].append(part)
    found = [leg for part in parts.values() for leg in _rounds(part, options)]
    return sorted(_with_hidden_callers(found), key=attrgetter("order"))


def _is_mistyped(event: Event) -> bool:
    return event.bridged is not None and event.kind is _HANGUP and event.device == PHONE


def _with_extensions(events: Sequence[Event]) -> Iterator[Event]:
    """Write short numbers in full where an extension of that name takes part in the call."""
    names = {event.extension.rpartition("*")[2]: event.extension for event in events if is_internal(event.extension)}
    for event in events:
        if event.caller in names or event.called in names or event.remote in names:
            yield event._replace(
                caller=names.get(event.caller, event.caller),
                called=names.get(event.called, event.called),
                remote=names.get(event.remote, event.remote),
            )
        else:
            yield event


def _with_hidden_callers(legs: Sequence[Leg]) -> Iterator[Leg]:
    """Mark callers without a number as outside where any leg of the call knows the public number that they dialled."""
    has_did = any(leg.did for leg in legs)
    for leg in legs:
        yield leg._replace(a_outer=True) if has_did and leg.incoming and not leg.a else leg


def _rounds(events: Sequence[Event], options: Options) -> Iterator[Leg]:
    parts = rounds(events)
    for part in parts:
        anchor = part[0].at.isoformat() if len(parts) > 1 else ""
        yield _leg(_Part(part), anchor, options)


class _Part:
    """The events of one round of a leg id."""

    def __init__(self, events: Sequence[Event]) -> None:
        """Sort `events`, of which there is one at least, by what they tell."""
        self.events = events
        self.hangups = [event for event in events if event.kind is _HANGUP]
        self.others = [event for event in events if event.kind is not _HANGUP]
        self.incoming = _is_incoming(events)
        dial = _DIAL_IN if self.incoming else _DIAL_OUT
        self.dials = [event for event in events if event.kind is dial]
        # A dial event outweighs the others in what it reports of the parties.
        self.by_weight = self.dials + [event for event in events if event.kind is not dial]

    def first(self, name: str) -> str:
        """Return the first value of the field `name` that is not empty."""
        return _first(self.by_weight, name)

    def any(self, name: str) -> bool:
        """Tell whether the field `name` is true in any event."""
        return any(getattr(event, name) for event in self.events)

    @property
    def hangup(self) -> Event | None:
        """The hangup that counts: the latest successful one, else the latest."""
        successful = [event for event in self.hangups if event.status not in UNSUCCESSFUL]
        return next(reversed(successful or self.hangups), None)

    @property
    def times(self) -> Times:
        """When the leg was dialled, answered and ended, by its events."""
        answers = [event.at for event in self.events if event.kind is _ANSWER]
        return Times(
            self.dials[0].at if self.dials else None,
            answers[0] if answers else None,
            self.hangup.at if self.hangup else None,
            self.duration(self.hangup),
        )

    def duration(self, hangup: Event | None) -> timedelta | None:
        """Return the Duration of `hangup`: microseconds, unless only the unit of EventTime fits the other events."""
        if hangup is None or not hangup.duration_in_clock_unit or not self.others:
            return hangup.duration if hangup else None
        first, last = self.others[0].at, self.others[-1].at
        if hangup.duration is not None and first <= hangup.at - hangup.duration <= last:
            return hangup.duration
        fits = hangup.at - hangup.duration_in_clock_unit >= first - _SECOND
        return hangup.duration_in_clock_unit if fits else hangup.duration

    def began(self, times: Times) -> datetime:
        """Return the earliest time that the events prove, for a leg with these `times`."""
        if times.dialled:
            return times.dialled
        ends = [event.at - (self.duration(event) or timedelta(0)) for event in self.hangups]
        return min([*ends, *([times.answered] if times.answered else []), *self._other_dials])

    @property
    def _other_dials(self) -> list[datetime]:
        return [event.at for event in self.events if event.kind in DIALS]


def _leg(part: _Part, anchor: str, options: Options) -> Leg:
    reported = part.times
    times = clocks.in_order(reported)
    device, hangup = part.by_weight[0].device, part.hangup
    answered, by_status = _pick_up(part, times, device, options)
    return Leg(
        id=part.events[0].leg_id,
        anchor=anchor,
        device=device,
        incoming=part.incoming,
        began=part.began(times),
        dialled=times.dialled,
        answered=answered,
        by_status=by_status,
        ended=times.ended,
        status=hangup.status if hangup else "",
        bridged=_bridged(part.hangups),
        callback=part.first("callback"),
        recording=_first(part.hangups, "recording"),
        external_only=part.any("external_only"),
        internal_transfer=any(event.transferred and event.between_extensions for event in part.events),
        moments=tuple({event.at for event in part.events}),
        mended=clocks.mended(reported, times),
        **_parties(part, options),
    )


def _parties(part: _Part, options: Options) -> dict[str, Any]:
    """Return the fields of a leg that name its parties."""
    extension = part.by_weight[0].extension
    caller, remote, called, did = (part.first(name) for name in ("caller", "remote", "called", "did"))
    a, b = (remote or caller, extension) if part.incoming else (extension, called)
    return {
        "extension": extension,
        "a": a,
        "a_name": part.first("caller_name"),
        "a_outer": part.incoming and _is_outer_caller(part, a),
        "b": b,
        "b_outer": not part.incoming and is_outside(b) and not part.first("called_extension"),
        "called": called,
        "did": did,
        "caller": caller,
        "remote": remote,
        "feature": None if part.incoming else options.feature(called),
        "replacing": part.any("transferred") or (part.incoming and remote not in {"", caller}),
    }


def _is_outer_caller(part: _Part, a: str) -> bool:
    has_extension = bool(part.first("caller_extension")) and a == part.first("caller")
    return is_outside(a) and not has_extension


def _first(events: Iterable[Event], name: str) -> str:
    for event in events:
        value: str = getattr(event, name)
        if value:
            return value
    return ""


def _is_incoming(events: Sequence[Event]) -> bool:
    kinds = {event.kind for event in events}
    if kinds & DIALS:
        return _DIAL_IN in kinds
    flow = _first(events, "flow")
    if flow in {"in", "out"}:
        return flow == "in"
    return events[0].caller != events[0].extension


def _pick_up(part: _Part, times: Times, device: str, options: Options) -> tuple[datetime | None, bool]:
    """Return when a phone was picked up, and whether the status of its hangup alone tells that.

    A hangup with an unsuccessful status outweighs the answer: such a leg was not a conversation.
    """
    status = part.hangup.status if part.hangup else ""
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


def _bridged(hangups: Sequence[Event]) -> bool | None:
    reported = {event.bridged for event in hangups} - {None}
    return True in reported if reported else None
