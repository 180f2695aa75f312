"""Users out of a CSV: one row each, every fault named with its line before anything is registered."""

from __future__ import annotations

import csv
import io

from chalicelib.directory import COLUMNS, User, UserRefused, user

OTHERS = [column for column in COLUMNS if column != "login"]
FAULTS_SHOWN = 10


def read(text: str) -> list[User]:
    """The users of a CSV with a head, separated by commas or semicolons.

    Raises UserRefused naming the lines and what is wrong with them.
    """
    text = text.removeprefix("\N{BYTE ORDER MARK}")
    head = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in head else ",", restval="")
    rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or []]
    _check_head(rows.fieldnames)
    users: list[User] = []
    faults: list[str] = []
    for row in rows:
        try:
            users.append(_user(row, users))
        except UserRefused as fault:
            faults.append(f"line {rows.line_num}: {fault.message}")
    if faults:
        more = f"; and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        raise UserRefused("; ".join(faults[:FAULTS_SHOWN]) + more)
    return users


def _check_head(names: list[str]) -> None:
    if "login" not in names or not set(names) <= set(COLUMNS):
        raise UserRefused(
            f"The first line must name the column login and may name {', '.join(OTHERS)}; it is"
            f" {','.join(names) or 'empty'!r}"
        )


def _user(row: dict[str, str], before: list[User]) -> User:
    if None in row:
        raise UserRefused("there are more values than columns")
    made = user({name: value.strip() for name, value in row.items()})
    if any(made.id == each.id or made.login.lower() == each.login.lower() for each in before):
        raise UserRefused(f"the id or the login {made.login} stands in an earlier line too")
    return made
