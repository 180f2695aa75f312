"""`wp_setuserstate`: change a user's state and modes, store the change for reports, and send it to the PBX."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import NamedTuple

from chalicelib.calls.presence import AGENTS
from chalicelib.calls.records import Row
from chalicelib.edge import Answer
from chalicelib.ledger import history
from chalicelib.oktell import answers, connectors, control, people
from chalicelib.oktell.asked import Asked, Command
from chalicelib.oktell.people import Person
from chalicelib.oktell.refusals import NotConnected, PartnerRefused
from chalicelib.oktell.states import WORDS, Modes, State, Wish, changed, last_set

LONGEST_REASON = 512
LONGEST_NUMBER = 18

# A concurrent change of the same user waits here, and then sees the result of this one.
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
# The fields of a wish, and the parameters that set them.
_FLAGS = {"call_center": "oncallcenter", "redirect": "onredirect", "lunch": "onlunch"}
#: The words for a phone that a queue may call, and for one that it may not call.
_OPEN, _BLOCKED = "registered", "huntblock"


class _Reason(NamedTuple):
    """The reason of a break: a number in the site's own list, or a text."""

    id: str
    message: str


def set_state(asked: Asked) -> Answer:
    """Apply the possible part of the requested changes. Answer 200 for every known user, as Oktell does.

    A value without a meaning changes nothing.
    """
    wish, reason = _wish(asked), _reason(asked)
    person = people.selected(asked)
    with asked.database.transaction():
        asked.database.execute(_LOCK, [person.user.id])
        person = people.named(asked.database, person.user.id)
        modes, state = changed(person.facts, wish)
        if state is not None or modes != person.facts.modes or (modes.lunch and wish.lunch):
            _write(asked, person, (modes, state), reason)
            _hand_over(asked, person, _meaningful(wish, reason))
            asked.notes.update(state=state and int(state), modes=[name for name, on in vars(modes).items() if on])
    return answers.plain("")


def _wish(asked: Asked) -> Wish:
    number = asked.text("userstateid")
    state = next((state for state in WORDS if number == str(int(state))), None)
    return Wish(state, **{mode: {"0": False, "1": True}.get(asked.text(name)) for mode, name in _FLAGS.items()})


def _reason(asked: Asked) -> _Reason:
    number = asked.text("lunchreasonid")[:LONGEST_NUMBER]
    known = number.isascii() and number.isdigit()
    return _Reason(number if known else "", asked.text("lunchreasonmsg")[:LONGEST_REASON])


def _write(asked: Asked, person: Person, after: tuple[Modes, State | None], reason: _Reason) -> None:
    modes, state = after
    now = datetime.now(UTC).replace(tzinfo=None)
    user, why = person.user, reason if modes.lunch or state is State.LUNCH else _Reason("", "")
    asked.database.execute(_SWITCH, [modes.call_center, modes.redirect, modes.lunch, *why, user.id])
    stored_modes = {"oncallcenter": modes.call_center, "onredirect": modes.redirect, "onlunch": modes.lunch}
    content = json.dumps(
        stored_modes | {name: text for name, text in _reasons(why).items() if text}, ensure_ascii=False
    )
    blocked = modes.lunch or modes.redirect or (last_set(person.facts) if state is None else state) is not State.READY
    asked.database.execute(_TRANSITION, [user.extension or user.login, _BLOCKED if blocked else _OPEN, content, now])
    if state is not None:
        row: Row = {"user_id": user.agent, "state": WORDS[state], "changed_by": asked.integration, "eventts": now}
        history.write(asked.database, {AGENTS: [row]})


def _reasons(why: _Reason) -> dict[str, str]:
    return {"lunchreasonid": why.id, "lunchreasonmsg": why.message}


def _meaningful(wish: Wish, reason: _Reason) -> dict[str, str]:
    """Return the parameters that have a meaning."""
    wished = {"userstateid": wish.state} | {name: getattr(wish, mode) for mode, name in _FLAGS.items()}
    changes = {name: str(int(value)) for name, value in wished.items() if value is not None}
    return changes | {name: text for name, text in _reasons(reason).items() if text}


def _hand_over(asked: Asked, person: Person, parameters: dict[str, str]) -> None:
    try:
        connectors.carry_out(control.order(asked, person, parameters), asked.settings, asked.database)
    except (NotConnected, PartnerRefused) as fault:
        # Ringledger's own state changes anyway: no connector controls this PBX, or the PBX refuses.
        asked.notes["not_handed_over"] = fault.message


COMMANDS: dict[str, Command] = {"wp_setuserstate": set_state}
