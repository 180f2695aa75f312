"""`wp_setuserstate`: changes a user's state and modes, records the change for reports, and sends it to the PBX."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from chalicelib import metrics
from chalicelib.calls.presence import AGENTS
from chalicelib.calls.records import Row
from chalicelib.edge import Answer
from chalicelib.errors import RingledgerError, Unavailable
from chalicelib.ledger import history
from chalicelib.oktell import answers, command_parameters, connectors, control, people, state_orders
from chalicelib.oktell.people import Person
from chalicelib.oktell.refusals import NotConnected
from chalicelib.oktell.request import Command, CommandRequest
from chalicelib.oktell.state_orders import AcceptedChange
from chalicelib.oktell.states import STATUSES, Modes, State, StateChange, changed, last_state

#: A request begins to send further changes of its user within this time.
SENDING_SECONDS = 12

# Another change of the same user waits here, and then sees the result of this one.
_LOCK = "SELECT FROM ledger.users WHERE id = %s FOR UPDATE"
_SWITCH = """
UPDATE ledger.users SET on_call_center = %s, on_redirect = %s, on_lunch = %s, lunch_reason_id = %s,
    lunch_reason_message = %s
WHERE id = %s
"""
_TRANSITION = """
INSERT INTO sipuserevents.sipuser_transtate_set (login, state, strategy, xinfo, eventts)
VALUES (%s, %s, 'manual', %s, %s)
"""
# A field of StateChange -> its parameter.
_FLAGS = {"call_center": "oncallcenter", "redirect": "onredirect", "lunch": "onlunch"}
#: The states of a subscriber to whom a queue may give calls, and to whom it may not.
_OPEN, _BLOCKED = "registered", "huntblock"


class _Reason(NamedTuple):
    """The reason of a break: a number of the site's own list, or a text."""

    id: str
    message: str


def set_state(request: CommandRequest) -> Answer:
    """Change the user's state and modes as far as Oktell's rules allow. Ignore invalid values.

    As in Oktell, the answer is 200 for every user who exists. Raise NotFound and InvalidParameter for another user.
    """
    wanted = command_parameters.StateParameters.of(request)
    change = StateChange(wanted.userstateid, **{mode: getattr(wanted, name) for mode, name in _FLAGS.items()})
    reason = _Reason(wanted.lunchreasonid, wanted.lunchreasonmsg)
    person = people.find(request.database, wanted.line)
    if _saved(request, person, change, reason):
        # After the transaction: a slow PBX must not make the next change of the user wait.
        until = time.monotonic() + SENDING_SECONDS
        state_orders.send_all(
            request.database,
            person.user.id,
            lambda accepted: _send_to_pbx(request, person, accepted),
            lambda: until - time.monotonic(),
        )
    return answers.plain("")


def _saved(request: CommandRequest, person: Person, change: StateChange, reason: _Reason) -> bool:
    """Save what is possible of the change, and return True if it changes anything."""
    with request.database.transaction():
        request.database.execute(_LOCK, [person.user.id])
        current = people.find(request.database, person.user.id)
        modes, state = changed(current.facts, change)
        if state is None and modes == current.facts.modes and not (modes.lunch and change.lunch):
            return False
        _write(request, current, (modes, state), reason)
        state_orders.add(request.database, person.user.id, request.integration, _valid_parameters(change, reason))
    request.notes.update(state=state and int(state), modes=[name for name, on in vars(modes).items() if on])
    return True


def _write(request: CommandRequest, person: Person, after: tuple[Modes, State | None], reason: _Reason) -> None:
    modes, state = after
    now = datetime.now(UTC).replace(tzinfo=None)
    user, why = person.user, reason if modes.lunch or state is State.LUNCH else _Reason("", "")
    request.database.execute(_SWITCH, [modes.call_center, modes.redirect, modes.lunch, *why, user.id])
    open_state = _OPEN if _takes_calls(modes, last_state(person.facts) if state is None else state) else _BLOCKED
    request.database.execute(_TRANSITION, [user.extension or user.login, open_state, _content(modes, why), now])
    if state is not None:
        row: Row = {"user_id": user.agent, "state": STATUSES[state], "changed_by": request.integration, "eventts": now}
        history.write(request.database, {AGENTS: [row]})


def _takes_calls(modes: Modes, state: State) -> bool:
    return state is State.READY and not (modes.lunch or modes.redirect)


def _content(modes: Modes, why: _Reason) -> str:
    """Return the modes and the reason of a break as the JSON of a transition."""
    flags = {name: getattr(modes, mode) for mode, name in _FLAGS.items()}
    return json.dumps(flags | {name: text for name, text in _reasons(why).items() if text}, ensure_ascii=False)


def _reasons(why: _Reason) -> dict[str, str]:
    return {"lunchreasonid": why.id, "lunchreasonmsg": why.message}


def _valid_parameters(change: StateChange, reason: _Reason) -> dict[str, str]:
    """Return the parameters of the command that are valid."""
    values = {"userstateid": change.state} | {name: getattr(change, mode) for mode, name in _FLAGS.items()}
    parameters = {name: str(int(value)) for name, value in values.items() if value is not None}
    return parameters | {name: text for name, text in _reasons(reason).items() if text}


def _send_to_pbx(request: CommandRequest, person: Person, accepted: AcceptedChange) -> None:
    """Send a change, which another request may have saved."""
    try:
        if accepted.is_stale:
            raise Unavailable("the change waited too long for the changes before it")
        order = replace(control.order(request, person, accepted.parameters), integration=accepted.integration)
        connectors.carry_out(order, request.settings, request.database)
    except RingledgerError as fault:
        # The directory keeps the change even if no connector controls this PBX, the PBX refuses it or is away.
        request.notes["not_handed_over"] = fault.message
        if not isinstance(fault, NotConnected):
            metrics.publish("oktell", {"states_not_sent": 1})


COMMANDS: dict[str, Command] = {"wp_setuserstate": set_state}
