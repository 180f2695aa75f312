"""`tst_getuserstate` and `tst_getintnumberreadyusers`: who is free now."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from chalicelib.edge import Answer
from chalicelib.oktell import answers, people
from chalicelib.oktell.asked import Asked, Command
from chalicelib.oktell.states import NAMES, State, state

#: A user who rings or is kept for a call can take no other.
_BUSY = {State.BUSY, State.RESERVED}


def user_state(asked: Asked) -> Answer:
    """The state of one user, by their GUID or by any of their names."""
    person = people.named(asked.database, asked.needed("iduser", "number", *people.SELECTORS))
    now = state(person.facts)
    simple = ({"key": "id", "value": person.user.id}, {"key": "state", "value": str(int(now)), "name": NAMES[now]})
    return answers.mapped("userstate", {"name": "user", "id": person.user.id}, simple)


def ready_users(asked: Asked) -> Answer:
    """How many of those whom an internal number reaches are free and busy, and the numbers of the free ones."""
    number = asked.needed("number")
    found = people.behind(asked.database, number)
    states = [state(person.facts) for person in found]
    ready = [person.user for person, now in zip(found, states, strict=True) if now is State.READY]
    busy = sum(now in _BUSY for now in states)
    group = Element("group", name=number, ready=str(len(ready)), busy=str(busy))
    for user in ready:
        SubElement(group, "element", name=user.number or user.extension)
    return answers.xml(group, "utf-8")


COMMANDS: dict[str, Command] = {"tst_getuserstate": user_state, "tst_getintnumberreadyusers": ready_users}
