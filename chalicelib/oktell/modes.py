"""`wp_setuserstate`: a user's state and modes are changed, written where reports find them, and told to the PBX."""

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
from chalicelib.oktell.states import WORDS, Modes, State, Wish, changed, said

LONGEST_REASON = 512
LONGEST_NUMBER = 18

# Whoever changes the same user meanwhile waits here, and then sees what became of them.
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
# Of a wish, and the parameters that say them.
_FLAGS = {"call_center": "oncallcenter", "redirect": "onredirect", "lunch": "onlunch"}
#: The words of the state in which a queue may give calls to a subscriber, and of that in which it may not.
_OPEN, _BLOCKED = "registered", "huntblock"


class _Reason(NamedTuple):
    """Why somebody is in a break: a number of the site's own list, or words."""

    id: str
    message: str


def set_state(asked: Asked) -> Answer:
    """Change what is possible of what is wished; 200 in any case once the user is found, as Oktell answers.

    A value that means nothing wishes nothing.
    """
    wish, reason = _wish(asked), _reason(asked)
    person = people.selected(asked)
    with asked.database.transaction():
        asked.database.execute(_LOCK, [person.user.id])
        person = people.named(asked.database, person.user.id)
        modes, state = changed(person.facts, wish)
        if state is not None or modes != person.facts.modes or (modes.lunch and wish.lunch):
            _write(asked, person, (modes, state), reason)
            _hand_over(asked, person, _meant(wish, reason))
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
    told = {"oncallcenter": modes.call_center, "onredirect": modes.redirect, "onlunch": modes.lunch}
    content = json.dumps(told | {name: text for name, text in _reasons(why).items() if text}, ensure_ascii=False)
    blocked = modes.lunch or modes.redirect or (said(person.facts) if state is None else state) is not State.READY
    asked.database.execute(_TRANSITION, [user.extension or user.login, _BLOCKED if blocked else _OPEN, content, now])
    if state is not None:
        row: Row = {"user_id": user.agent, "state": WORDS[state], "changed_by": asked.integration, "eventts": now}
        history.write(asked.database, {AGENTS: [row]})


def _reasons(why: _Reason) -> dict[str, str]:
    return {"lunchreasonid": why.id, "lunchreasonmsg": why.message}


def _meant(wish: Wish, reason: _Reason) -> dict[str, str]:
    """The parameters again, as far as they mean something."""
    wished = {"userstateid": wish.state} | {name: getattr(wish, mode) for mode, name in _FLAGS.items()}
    told = {name: str(int(value)) for name, value in wished.items() if value is not None}
    return told | {name: text for name, text in _reasons(reason).items() if text}


def _hand_over(asked: Asked, person: Person, parameters: dict[str, str]) -> None:
    try:
        connectors.carry_out(control.order(asked, person, parameters), asked.settings, asked.database)
    except (NotConnected, PartnerRefused) as fault:
        # Ours is changed all the same: nothing controls this PBX, or it knows better.
        asked.notes["not_handed_over"] = fault.message


COMMANDS: dict[str, Command] = {"wp_setuserstate": set_state}
