"""Reads users from a CSV."""

from __future__ import annotations

from typing import Any

from pydantic import create_model

from chalicelib.admin import csv_table
from chalicelib.admin.csv_table import TableRow
from chalicelib.oktell.directory import COLUMNS, User, UserRefused, user

#: The columns are texts, of which all but the login may be missing.
_FIELDS: dict[str, Any] = {name: (str, ... if name == "login" else "") for name in COLUMNS}
UserRow = create_model("UserRow", __base__=TableRow, **_FIELDS)


def read(text: str) -> list[User]:
    """Return the users of a CSV. Raise UserRefused with the lines and their errors."""
    taken: set[str] = set()

    def describe(row: TableRow, _line: int) -> User:
        described = user(row.model_dump())
        names = {described.id, described.login.lower()}
        if not taken.isdisjoint(names):
            raise UserRefused(f"the id or the login {described.login} is also in an earlier line")
        taken.update(names)
        return described

    return csv_table.read(text, UserRow, describe, UserRefused)
