"""Call control: checks `wp_autocallstart` and the other commands, and passes them to a connector."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from chalicelib.edge import Answer
from chalicelib.oktell import answers, command_parameters, connectors, people
from chalicelib.oktell.connectors.orders import Order, OrderResult
from chalicelib.oktell.people import Person
from chalicelib.oktell.request import Command, CommandRequest

#: An agent program must not start an order that is older: the client no longer waits for it.
EXPIRES_SECONDS = 30

_STARTED = """
INSERT INTO ledger.started_calls (id, integration, user_id, number, connector, call_id, handle)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_STARTING = ("wp_autocallstart", "wp_switchcall")


def begin(request: CommandRequest) -> Answer:
    """Call a number for the line, or transfer the line's call to it. Raise InvalidParameter and NotFound."""
    return _ordered(request, _call(request))


def end(request: CommandRequest) -> Answer:
    """Stop the automatic call of the line, or decline its ringing call. Raise InvalidParameter and NotFound."""
    return _ordered(request, {})


def flash(request: CommandRequest) -> Answer:
    """Put the other end on hold, or return to it with `mode=abort`. Raise InvalidParameter and NotFound."""
    mode = command_parameters.FlashParameters.of(request).mode
    return _ordered(request, {"mode": mode} if mode else {})


def order(request: CommandRequest, person: Person, parameters: Mapping[str, str]) -> Order:
    """Return the order that a connector carries out."""
    now = datetime.now(UTC).replace(tzinfo=None)
    expires = now + timedelta(seconds=EXPIRES_SECONDS)
    return Order(str(uuid4()), request.command, person, request.integration, now, expires, parameters)


def _ordered(request: CommandRequest, parameters: Mapping[str, str]) -> Answer:
    new_order = order(request, people.selected(request), parameters)
    connector, result = connectors.carry_out(new_order, request.settings, request.database)
    request.notes.update(order=new_order.id, connector=connector)
    if request.command in _STARTING:
        _save_started(request, new_order, connector, result)
    return answers.plain(result.body)


def _call(request: CommandRequest) -> dict[str, str]:
    wanted = command_parameters.CallParameters.of(request)
    direction = wanted.direction or _direction(request, wanted.number)
    return {"number": wanted.number, "direction": direction, "sequence": wanted.sequence}


def _direction(request: CommandRequest, number: str) -> str:
    """Return `pbx` for a number in the directory, else `city`. Oktell has the same default."""
    users = people.reached_by(request.database, number) or people.users_by_number(request.database, [number])
    return "pbx" if users else "city"


def _save_started(request: CommandRequest, started: Order, connector: str, result: OrderResult) -> None:
    call = [started.id, request.integration, started.person.user.id, started.parameters["number"], connector]
    request.database.execute(_STARTED, [*call, result.call_id, result.handle])


COMMANDS: dict[str, Command] = {
    "wp_autocallstart": begin,
    "wp_switchcall": begin,
    "wp_autocallstop": end,
    "wp_declinecall": end,
    "wp_flash": flash,
}
