"""A Telphin call as a whole: its legs, who answered, and under which record each leg is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from chalicelib.calls import records
from chalicelib.calls.causes import UNSUCCESSFUL
from chalicelib.calls.events import CallKey, Event, Kind
from chalicelib.calls.numbers import is_internal
from chalicelib.calls.options import Feature, Options
from chalicelib.calls.telphin import talks
from chalicelib.calls.telphin.legs import Leg, legs
from chalicelib.calls.telphin.transfers import Party, outside_party, with_remaining_party

# Looking up an enumeration's member takes longer than comparing with it.
_CLOSED = Kind.CLOSED


class Call(NamedTuple):
    """One call: when it began, the last time that is known of it, and its legs in order.

    `phones` are conversations and forks; the calling ends of internal conversations are in `doubles` instead, each
    with the leg of the called end. `answered` are the phones that were picked up, in the order of their pick-ups.
    `is_inbound` says that an IVR, a queue or a phone was called. `bridged` is what IVRs and queues report of a person
    having taken the call. `did` is the public number that was called.
    """

    key: CallKey
    invited: datetime
    last: datetime
    closed: bool
    phones: tuple[Leg, ...]
    machines: tuple[Leg, ...]  # IVRs and queues
    services: tuple[Leg, ...]
    orders: tuple[Leg, ...]
    doubles: Mapping[tuple[str, str], tuple[Leg, Leg]]
    notes: Mapping[str, str]
    answered: tuple[Leg, ...]
    is_inbound: bool
    bridged: bool | None
    did: str
    outside: Party

    @property
    def id(self) -> str:
        """The inviteid of the call as a whole."""
        return records.call_id(self.key)

    @property
    def calling_ends(self) -> Iterator[Leg]:
        """The legs of extensions that called others of the same PBX, whose called ends stand for both."""
        return (leg for leg, _called in self.doubles.values())

    def leg_id(self, leg: Leg) -> str:
        """Return the inviteid of a leg's own record."""
        return records.leg_id(self.key, leg.id, leg.anchor)

    def home(self, leg: Leg) -> str:
        """Return the inviteid of the record that `leg` belongs to.

        It is its own if it was answered; else that of the first leg answered after it rang, else of the last one
        answered. In an unanswered call an outgoing leg has its own, and a leg that rang belongs to the missed call.
        """
        if leg.answered and leg.is_phone:
            return self.leg_id(leg)
        answered = self.answered
        if answered:
            later = (other for other in answered if (other.answered or other.began) >= leg.since)
            return self.leg_id(next(later, answered[-1]))
        return self.id if self.is_inbound else self.leg_id(leg)

    def called_number(self, leg: Leg) -> str:
        """Return the number that was dialled to reach `leg`: the public one if the call came from outside."""
        if not leg.incoming:
            return leg.called
        return leg.did or (self.did if leg.a_outer else "") or leg.called


def assemble(key: CallKey, events: Sequence[Event], options: Options) -> Call | None:
    """Return the call of `events` (each once, in order); None if it has no legs, or none that its owner wants."""
    counted = [leg for leg in legs(events, options) if _is_counted(leg)]
    if not counted:
        return None
    machines = tuple([leg for leg in counted if not leg.is_phone])
    phones = talks.by_role([leg for leg in counted if leg.is_phone], machines)
    outside = outside_party((*machines, *phones.talking, *phones.orders))
    phones = with_remaining_party(phones, outside)
    return Call(
        key=key,
        invited=min(map(attrgetter("began"), counted)),
        last=_last(events, counted),
        closed=any(event.kind is _CLOSED for event in events),
        phones=phones.talking,
        machines=machines,
        services=phones.services,
        orders=phones.orders,
        doubles=phones.doubles,
        notes=_notes(events, counted, phones),
        answered=_answered(phones.talking),
        is_inbound=any(map(attrgetter("incoming"), (*machines, *phones.talking))),
        bridged=_bridged(machines, phones),
        did=_did(counted),
        outside=outside,
    )


def _is_counted(leg: Leg) -> bool:
    """Leave out internal calls of an integration that wants calls with the outside only."""
    if not leg.external_only:
        return True
    return not (leg.internal_transfer or (is_internal(leg.a) and is_internal(leg.b)))


def _last(events: Iterable[Event], counted: Iterable[Leg]) -> datetime:
    """Return the last time that the call is known to go on."""
    reported = [event.at for event in events if event.kind is not _CLOSED]
    return max([*reported, *(leg.ended for leg in counted if leg.ended)])


def _answered(phones: Iterable[Leg]) -> tuple[Leg, ...]:
    return tuple(sorted([leg for leg in phones if leg.answered], key=talks.pick_up_order))


def _did(counted: Iterable[Leg]) -> str:
    return next((leg.did for leg in counted if leg.did), "")


def _bridged(machines: Sequence[Leg], phones: talks.Phones) -> bool | None:
    """Return what the machines report together: one yes outweighs any no.

    A queue's own calls to its agents end while the caller still waits, so their no is not the caller's.
    """
    if any(leg.bridged for leg in machines):
        return not _is_refuted(machines, phones)
    called = [leg for leg in machines if leg.incoming] or machines
    return False if any(leg.bridged is False for leg in called) else None


def _is_refuted(machines: Sequence[Leg], phones: talks.Phones) -> bool:
    """Tell whether a Bridged=yes means no person: each phone that rang reports that it was not answered.

    Then the machines end unsuccessfully, or it was a mailbox that answered.
    """
    rung = [leg for leg in phones.talking if leg.incoming]
    if not rung or not all(leg.failed for leg in rung):
        return False
    mailboxes = [leg for leg in phones.services if leg.feature is Feature.VOICEMAIL]
    return any(leg.answered for leg in mailboxes) or _end_unsuccessfully(machines)


def _end_unsuccessfully(machines: Sequence[Leg]) -> bool:
    return all(leg.status in UNSUCCESSFUL for leg in machines if leg.bridged)


def _notes(events: Iterable[Event], counted: Iterable[Leg], phones: talks.Phones) -> dict[str, str]:
    """Return what has no column: the events' own notes, and what the rules decided."""
    reported = {name: text for event in events for name, text in event.notes}
    if any(leg.callback or leg.mended or leg.feature for leg in counted):
        return reported | _decisions(counted, phones)
    return reported


def _decisions(counted: Iterable[Leg], phones: talks.Phones) -> dict[str, str]:
    legs = (*phones.services, *phones.orders, *phones.talking)
    features = [leg for leg in legs if leg.feature]
    decisions = {
        "callback": sorted({leg.callback for leg in counted} - {""})[:1],
        "clocks": [f"{leg.id}: {text}" for leg in counted for text in leg.mended],
        "order": [leg.extension for leg in filter(talks.is_order, legs)],
        "features": [f"{leg.extension} dialled {leg.called} ({leg.feature})" for leg in features],
    }
    return {name: "; ".join(texts) for name, texts in decisions.items() if texts}
