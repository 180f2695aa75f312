"""Reads users from a CSV."""

from __future__ import annotations

from chalicelib.admin import csv_table
from chalicelib.admin.csv_table import TableRow
from chalicelib.oktell.directory import User, UserRefused, user


class UserRow(TableRow):
    """One user of a CSV. `groups` are separated by spaces."""

    login: str
    id: str = ""
    name: str = ""
    department: str = ""
    extension: str = ""
    agent: str = ""
    number: str = ""
    line: str = ""
    line_id: str = ""
    work_place: str = ""
    groups: str = ""


def read(text: str) -> list[User]:
    """Return the users of a CSV. Raise UserRefused with the lines and their errors."""
    taken: set[str] = set()

    def describe(row: UserRow, _line: int) -> User:
        described = user(row.model_dump())
        names = {described.id, described.login.lower()}
        if not taken.isdisjoint(names):
            raise UserRefused(f"the id or the login {described.login} is also in an earlier line")
        taken.update(names)
        return described

    return csv_table.read(text, UserRow, describe, UserRefused)
