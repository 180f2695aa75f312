"""Users and their current state: phone, live calls and modes. Clients find users by many kinds of names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.oktell import directory
from chalicelib.oktell.asked import SHOWN, Asked
from chalicelib.oktell.directory import User
from chalicelib.oktell.refusals import Unknown, Wrong
from chalicelib.oktell.states import Facts, Modes
from chalicelib.platform.postgres import Connection, Row

#: The parameters that name a user. The first one that has a value counts.
SELECTORS = ("line", "user", "wp")

_COLUMNS = """
id::text, login, name, department, extension, agent, number, line, line_id::text, work_place, groups
"""

# The first kind of name that fits any user decides. Each kind may fit several users.
_FOUND = """
WITH named AS (
    SELECT users.*, CASE
        WHEN asked IN (id::text, line_id::text) THEN 1
        WHEN asked = lower(login) THEN 2
        WHEN asked IN (lower(line), lower(number), lower(extension)) THEN 3
        WHEN asked = lower(work_place) THEN 4
        WHEN asked = lower(name) THEN 5
    END AS kind
    FROM ledger.users, (SELECT %s::text AS asked) AS given
    WHERE asked <> ''
),
found AS (SELECT * FROM named WHERE kind = (SELECT min(kind) FROM named) LIMIT 2)
"""
_MEMBERS = "WITH found AS (SELECT * FROM ledger.users WHERE number = %s OR groups @> ARRAY[%s])"

_NOW = f"""
SELECT {_COLUMNS}, on_call_center, on_redirect, on_lunch, agent_state.state, phone.state, talks.calls
FROM found
LEFT JOIN LATERAL (
    SELECT state FROM userevents.usr_state_changed WHERE user_id = agent ORDER BY eventts DESC LIMIT 1
) AS agent_state ON true
LEFT JOIN LATERAL (
    -- Live legs are more exact than phone states: the end of a call may have no phone state.
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
ORDER BY number, lower(found.login)
"""  # noqa: S608 - a constant of this module

_BY_NAMES = f"""
SELECT {_COLUMNS} FROM ledger.users
WHERE extension = ANY (%s) AND extension <> '' OR number = ANY (%s) AND number <> ''
"""  # noqa: S608 - as above


@dataclass(frozen=True)
class LiveLeg:
    """The part of a live call at one extension. Naive UTC: it began at `began`, and its state began at `since`."""

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
    """A user, the facts for their state, and their live calls."""

    user: User
    facts: Facts
    talks: tuple[Talk, ...]


def selected(asked: Asked) -> Person:
    """Return the user that the parameters of a command name. Raise Wrong and Unknown."""
    name = asked.text(*SELECTORS)
    if not name:
        raise Wrong(f"One of {', '.join(SELECTORS)} is needed")
    return named(asked.database, name)


def named(database: Connection, name: str) -> Person:
    """Return the user with this GUID, login, line, number, work place or name. Raise Unknown if none or several fit."""
    rows = database.execute(_FOUND + _NOW, [name.strip("{}").lower()])
    if len(rows) != 1:
        fault = "is ambiguous: more than one user fits" if rows else "is unknown"
        raise Unknown(f"{name[:SHOWN]!r} {fault}")
    return _person(rows[0])


def behind(database: Connection, number: str) -> list[Person]:
    """Return the users that an internal number reaches."""
    return [_person(row) for row in database.execute(_MEMBERS + _NOW, [number, number])]


def by_names(database: Connection, names: Iterable[str]) -> dict[str, User]:
    """Return users by their extension or internal number, for each of `names` that is one."""
    listed_names = list(names)
    users: dict[str, User] = {}
    for row in database.execute(_BY_NAMES, [listed_names, listed_names]) if listed_names else []:
        user = directory.from_row(row)
        users |= {name: user for name in (user.extension, user.number) if name in listed_names}
    return users


def _person(row: Row) -> Person:
    *columns, call_center, redirect, lunch, agent_state, phone, calls = row
    user = directory.from_row(tuple(columns))
    talks = tuple(_talk(*call) for call in calls or ())
    own = [leg.state for talk in talks for leg in talk.legs if leg.extension == user.extension]
    modes = Modes(call_center, redirect, lunch)
    facts = Facts(agent_state or "", phone or "", own, modes, has_phone=bool(user.extension))
    return Person(user, facts, talks)


def _talk(provider: str, client: str, identity: str, legs: list[dict[str, Any]]) -> Talk:
    return Talk(provider, client, identity, tuple(map(_leg, legs)))


def _leg(leg: dict[str, Any]) -> LiveLeg:
    texts = [leg[name] for name in ("leg_id", "extension", "device", "state", "a", "b")]
    # Rows of older versions do not have the begin of the leg.
    times = (leg.get("began", leg["since"]), leg["since"])
    return LiveLeg(*texts, *map(datetime.fromisoformat, times))
