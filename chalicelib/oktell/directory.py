"""The directory of users, with the names that calls and agents' states use for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from uuid import UUID, uuid5

from chalicelib.errors import RingledgerError
from chalicelib.platform.postgres import Row, connection

LONGEST = 128
NAMESPACE = UUID("b4c5f1d2-3c0a-5b0e-9a57-0f5f5f0c1a34")

_COLUMNS = "id::text, login, name, department, extension, agent, number, line, line_id::text, work_place, groups"

# An update keeps modes and states that were set by hand.
_PUT = """
INSERT INTO ledger.users (
    id, login, name, department, extension, agent, number, line, line_id, work_place, groups, on_call_center
)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET
    login = excluded.login, name = excluded.name, department = excluded.department, extension = excluded.extension,
    agent = excluded.agent, number = excluded.number, line = excluded.line, line_id = excluded.line_id,
    work_place = excluded.work_place, groups = excluded.groups
"""
_OTHERS_GONE = "DELETE FROM ledger.users WHERE id <> ALL (%s::uuid[])"
_LISTING = f"SELECT {_COLUMNS} FROM ledger.users ORDER BY lower(login)"  # noqa: S608 - a constant of this module
_SAME_LOGIN = "SELECT login FROM ledger.users WHERE lower(login) = lower(%s) AND id <> %s"


class UserRefused(RingledgerError):
    """The user cannot be registered."""

    code = "user-refused"
    status = 400


@dataclass(frozen=True)
class User:
    """A person or a work place. Ids are GUIDs in lower case.

    Webhooks use the names `extension` and `agent`. `number` and `groups` are internal numbers to dial.
    """

    id: str
    login: str
    name: str
    department: str = ""
    extension: str = ""
    agent: str = ""
    number: str = ""
    line: str = ""
    line_id: str = ""
    work_place: str = ""
    groups: tuple[str, ...] = ()


COLUMNS = tuple(field.name for field in fields(User))


def user(values: Mapping[str, str]) -> User:
    """Return a user made of texts under the names of COLUMNS. Missing ids are derived from the login.

    `groups` are separated by spaces. The agent's name defaults to the login. Raise UserRefused.
    """
    texts = {name: values.get(name, "") for name in COLUMNS}
    login = texts["login"]
    made = User(
        id=_guid("id", texts["id"], login),
        login=login,
        name=texts["name"] or login,
        department=texts["department"],
        extension=texts["extension"],
        agent=texts["agent"] or login,
        number=texts["number"],
        line=texts["line"],
        line_id=_guid("line_id", texts["line_id"], login),
        work_place=texts["work_place"],
        groups=tuple(texts["groups"].split()),
    )
    _check(made)
    return made


def put(database_url: str, users: Sequence[User], done: Callable[[int], None], *, whole: bool = False) -> None:
    """Register all of these users or none. Known users are changed; with `whole` all others are removed.

    `done` receives the number of registered users. Raise UserRefused.
    """
    owner = connection(database_url)
    with owner.transaction():
        if whole:
            owner.execute(_OTHERS_GONE, [[each.id for each in users]])
        for number, each in enumerate(users, 1):
            if owner.execute(_SAME_LOGIN, [each.login, each.id]):
                raise UserRefused(f"Another user has the login {each.login} already; `user list` shows both ids")
            owner.execute(_PUT, _values(each))
            done(number)


def listing(database_url: str) -> list[User]:
    """Return every user, sorted by login."""
    return [from_row(row) for row in connection(database_url).execute(_LISTING)]


def from_row(row: Row) -> User:
    """Return a user made of the columns of `ledger.users`, in the order of `User`."""
    return replace(User(*row), groups=tuple(row[-1]))


def _values(each: User) -> list[object]:
    # An agent of a queue is in call-centre mode until the mode is changed.
    return [
        each.id, each.login, each.name, each.department, each.extension, each.agent, each.number, each.line,
        each.line_id, each.work_place, list(each.groups), each.agent != each.login,
    ]  # fmt: skip


def _guid(name: str, text: str, login: str) -> str:
    if not text:
        return str(uuid5(NAMESPACE, f"{name} {login.lower()}"))
    try:
        return str(UUID(text))
    except ValueError:
        raise UserRefused(f"{name} is a GUID such as da803f01-ea77-40fa-bc9d-e2efb36fd5a8, not {text!r}") from None


def _check(made: User) -> None:
    values = (made.name, made.department, made.extension, made.agent, made.number, made.line, made.work_place)
    if not all(_fits(text) for text in (made.login, *values, *made.groups)):
        raise UserRefused(f"A value is up to {LONGEST} printable characters without outer blanks")
    if not made.login:
        raise UserRefused("A user needs a login")
    if "@" in made.extension:
        raise UserRefused(f"The extension {made.extension!r} goes without its @domain")


def _fits(text: str) -> bool:
    return len(text) <= LONGEST and (not text or text.isprintable()) and text == text.strip()
