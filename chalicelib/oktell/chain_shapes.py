"""The JSON objects of a live call, with the keys of Oktell's documentation. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chalicelib.calls import records
from chalicelib.calls.events import CallKey
from chalicelib.oktell.directory import User
from chalicelib.oktell.people import LiveLeg

Fields = dict[str, object]

#: The id of an end or a line that is not in the directory.
NO_ID = str(UUID(int=0))


@dataclass(frozen=True)
class CallEnd:
    """One end of a leg: its number, and the user of the directory who has it, if any."""

    number: str
    user: User | None

    @property
    def name(self) -> str:
        """Return the user's name, or the number if there is no user."""
        return self.user.name if self.user else self.number

    def line(self) -> tuple[str, str]:
        """Return the id and the number of the line."""
        return (self.user.line_id, self.user.line or self.user.extension) if self.user else (NO_ID, "")

    def dialled_number(self) -> str:
        """Return the number that others dial."""
        return (self.user.number if self.user else "") or self.number


def call(key: CallKey, leg: LiveLeg, sides: tuple[CallEnd, CallEnd], direction: str) -> Fields:
    """Return the element `call`: the caller, the called number and the direction (internal, incoming, outgoing)."""
    a, b = sides
    line, number = a.line()
    return {
        "contentelementtype": "call",
        "isuser": a.user is not None,
        "userid": a.user.id if a.user else NO_ID,
        "userlogin": a.user.login if a.user else "",
        "username": a.name,
        "department": a.user.department if a.user else "",
        "callerid": a.dialled_number(),
        "calledid": b.dialled_number(),
        "managedlineid": line,
        "managedlinenumber": number,
        "srclineid": line,
        "srclinenumber": number,
        "srcelementid": line,
        "pbxdirection": direction,
        "istask": False,
        "objectid": records.part_id(key, "queue", leg.id),
        "objecttype": 0,
        "objecttypestr": "qotQueueLogic",
        # PBXs report no priorities: no call comes before another one.
        "queuepriority": 0,
        "queuesource": 1,
        "queuesourcestr": "qsLineLogic",
    }


def commutation(key: CallKey, leg: LiveLeg, sides: tuple[CallEnd, CallEnd], *, recorded: bool) -> Fields:
    """Return the element `commutation`: the conversation of a leg's two ends."""
    fields: Fields = {
        "contentelementtype": "commutation",
        "commutationid": records.leg_id(key, leg.id),
        "isrecorded": recorded,
    }
    for letter, side, dialed in (("a", sides[0], sides[1].dialled_number()), ("b", sides[1], "")):
        line, number = side.line()
        fields |= {
            f"{letter}text": side.name,
            f"{letter}isuser": side.user is not None,
            f"{letter}userid": side.user.id if side.user else NO_ID,
            f"{letter}userlogin": side.user.login if side.user else "",
            f"{letter}username": side.name,
            f"{letter}outnumber": side.dialled_number(),
            f"{letter}numberdialed": dialed,
            f"{letter}lineid": line,
            f"{letter}linenumber": number,
        }
    return fields


def abonent(key: CallKey, leg: LiveLeg, other: CallEnd) -> Fields:
    """Return the element `abonentinfo`: the other end of a leg, as the line sees it."""
    line, number = other.line()
    return {
        "chainid": records.call_id(key),
        "commutationid": records.leg_id(key, leg.id),
        "callerid": other.dialled_number(),
        "callername": other.name,
        "callersimple": other.name,
        "callerusername": other.user.name if other.user else "",
        "calleruserlogin": other.user.login if other.user else "",
        "calleruserid": other.user.id if other.user else NO_ID,
        "callerlineid": line,
        "callerlinenum": number,
        "callerdescription": other.user.department if other.user else "",
        "callercomment": "",
        "isuser": other.user is not None,
        "isextline": other.user is None,
        "isivr": leg.state == "waiting",
        "isconference": False,
        "canswitchtoconf": False,
        "cansendfiles": False,
        "canfax": False,
        "canvideo": False,
    }
