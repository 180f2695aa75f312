"""Writes the rows of one call: its record, routes, forks and holds."""

from __future__ import annotations

from dataclasses import dataclass

from infra.demonstration.centre import DAY, DOMAIN, RECORDS_KEPT_DAYS, Centre, Speaker
from infra.demonstration.row_sender import Value
from infra.demonstration.webhooks import sounds

BYE_A = '<<"Bye from side a">>'
BYE_B = '<<"Bye from side b">>'

KEEP_LONG = "5d8f1c2e-0a51-4e0e-9d53-1f6a7f0c0001"
RECORD_ALL = "5d8f1c2e-0a51-4e0e-9d53-1f6a7f0c0003"

# The end of an unanswered call: SIP code, the call's reason, the forks' reason.
Ending = tuple[int, str, str]
BUSY: Ending = (486, '<<"Busy here">>', "Busy Here")
CANCELLED: Ending = (487, '<<"Cancel from side a">>', "Request Terminated")
NO_ANSWER: Ending = (480, '<<"No answer">>', "Temporarily Unavailable")


@dataclass(frozen=True)
class StagedCall:
    """The facts that all rows of a call share; times here and below are seconds since the period's start."""

    id: str
    invited: int
    a: Speaker
    called: str
    esgdlg: str | None = None


@dataclass(frozen=True)
class Dial:
    """The dialling of side B: the person, the start, the devices, and whether a transfer caused it."""

    b: Speaker
    at: int
    devices: tuple[str, ...]
    replacing: bool = False


@dataclass(frozen=True)
class Conversation:
    """The talk of a call: its start, end, reason and labels."""

    started: int
    stopped: int
    reason: str
    labels: str | None = None


def success(centre: Centre, call: StagedCall, dial: Dial, talk: Conversation) -> None:
    """Write an answered call."""
    centre.rows.add(
        "calls",
        "success",
        inviteid=call.id,
        invitedt=centre.clock(call.invited),
        acallid=call.esgdlg or centre.call_id(call.a.address),
        bcallid=centre.call_id(dial.b.address),
        acallednum=call.called,
        **_side("a", call.a),
        arepresentative=call.a.representative,
        **_side("b", dial.b),
        dial_dt=centre.clock(dial.at),
        start_dt=centre.clock(talk.started),
        stop_dt=centre.clock(talk.stopped),
        dial_duration=talk.started - dial.at,
        duration=talk.stopped - talk.started,
        stopreason=talk.reason,
        **_recording(centre, call, dial, talk),
        dlgbinding=talk.labels,
        esgdlg=call.esgdlg,
        isreplacing=dial.replacing,
    )
    _answered_forks(centre, call, dial, talk)
    if talk.stopped - talk.started > 30 and centre.chance(0.12):
        _holds(centre, call, talk)


def cancelled(centre: Centre, call: StagedCall, dial: Dial, stopped: int, ending: Ending) -> None:
    """Write a call that rang at side B and was not answered."""
    code, reason, fork_reason = ending
    centre.rows.add(
        "calls",
        "cancelled",
        **_caller(centre, call),
        dial_dt=centre.clock(dial.at),
        stop_dt=centre.clock(stopped),
        stoptype=str(code),
        stopreason=reason,
    )
    # A busy device refuses without ringing.
    rang = None if ending is BUSY else min(dial.at + 1, stopped)
    for device in dial.devices:
        _fork(centre, call, dial, bnetworkaddr=device, sipcode=code, reason=fork_reason, **_ringing(centre, rang))


def failed(centre: Centre, call: StagedCall, code: int, reason: str) -> None:
    """Write a call that reached no device."""
    centre.rows.add("calls", "failed", **_caller(centre, call), sipcode=str(code), reason=reason)


