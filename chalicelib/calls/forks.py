"""The attempts at side B of a Telphin call: each phone leg is a fork of exactly one record."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from chalicelib.calls.answered import answering_machine
from chalicelib.calls.causes import by_status
from chalicelib.calls.legs import Leg
from chalicelib.calls.pbx import Call
from chalicelib.calls.records import Row, filled, part_id


def forks(call: Call, written: Collection[str]) -> Iterator[Row]:
    """The forks of those records that are `written` (inviteids of successes and cancelled calls)."""
    for leg in call.phones:
        home = call.home(leg)
        if home in written:
            yield _fork(call, leg, home)
    if call.bridged and not call.answered and call.id in written:
        yield _machine(call)


def _fork(call: Call, leg: Leg, home: str) -> Row:
    ending = by_status(leg.status)
    return filled(
        inviteid=home,
        invitedt=call.invited,
        busername=leg.b,
        bouter=leg.b_outer,
        bprovidercode=call.key.provider if leg.b_outer else "",
        isanswered=leg.answered is not None,
        forkstart_dt=leg.since,
        forkansw_dt=leg.answered,
        sipcode=200 if leg.answered else ending.sip,
        reason=leg.status,
        eventid=part_id(call.key, "fork", leg.id),
    )


def _machine(call: Call) -> Row:
    """Somebody took the call and no event says who: the queue or IVR stands for them."""
    machine = answering_machine(call)
    return filled(
        inviteid=call.id,
        invitedt=min(call.invited, machine.began),
        busername=machine.extension,
        bouter=False,
        isanswered=True,
        forkstart_dt=machine.began,
        forkansw_dt=machine.began,
        sipcode=200,
        reason=machine.status,
        eventid=part_id(call.key, "fork", machine.id),
    )
