"""The current state of users: finds them by any of their names, with their phone, live calls and modes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.oktell import command_parameters, directory
from chalicelib.oktell.directory import User
from chalicelib.oktell.refusals import NotFound
from chalicelib.oktell.request import SHOWN, CommandRequest
from chalicelib.oktell.states import Facts, Modes
from chalicelib.platform.postgres import Connection, Row

_COLUMNS = """
id::text, login, name, department, extension, agent, number, line, line_id::text, work_place, groups
"""

# The first kind of name that matches any user decides. Several users may match.
_BY_ANY_NAME = """
WITH matching AS (
    SELECT users.*, CASE
        WHEN selector IN (id::text, line_id::text) THEN 1
        WHEN selector = lower(login) THEN 2
        WHEN selector IN (lower(line), lower(number), lower(extension)) THEN 3
        WHEN selector = lower(work_place) THEN 4
        WHEN selector = lower(name) THEN 5
    END AS kind
    FROM ledger.users, (SELECT %s::text AS selector) AS parameters
    WHERE selector <> ''
),
selected AS (SELECT * FROM matching WHERE kind = (SELECT min(kind) FROM matching) LIMIT 2)
"""
_BY_NUMBER = "WITH selected AS (SELECT * FROM ledger.users WHERE number = %s OR groups @> ARRAY[%s])"

_NOW = f"""
SELECT {_COLUMNS}, on_call_center, on_redirect, on_lunch, status.state, phone.state, talks.calls
FROM selected
LEFT JOIN LATERAL (
    SELECT state FROM userevents.usr_state_changed WHERE user_id = agent ORDER BY eventts DESC LIMIT 1
) AS status ON true
LEFT JOIN LATERAL (
    -- Where the state of the phone follows from live legs, the legs count: they also end when no hangup event comes.
    SELECT CASE WHEN presence.since = eventts AND changed.state IN ('busy', 'early') THEN '' ELSE changed.state END
        AS state
    FROM sipuserevents.sipuser_state_changed AS changed
    LEFT JOIN ledger.presence ON kind = 'extension' AND presence.name = login
    WHERE login = extension AND extension <> '' ORDER BY eventts DESC, changed.state DESC LIMIT 1
) AS phone ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_array(calls.provider, calls.client, calls.id, live)) AS calls
    FROM ledger.calls
    WHERE live IS NOT NULL AND extension <> ''
        AND live @> jsonb_build_array(jsonb_build_object('extension', extension))
) AS talks ON true
ORDER BY number, lower(selected.login)
"""  # noqa: S608 - a constant of this module

_BY_NUMBERS = f"""
SELECT {_COLUMNS} FROM ledger.users
WHERE extension = ANY (%s) AND extension <> '' OR number = ANY (%s) AND number <> ''
"""  # noqa: S608 - as above


@dataclass(frozen=True)
class LiveLeg:
    """A leg of a live call at one extension. `began` is its start, `since` is when its state began, both naive UTC."""

    id: str
    extension: str
    device: str
    state: str
    a: str
    b: str
    began: datetime
    since: datetime


@dataclass(frozen=True)
class Talk:
    """A live call with all of its legs."""

    provider: str
    client: str
    id: str
    legs: tuple[LiveLeg, ...]


@dataclass(frozen=True)
class Person:
    """A user with the current facts about them and their live calls."""

    user: User
    facts: Facts
    talks: tuple[Talk, ...]


def selected(request: CommandRequest) -> Person:
    """Return the user that the parameters `line`, `user` or `wp` select. Raise InvalidParameter and NotFound."""
    return find(request.database, command_parameters.LineParameters.of(request).line)


def find(database: Connection, name: str) -> Person:
    """Return the user with this GUID, login, line, number, work place or name. Raise NotFound for none or several."""
    rows = database.execute(_BY_ANY_NAME + _NOW, [name.strip("{}").lower()])
    if len(rows) != 1:
        fault = "is ambiguous: more than one user matches" if rows else "is unknown"
        raise NotFound(f"{name[:SHOWN]!r} {fault}")
    return _person(rows[0])


def reached_by(database: Connection, number: str) -> list[Person]:
    """Return the users who have this internal number, or are in its group."""
    return [_person(row) for row in database.execute(_BY_NUMBER + _NOW, [number, number])]


def users_by_number(database: Connection, names: Iterable[str]) -> dict[str, User]:
    """Return the users who have one of these extensions or internal numbers, by that extension or number."""
    numbers = list(names)
    users: dict[str, User] = {}
    for row in database.execute(_BY_NUMBERS, [numbers, numbers]) if numbers else []:
        user = directory.from_row(row)
        users |= {number: user for number in (user.extension, user.number) if number in numbers}
    return users


def _person(row: Row) -> Person:
    *columns, call_center, redirect, lunch, status, phone, calls = row
    user = directory.from_row(tuple(columns))
    talks = tuple(_talk(*call) for call in calls or ())
    own = [leg.state for talk in talks for leg in talk.legs if leg.extension == user.extension]
    modes = Modes(call_center, redirect, lunch)
    facts = Facts(status or "", phone or "", own, modes, has_phone=bool(user.extension))
    return Person(user, facts, talks)


def _talk(provider: str, client: str, identity: str, legs: list[dict[str, Any]]) -> Talk:
    return Talk(provider, client, identity, tuple(map(_leg, legs)))


def _leg(leg: dict[str, Any]) -> LiveLeg:
    texts = [leg[name] for name in ("leg_id", "extension", "device", "state", "a", "b")]
    # Legs that an older version wrote have no `began`.
    times = (leg.get("began", leg["since"]), leg["since"])
    return LiveLeg(*texts, *map(datetime.fromisoformat, times))
