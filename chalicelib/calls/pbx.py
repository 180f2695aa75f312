"""A Telphin call as a whole: its legs, who answered, and under which record each leg is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.calls import records
from chalicelib.calls.events import CallKey, Event, Kind
from chalicelib.calls.legs import Leg, legs
from chalicelib.calls.numbers import is_internal
from chalicelib.calls.records import Options

# Asking an enumeration for its member takes longer than comparing with it.
_CLOSED = Kind.CLOSED


class Call(NamedTuple):
    """One call: when it began, the last that is known of it, and its legs in order.

    `doubles` are the calling ends of internal conversations, each with the leg of the called end that stands for both:
    they are not among `phones`. `answered` are the phones that were picked up, in the order of their pick-ups.
    `is_inbound` tells whether anything was called: an IVR, a queue or a phone. `bridged` is what the IVRs and queues
    say of a person having taken the call.
    """

    key: CallKey
    invited: datetime
    last: datetime
    closed: bool
    phones: tuple[Leg, ...]
    machines: tuple[Leg, ...]  # IVRs and queues
    doubles: Mapping[str, tuple[Leg, Leg]]
    notes: Mapping[str, str]
    answered: tuple[Leg, ...]
    is_inbound: bool
    bridged: bool | None

    @property
    def id(self) -> str:
        """The inviteid of the call as a whole."""
        return records.call_id(self.key)

    def leg_id(self, leg: Leg) -> str:
        """The inviteid of one leg's own record."""
        return records.leg_id(self.key, leg.id)

    def home(self, leg: Leg) -> str:
        """The record that `leg` belongs to.

        Its own if it was answered; else that of the first leg answered after it rang, else of the last one answered;
        when nobody answered, an outgoing leg has its own, and what rang belongs to the missed call.
        """
        if leg.answered and leg.is_phone:
            return self.leg_id(leg)
        answered = self.answered
        if answered:
            later = (other for other in answered if _pick_up(other)[0] >= leg.since)
            return self.leg_id(next(later, answered[-1]))
        return self.id if self.is_inbound else self.leg_id(leg)


def assemble(key: CallKey, events: Sequence[Event], options: Options) -> Call | None:
    """The call that `events` (each once, in order) tell of; None when they tell of none that is wanted."""
    wanted = [leg for leg in legs(events, options) if _is_wanted(leg)]
    if not wanted:
        return None
    doubles = _doubles(wanted)
    phones = tuple([leg for leg in wanted if leg.is_phone and leg.id not in doubles])
    machines = tuple([leg for leg in wanted if not leg.is_phone])
    told = [event.at for event in events if event.kind is not _CLOSED]
    return Call(
        key=key,
        invited=_invited(wanted),
        last=max(told),
        closed=len(told) < len(events),
        phones=phones,
        machines=machines,
        doubles=doubles,
        notes=_notes(events),
        answered=tuple(sorted([leg for leg in phones if leg.answered], key=_pick_up)),
        is_inbound=any(leg.incoming for leg in (*machines, *phones)),
        bridged=_bridged(machines),
    )


def _bridged(machines: Sequence[Leg]) -> bool | None:
    """One yes outweighs any no.

    A queue's own calls to its agents end while the caller still waits, so that their no is not the caller's.
    """
    if any(leg.bridged for leg in machines):
        return True
    called = [leg for leg in machines if leg.incoming] or machines
    return False if any(leg.bridged is False for leg in called) else None


def _is_wanted(leg: Leg) -> bool:
    """Integrations may want calls with the outside only."""
    if not leg.external_only:
        return True
    return not (leg.internal_transfer or (is_internal(leg.a) and is_internal(leg.b)))


def _invited(wanted: Iterable[Leg]) -> datetime:
    """When the call began: its first event, else (all of it was hung up unheard) as long before as the hangups say."""
    told = [leg.heard for leg in wanted if leg.heard] or [leg.began for leg in wanted]
    return min([*told, *(leg.answered for leg in wanted if leg.answered)])


def _doubles(wanted: Iterable[Leg]) -> dict[str, tuple[Leg, Leg]]:
    """The legs of extensions that called others of the same PBX, where the called end is known too."""
    found = {}
    called = [leg for leg in wanted if leg.incoming]
    for leg in wanted:
        if leg.is_phone and not leg.incoming and not leg.b_outer:
            ends = [end for end in called if _are_ends(leg, end)]
            if ends:
                found[leg.id] = (leg, min(ends, key=lambda end: (end.answered is None, end.order)))
    return found


def _are_ends(leg: Leg, end: Leg) -> bool:
    """Whether `leg` called and `end` was called in one conversation.

    The number that was dialled may be a group's or a queue's, so that the caller decides, and not the number. A call
    that was picked up is not given up for one that was not.
    """
    same = leg.extension in {end.a, end.caller} and leg.extension != end.extension
    return same and (leg.answered is None or end.answered is not None)


def _pick_up(leg: Leg) -> tuple[datetime, str]:
    return (leg.answered or leg.began, leg.id)


def _notes(events: Iterable[Event]) -> dict[str, str]:
    notes = {name: text for event in events for name, text in event.notes}
    callback = min((event.callback for event in events if event.callback), default="")
    return notes | ({"callback": callback} if callback else {})
