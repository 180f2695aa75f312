"""`wp_getchaincontent` and `wp_getabonentinfo`: the live call of a line, in Oktell's terms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from chalicelib.calls import records
from chalicelib.calls.events import CallKey
from chalicelib.edge import Answer
from chalicelib.oktell import answers, chain_shapes, people
from chalicelib.oktell.chain_shapes import CallEnd, Fields
from chalicelib.oktell.directory import User
from chalicelib.oktell.people import LiveLeg, Person, Talk
from chalicelib.oktell.request import Command, CommandRequest

#: A live leg's state -> the number and the name of the line's state. The documentation confirms 1, 8 and 32, and of
#: the others only the numbers.
_LINES = {
    "": (4, "lsReady"),
    "dialling": (8, "lsHookUp"),
    "ringing": (16, "lsIncoming"),
    "talking": (32, "lsCommutated"),
    "waiting": (64, "lsWaiting"),
}
_NO_LINE = (1, "lsDisconnected")
# Is each end a user -> the number and the name of the connection. The documentation shows the last one only.
_CONNECTIONS = {
    (False, False): (0, "ctOuterOuter"),
    (False, True): (1, "ctOuterInner"),
    (True, False): (2, "ctInnerOuter"),
    (True, True): (3, "ctInnerInner"),
}
_DIRECTIONS = {"ctInnerInner": "internal", "ctInnerOuter": "outgoing"}
# Either the PBX's API returned the call's id for the order, or a webhook of the call contains the id of the order.
_ORIGIN = """
SELECT id::text FROM ledger.started_calls
WHERE user_id = ANY (%s::uuid[]) AND started_at > now() - interval '1 day' AND (
    call_id <> '' AND call_id = %s OR EXISTS (
        SELECT FROM ledger.events
        WHERE events.provider = %s AND events.client = %s AND events.call_id = %s AND events.call_id <> '' AND (
            position(started_calls.id::text IN query) > 0 OR position(started_calls.id::text::bytea IN body) > 0
        )
    )
)
ORDER BY started_at DESC LIMIT 1
"""
# PBXs report a recording when a call ends. Until then, the last call of the same extension shows if they record it.
_RECORDED = """
SELECT leg FROM unnest(%s::text[], %s::text[]) AS legs (leg, extension)
WHERE EXISTS (SELECT FROM ledger.recordings WHERE inviteid = leg::uuid) OR (
    SELECT isrec FROM (
        (SELECT isrec, invitedt FROM calls.success
        WHERE anumber = extension AND invitedt > now() AT TIME ZONE 'UTC' - interval '30 days'
        ORDER BY invitedt DESC LIMIT 1)
        UNION ALL
        (SELECT isrec, invitedt FROM calls.success
        WHERE bnumber = extension AND invitedt > now() AT TIME ZONE 'UTC' - interval '30 days'
        ORDER BY invitedt DESC LIMIT 1)
    ) AS calls ORDER BY invitedt DESC LIMIT 1
)
"""


def chain(request: CommandRequest) -> Answer:
    """Return the live call of the line, leg by leg, or `{}` if there is none. Raise NotFound and InvalidParameter."""
    person = people.selected(request)
    if not person.talks:
        return answers.structure({})
    talk, zone = _main_talk(person), request.settings.site_zone
    users = people.users_by_number(request.database, _names(talk))
    begin = min(leg.began for leg in talk.legs)
    ids = [person.user.id, *(user.id for user in users.values())]
    started = request.database.execute(_ORIGIN, [ids, talk.id, talk.provider, talk.client, talk.id])
    return answers.structure(
        {
            "createtime": _local(begin, zone),
            "trace": list(_trace(talk, users, zone, _recorded(request, talk))),
            "customfield": started[0][0] if started else "",
            "chainid": records.call_id(_key(talk)),
        }
    )


def abonent(request: CommandRequest) -> Answer:
    """Return the other end of the line's call and the state of the line; without a call, the state alone."""
    person = people.selected(request)
    number, name = _line_state(person)
    content: Fields = {"currentlinestatestr": name, "currentlinestate": number}
    if person.talks:
        talk = _main_talk(person)
        users = people.users_by_number(request.database, _names(talk))
        leg = _own_leg(person, talk)
        content = {"abonentinfo": chain_shapes.abonent(_key(talk), leg, _other(leg, users)), **content}
    return answers.structure(content)


def _main_talk(person: Person) -> Talk:
    """Return the answered call of the line, before a ringing one. Of several, return the one that it joined last."""
    return max(person.talks, key=lambda talk: _rank(_own_leg(person, talk)))


def _own_leg(person: Person, talk: Talk) -> LiveLeg:
    own = [leg for leg in talk.legs if leg.extension == person.user.extension]
    return max(own, key=_rank)


def _rank(leg: LiveLeg) -> tuple[bool, datetime]:
    return leg.state == "talking", leg.since


def _line_state(person: Person) -> tuple[int, str]:
    if not person.facts.has_phone:
        return _NO_LINE
    return _LINES.get(_own_leg(person, _main_talk(person)).state if person.talks else "", _LINES[""])


def _names(talk: Talk) -> set[str]:
    return {name for leg in talk.legs for name in (leg.a, leg.b, leg.extension) if name}


def _sides(leg: LiveLeg, users: Mapping[str, User]) -> tuple[CallEnd, CallEnd]:
    return CallEnd(leg.a, users.get(leg.a)), CallEnd(leg.b, users.get(leg.b))


def _other(leg: LiveLeg, users: Mapping[str, User]) -> CallEnd:
    a, b = _sides(leg, users)
    return a if leg.extension in (leg.b, b.user.extension if b.user else "") else b


def _recorded(request: CommandRequest, talk: Talk) -> set[str]:
    """Return the ids of the talk's legs that have a recording, or whose extension is recorded."""
    ids = [records.leg_id(_key(talk), leg.id) for leg in talk.legs]
    return {leg for (leg,) in request.database.execute(_RECORDED, [ids, [leg.extension for leg in talk.legs]])}


def _trace(talk: Talk, users: Mapping[str, User], zone: ZoneInfo, recorded: Collection[str]) -> Iterator[Fields]:
    for leg in _distinct(talk.legs):
        a, b = _sides(leg, users)
        connection, word = _CONNECTIONS[a.user is not None, b.user is not None]
        began = _local(leg.began, zone)
        yield chain_shapes.call(_key(talk), leg, (a, b), _DIRECTIONS.get(word, "incoming")) | {"startqueuetime": began}
        if leg.state == "talking":
            is_recorded = records.leg_id(_key(talk), leg.id) in recorded
            yield chain_shapes.commutation(_key(talk), leg, (a, b), recorded=is_recorded) | {
                "connectiontype": connection,
                "connectiontypestr": word,
                "timestart": began,
                "timeanswer": _local(leg.since, zone),
            }


def _distinct(legs: Iterable[LiveLeg]) -> Iterator[LiveLeg]:
    """Yield the legs in order of time. Of two legs with the same ends, yield that of the called extension."""
    legs_by_ends: dict[tuple[str, str], LiveLeg] = {}
    for leg in sorted(legs, key=lambda leg: (leg.since, leg.extension == leg.b)):
        legs_by_ends[leg.a, leg.b] = leg
    yield from legs_by_ends.values()


def _key(talk: Talk) -> CallKey:
    return CallKey(talk.provider, talk.client, talk.id)


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.replace(tzinfo=UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


COMMANDS: dict[str, Command] = {"wp_getchaincontent": chain, "wp_getabonentinfo": abonent}
