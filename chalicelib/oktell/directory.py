"""The directory of users, with the names by which calls and the states of agents refer to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from uuid import UUID, uuid5

from chalicelib.errors import RingledgerError
from chalicelib.platform.postgres import Row, connection

LONGEST = 128
NAMESPACE = UUID("b4c5f1d2-3c0a-5b0e-9a57-0f5f5f0c1a34")

_COLUMNS = "id::text, login, name, department, extension, agent, number, line, line_id::text, work_place, groups"

# The modes of a user who is already registered stay as they are.
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
    """The user cannot be registered with these values."""

    code = "user-refused"
    status = 400


@dataclass(frozen=True)
class User:
    """A person or a work place. Ids are GUIDs in lower case.

    `extension` and `agent` are the names in webhooks. `number` and `groups` are internal numbers to dial.
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
    """Return a user with these values; `values` has names of COLUMNS. Raise UserRefused.

    Missing ids are computed from the login. `groups` are separated by spaces. The default of `agent` is the login.
    """
    texts = {name: values.get(name, "") for name in COLUMNS}
    login = texts["login"]
    new_user = User(
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
    _check(new_user)
    return new_user


def register(database_url: str, users: Sequence[User], done: Callable[[int], None], *, whole: bool = False) -> None:
    """Register all of these users in one transaction. Users with the same ids are changed.

    With `whole`, remove all other users. `done` is called with the count of registered users. Raise UserRefused.
    """
    owner = connection(database_url)
    with owner.transaction():
        if whole:
            owner.execute(_OTHERS_GONE, [[each.id for each in users]])
        for number, each in enumerate(users, 1):
            if owner.execute(_SAME_LOGIN, [each.login, each.id]):
                raise UserRefused(f"Another user already has the login {each.login}; `user list` shows the ids")
            owner.execute(_PUT, _values(each))
            done(number)


def all_users(database_url: str) -> list[User]:
    """Return every user, ordered by login."""
    return [from_row(row) for row in connection(database_url).execute(_LISTING)]


def from_row(row: Row) -> User:
    """Return the user of a row of `ledger.users`. The columns are in the order of `User`."""
    return replace(User(*row), groups=tuple(row[-1]))


def _values(each: User) -> list[object]:
    # A new user who is an agent of a queue starts in the call centre's mode.
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
        raise UserRefused(f"{name} must be a GUID such as da803f01-ea77-40fa-bc9d-e2efb36fd5a8, not {text!r}") from None


def _check(new_user: User) -> None:
    texts = [value for value in vars(new_user).values() if isinstance(value, str)]
    if not all(_fits(text) for text in (*texts, *new_user.groups)):
        raise UserRefused(f"A value must be up to {LONGEST} printable characters, without spaces at its ends")
    if not new_user.login:
        raise UserRefused("A user needs a login")
    if "@" in new_user.extension:
        raise UserRefused(f"The extension {new_user.extension!r} must be without its @domain")


def _fits(text: str) -> bool:
    return len(text) <= LONGEST and (not text or text.isprintable()) and text == text.strip()