def route(centre: Centre, call: StagedCall, at: int, action: str, **facts: Value) -> None:
    """Write a routing rule that applied to the call; the last one decides."""
    centre.rows.add(
        "calls",
        "routes",
        inviteid=call.id,
        invitedt=centre.clock(call.invited),
        event_dt=centre.clock(at),
        eventid=centre.uuid(),
        vectorcode="incoming" if call.a.outer else "internal",
        # A rule has the same identifier in every call.
        ruleid=f"0f2d7b1a-6c1e-4c7b-8a55-{sum(map(ord, action + str(facts.get('providercode')))):012d}",
        routeaction=action,
        routedomain=DOMAIN,
        **facts,
    )


def _side(side: str, party: Speaker) -> dict[str, Value]:
    return {
        f"{side}number": party.number,
        f"{side}username": party.username,
        f"{side}domain": party.domain,
        f"{side}displayname": party.display,
        f"{side}networkaddr": party.address,
        f"{side}outer": party.outer,
        f"{side}providercode": party.provider,
    }


def _caller(centre: Centre, call: StagedCall) -> dict[str, Value]:
    return {
        "inviteid": call.id,
        "invitedt": centre.clock(call.invited),
        "fromnumber": call.a.number,
        "fromusername": call.a.username,
        "fromdomain": call.a.domain,
        "fromouter": call.a.outer,
        "fromprovidercod": call.a.provider,
        "callednum": call.called,
        "networkaddr": call.a.address,
    }


def _recording(centre: Centre, call: StagedCall, dial: Dial, talk: Conversation) -> dict[str, Value]:
    outer = call.a.outer or dial.b.outer
    if not centre.chance(0.9 if outer else 0.3):
        return {"isrec": False}
    length = sounds.fitting(talk.stopped - talk.started)
    return {
        "isrec": True,
        "callrecpath": sounds.path(length),
        "callstoragecode": "main",
        "callrecsize": sounds.size(length),
        "recordruleid": RECORD_ALL,
        "storageruleid": KEEP_LONG,
        "recdomain": DOMAIN,
        "recexpirets": centre.clock(talk.stopped + RECORDS_KEPT_DAYS * DAY),
    }


def _answered_forks(centre: Centre, call: StagedCall, dial: Dial, talk: Conversation) -> None:
    ringing = _ringing(centre, min(dial.at + 1, talk.started))
    winner = centre.below(len(dial.devices))
    for index, device in enumerate(dial.devices):
        end: dict[str, Value] = {"sipcode": 487, "reason": "Call completed elsewhere"}
        if index == winner:
            end = {"sipcode": 200, "reason": "OK", "isanswered": True, "forkansw_dt": centre.clock(talk.started)}
        _fork(centre, call, dial, bnetworkaddr=device, **(ringing | end))


def _ringing(centre: Centre, rang: int | None) -> dict[str, Value]:
    preanswered = None if rang is None else centre.clock(rang)
    return {"ispreanswered": rang is not None, "isanswered": False, "forkpreansw_dt": preanswered}


def _fork(centre: Centre, call: StagedCall, dial: Dial, **facts: Value) -> None:
    centre.rows.add(
        "calls",
        "forks",
        inviteid=call.id,
        invitedt=centre.clock(call.invited),
        busername=dial.b.username,
        bdomain=dial.b.domain,
        bouter=dial.b.outer,
        bprovidercode=dial.b.provider,
        forkstart_dt=centre.clock(dial.at),
        eventid=centre.uuid(),
        **facts,
    )


def _holds(centre: Centre, call: StagedCall, talk: Conversation) -> None:
    # Each third of the talk has at most one hold, so that no two overlap.
    third = (talk.stopped - talk.started) // 3
    for part in range(1 + centre.below(2)):
        begun = talk.started + part * third + 1 + centre.below(third - 2)
        ended = begun + 1 + centre.below(talk.started + (part + 1) * third - begun)
        centre.rows.add(
            "calls",
            "holds",
            inviteid=call.id,
            invitedt=centre.clock(call.invited),
            side="b" if centre.chance(0.7) else "a",
            hold_dt=centre.clock(begun),
            unhold_dt=centre.clock(ended),
            eventid=centre.uuid(),
        )
