"""The local stack's directory of users, with those of the Oktell interface's examples."""

from __future__ import annotations

from chalicelib.oktell import directory
from chalicelib.oktell.directory import User
from chalicelib.platform.postgres import connection

#: The internal number of a group, and its members who are busy.
GROUP = "120"
BUSY = ("224", "225", "226")

#: The licence has no meaning here, but clients ask for it.
LICENCE = "product=Ringledger regserial=1234567 confirmdate=01.01.2030 updatelimitdate=31.12.2030"

USERS = (
    User(
        "da803f01-ea77-40fa-bc9d-e2efb36fd5a8", "Dima", "Дмитрий Евгеньевич", "Программисты", "13596*101", "Dima",
        "#999", "17002", "e76c86ea-a28a-4519-b4ff-8879a92c62b7",
    ),
    User(
        "7cf84c23-2736-4fc8-9bf7-bfbb4778fb01", "VIKTIRICH", "Виктор Викторыч", "Программисты", "13596*102",
        "VIKTIRICH", "183", "17001", "070aafb0-f47c-4df5-a01f-7bb08ceee269",
    ),
    User(
        "2a594b51-bb89-4da6-a69f-f48761baf0d9", "ivan", "Иван Петров", "Продажи", "13596*538", "ivan", "538", "16040",
        "5d2e1a70-4a0b-4f0e-9f5c-0d3b5f6f1a02",
    ),
    User(
        "8a1f0a52-6d4b-4f4a-8d5e-0c1f6b1d7e03", "ivanov", "Пётр Иванов", "Операторы", "13596*104", "137", "104",
        "16039", "3c7b9e11-2f55-4a0d-9d0e-6a0e5d1c2b04", "OPERATOR2",
    ),
    User(
        "0b6c7f3e-91d4-4e0c-a1c8-5e2f9d8a7b05", "anna", "Анна Соколова", "Операторы", "13596*106", "136", "106",
        "16038", "6f2d4c80-7a31-4b9e-8c0d-1e3f5a7b9c06", "OPERATOR1",
    ),
    *(
        directory.user(
            {
                "login": f"support{number}", "name": f"Поддержка {number}", "department": "Поддержка",
                "extension": f"13596*{number}", "number": number, "groups": GROUP,
            }
        )
        for number in ("223", *BUSY, "227")
    ),
)  # fmt: skip

_SAY = """
INSERT INTO userevents.usr_state_changed (user_id, state, changed_by, eventts)
SELECT login, 'busy', 'demonstration', now() AT TIME ZONE 'UTC' FROM unnest(%s::text[]) AS member (login)
WHERE NOT EXISTS (SELECT FROM userevents.usr_state_changed WHERE user_id = login)
"""


def register(database_url: str) -> None:
    """Add the users to a database that has none."""
    if directory.all_users(database_url):
        return
    directory.register(database_url, USERS, lambda _: None)


def occupy(database_url: str) -> None:
    """Set some members of the group to busy, unless they have a state already."""
    connection(database_url).execute(_SAY, [[f"support{number}" for number in BUSY]])
