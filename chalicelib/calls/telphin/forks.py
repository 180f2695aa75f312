"""The attempts at side B of a Telphin call: each phone leg is a fork of exactly one record."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from chalicelib.calls.causes import ANSWER, by_status
from chalicelib.calls.clocks import ascending
from chalicelib.calls.records import Row, filled, part_id
from chalicelib.calls.telphin.answered import answering_machine
from chalicelib.calls.telphin.call import Call
from chalicelib.calls.telphin.legs import Leg


def forks(call: Call, written: Collection[str]) -> Iterator[Row]:
    """Return the forks of the records in `written` (inviteids of successes and cancelled calls)."""
    for leg in call.phones:
        home = call.home(leg)
        if home in written:
            yield _fork(call, leg, home)
    if call.bridged and not call.answered and call.id in written:
        yield _machine_fork(call)


def _fork(call: Call, leg: Leg, home: str) -> Row:
    begin = min(leg.since, leg.answered) if leg.answered else leg.since
    invited, started, answered = ascending(call.invited, begin, leg.answered or begin)
    rang = _rang(leg)
    return filled(
        inviteid=home,
        invitedt=invited,
        busername=leg.b,
        bouter=leg.b_outer,
        bprovidercode=call.key.provider if leg.b_outer else "",
        ispreanswered=rang,
        isanswered=leg.answered is not None,
        forkstart_dt=started,
        forkpreansw_dt=started if rang and leg.dialled else None,
        forkansw_dt=answered if leg.answered else None,
        sipcode=_sip_code(leg),
        reason=leg.status,
        eventid=part_id(call.key, "fork", *filter(None, leg.key)),
    )


def _rang(leg: Leg) -> bool | None:
    """Tell whether the phone rang, which is a provisional answer (18x); None where no event proves it.

    A phone that Telphin calls rings at once, unless its hangup says that it could not be reached. A busy one can have
    rung before it was declined. Nothing is known of phones outside of the PBX.
    """
    if not leg.incoming or leg.status == "BUSY":
        return None
    return by_status(leg.status).reached


def _sip_code(leg: Leg) -> int | None:
    """Return 200 for the fork that answered; a phone that lost the call has none, whatever its status says."""
    if leg.answered:
        return 200
    return None if leg.status == ANSWER else by_status(leg.status).sip


def _machine_fork(call: Call) -> Row:
    """Return the fork of a queue or an IVR, which stands for the unknown person who took the call."""
    machine = answering_machine(call)
    invited, began = ascending(call.invited, machine.began)
    return filled(
        inviteid=call.id,
        invitedt=invited,
        busername=machine.extension,
        bouter=False,
        isanswered=True,
        forkstart_dt=began,
        forkansw_dt=began,
        sipcode=200,
        reason=machine.status,
        eventid=part_id(call.key, "fork", machine.id),
    )
