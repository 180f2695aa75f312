"""Call control: `wp_autocallstart` and similar commands are checked here and executed by a connector."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from chalicelib.edge import Answer
from chalicelib.oktell import answers, connectors, people
from chalicelib.oktell.asked import SHOWN, Asked, Command
from chalicelib.oktell.connectors.orders import Done, Order
from chalicelib.oktell.people import Person
from chalicelib.oktell.refusals import Wrong

#: The seconds in which an agent beside the PBX may execute an order. The client waits no longer.
EXPIRES_SECONDS = 30

#: Digits with separators, and internal numbers such as 13596*106 or #999.
_NUMBER = re.compile(r"\+?[0-9*#][0-9*#() .-]{0,39}")
_STARTED = """
INSERT INTO ledger.started_calls (id, integration, user_id, number, connector, call_id, handle)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_STARTING = ("wp_autocallstart", "wp_switchcall")


def begin(asked: Asked) -> Answer:
    """Call a number from the line, or transfer the line's call to it."""
    return _ordered(asked, _call(asked))


def end(asked: Asked) -> Answer:
    """Stop the automatic call of the line, or decline its ringing call."""
    return _ordered(asked, {})


def flash(asked: Asked) -> Answer:
    """Put the other party on hold, or return to it with `mode=abort`."""
    mode = asked.choice("mode", ("abort",), "")
    return _ordered(asked, {"mode": mode} if mode else {})


def order(asked: Asked, person: Person, parameters: Mapping[str, str]) -> Order:
    """Return the command as an order for a connector."""
    now = datetime.now(UTC).replace(tzinfo=None)
    expires = now + timedelta(seconds=EXPIRES_SECONDS)
    return Order(str(uuid4()), asked.command, person, asked.integration, now, expires, parameters)


def _ordered(asked: Asked, parameters: Mapping[str, str]) -> Answer:
    made = order(asked, people.selected(asked), parameters)
    connector, done = connectors.carry_out(made, asked.settings, asked.database)
    asked.notes.update(order=made.id, connector=connector)
    if asked.command in _STARTING:
        _remember(asked, made, connector, done)
    return answers.plain(done.body)


def _call(asked: Asked) -> dict[str, str]:
    text = asked.required("number")
    if not _NUMBER.fullmatch(text):
        raise Wrong(f"number is one to dial, such as 538 or +79214567892, not {text[:SHOWN]!r}")
    number = re.sub(r"[() .-]", "", text)
    direction = asked.choice("direction", ("pbx", "city"), "") or _direction(asked, number)
    return {
        "number": number,
        "direction": direction,
        "sequence": asked.choice("sequence", ("direct", "back"), "direct"),
    }


def _direction(asked: Asked, number: str) -> str:
    """Return `pbx` for a number of the directory, else `city`, as Oktell decides by itself."""
    return "pbx" if people.behind(asked.database, number) or people.by_names(asked.database, [number]) else "city"


def _remember(asked: Asked, made: Order, connector: str, done: Done) -> None:
    call = [made.id, asked.integration, made.person.user.id, made.parameters["number"], connector]
    asked.database.execute(_STARTED, [*call, done.call_id, done.handle])


COMMANDS: dict[str, Command] = {
    "wp_autocallstart": begin,
    "wp_switchcall": begin,
    "wp_autocallstop": end,
    "wp_declinecall": end,
    "wp_flash": flash,
}
