"""Users out of a CSV."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.admin import csv_table
from chalicelib.admin.csv_table import Columns
from chalicelib.directory import COLUMNS, User, UserRefused, user

NEEDED = ("login",)


def read(text: str) -> list[User]:
    """The users of a CSV. Raises UserRefused naming the lines and what is wrong with them."""
    taken: set[str] = set()

    def described(row: Mapping[str, str], _line: int) -> User:
        made = user(row)
        names = {made.id, made.login.lower()}
        if not taken.isdisjoint(names):
            raise UserRefused(f"the id or the login {made.login} stands in an earlier line too")
        taken.update(names)
        return made

    others = [column for column in COLUMNS if column not in NEEDED]
    return csv_table.read(text, Columns(NEEDED, others), described, UserRefused)
