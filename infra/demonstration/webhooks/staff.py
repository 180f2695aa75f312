"""The people of the demonstration: who works in the call centre, and who calls it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from chalicelib.calls.records import person_id
from chalicelib.oktell import directory
from chalicelib.oktell.directory import User
from chalicelib.registry.extensions import ExtensionDescription

CLIENT = "13596"
FIRST_NUMBER = 301
MOST_PEOPLE = 60
#: A number calls this many times in the whole month at most; most numbers call once.
MOST_CALLS = 6
RETURNING = 0.25

# First names and last names, each with its spelling in a login.
_WOMEN = ("Анна anna", "Мария maria", "Ольга olga", "Елена elena", "Дарья daria", "Нина nina")
_HER = ("Ковалёва kovaleva", "Савич savich", "Орлова orlova", "Белая belaya", "Климова klimova")
_MEN = ("Иван ivan", "Олег oleg", "Павел pavel", "Максим maxim", "Антон anton", "Лев lev")
_HIS = ("Новик novik", "Жук zhuk", "Мороз moroz", "Соколов sokolov", "Громов gromov")


@dataclass(frozen=True)
class StaffMember:
    """Someone who works at a phone of the PBX."""

    extension: str
    login: str
    name: str

    @property
    def agent(self) -> str:
        """The PBX's own id of this person as a queue's agent."""
        return self.extension.rpartition("*")[2]


def person(place: int) -> StaffMember:
    """Return the person at this place of the team, from 0 to MOST_PEOPLE - 1."""
    firsts, lasts = ((_WOMEN, _HER), (_MEN, _HIS))[place % 2]
    half = place // 2
    first, first_login = firsts[half % len(firsts)].split()
    last, last_login = lasts[(half + half // len(firsts)) % len(lasts)].split()
    return StaffMember(f"{CLIENT}*{FIRST_NUMBER + place}", f"{first_login}.{last_login}", f"{first} {last}")


def user(one: StaffMember) -> User:
    """Return the person as the directory has it; the id is the one that rows name."""
    number = one.agent
    return directory.user(
        {
            "id": person_id(one.extension),
            "login": one.login,
            "name": one.name,
            "department": "Контакт-центр",
            "extension": one.extension,
            "agent": one.agent,
            "number": number,
            "line": f"18{number}",
        }
    )


def phone(one: StaffMember) -> ExtensionDescription:
    """Return the person's phone as the registry has it."""
    remote = f"1138{one.agent}"
    return ExtensionDescription(
        "telphin", CLIENT, one.extension, "phone", one.name, remote_id=remote, agent_id=one.agent
    )


class Callers:
    """People outside who call: most of them once, some again after a while."""

    def __init__(self, rng: Random) -> None:
        """Draw numbers from `rng`."""
        self._rng = rng
        self._known: list[str] = []
        self._calls: dict[str, int] = {}

    def next(self) -> str:
        """Return the number of the next caller, with a plus and 7."""
        rng = self._rng
        if self._known and rng.random() < RETURNING:
            number = self._known[int(rng.random() * len(self._known))]
            if self.again(number):
                return number
        number = f"+79{rng.choice('0123456789')}{rng.randrange(10**8):08}"
        self._known.append(number)
        self._calls[number] = 1
        return number

    def again(self, number: str) -> bool:
        """Count another call of `number`; False when it has called often enough."""
        count = self._calls.get(number, 0)
        if count >= MOST_CALLS:
            return False
        self._calls[number] = count + 1
        return True
