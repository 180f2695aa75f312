"""`tst_getuserstate` and `tst_getintnumberreadyusers`: the state of a user, and the free users of a number."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from chalicelib.edge import Answer
from chalicelib.oktell import answers, command_parameters, people
from chalicelib.oktell.request import Command, CommandRequest
from chalicelib.oktell.states import NAMES, State, state

#: A user whose phone rings, or who is reserved for a call, cannot take another one.
_BUSY = {State.BUSY, State.RESERVED}


def user_state(request: CommandRequest) -> Answer:
    """Return the state of one user, by GUID or by any other name. Raise NotFound and InvalidParameter."""
    person = people.find(request.database, command_parameters.UserParameters.of(request).iduser)
    now = state(person.facts)
    simple = ({"key": "id", "value": person.user.id}, {"key": "state", "value": str(int(now)), "name": NAMES[now]})
    return answers.mapped("userstate", {"name": "user", "id": person.user.id}, simple)


def ready_users(request: CommandRequest) -> Answer:
    """Return how many of the users behind an internal number are free and busy, and the numbers of the free ones."""
    number = command_parameters.NumberParameters.of(request).number
    reached = people.reached_by(request.database, number)
    states = [state(person.facts) for person in reached]
    ready = [person.user for person, now in zip(reached, states, strict=True) if now is State.READY]
    busy = sum(now in _BUSY for now in states)
    group = Element("group", name=number, ready=str(len(ready)), busy=str(busy))
    for user in ready:
        SubElement(group, "element", name=user.number or user.extension)
    return answers.xml(group, "utf-8")


COMMANDS: dict[str, Command] = {"tst_getuserstate": user_state, "tst_getintnumberreadyusers": ready_users}
