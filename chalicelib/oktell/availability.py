"""`tst_getuserstate` and `tst_getintnumberreadyusers`: the users that are free now."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from chalicelib.edge import Answer
from chalicelib.oktell import answers, people
from chalicelib.oktell.asked import Asked, Command
from chalicelib.oktell.states import NAMES, State, state

#: A ringing or reserved user cannot take another call.
_BUSY = {State.BUSY, State.RESERVED}


def user_state(asked: Asked) -> Answer:
    """Return the state of one user, found by GUID or by any other name. Raise Wrong and Unknown."""
    person = people.named(asked.database, asked.required("iduser", "number", *people.SELECTORS))
    now = state(person.facts)
    simple = ({"key": "id", "value": person.user.id}, {"key": "state", "value": str(int(now)), "name": NAMES[now]})
    return answers.mapped("userstate", {"name": "user", "id": person.user.id}, simple)


def ready_users(asked: Asked) -> Answer:
    """Return how many users behind an internal number are free and busy, and the numbers of the free ones."""
    number = asked.required("number")
    members = people.behind(asked.database, number)
    states = [state(person.facts) for person in members]
    ready = [person.user for person, now in zip(members, states, strict=True) if now is State.READY]
    busy = sum(now in _BUSY for now in states)
    group = Element("group", name=number, ready=str(len(ready)), busy=str(busy))
    for user in ready:
        SubElement(group, "element", name=user.number or user.extension)
    return answers.xml(group, "utf-8")


COMMANDS: dict[str, Command] = {"tst_getuserstate": user_state, "tst_getintnumberreadyusers": ready_users}
