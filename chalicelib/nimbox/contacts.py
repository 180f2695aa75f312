"""The contacts of phone calls: a name, and the numbers that assign a call to the contact."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.errors import RingledgerError
from chalicelib.platform.postgres import Connection

AT_ONCE = 500

_OWNERS = "SELECT digits, contact FROM ledger.contact_numbers WHERE digits = ANY (%s)"

_STORED = """
SELECT digits, contact, label, name FROM ledger.contact_numbers JOIN ledger.contacts ON contacts.id = contact
WHERE digits = ANY (%s)
"""

_NEW_IDS = "SELECT nextval('ledger.contacts_id_seq') FROM generate_series(1, %s)"

# A contact keeps its known numbers. The latest import sets its name.
_PUT = """
WITH imported AS (SELECT * FROM jsonb_to_recordset(%s::jsonb) AS imported (id bigint, name text, numbers jsonb)),
person AS (
    INSERT INTO ledger.contacts (id, name) SELECT id, name FROM imported
    ON CONFLICT (id) DO UPDATE SET name = excluded.name
)
INSERT INTO ledger.contact_numbers (digits, label, contact)
SELECT number.key, number.value, id FROM imported CROSS JOIN jsonb_each_text(numbers) AS number
ON CONFLICT (digits) DO UPDATE SET label = excluded.label, contact = excluded.contact
"""

_LISTING = """
SELECT id, name, coalesce(string_agg(concat_ws(':', nullif(label, ''), digits), '; ' ORDER BY digits), ''),
    (SELECT count(*) FROM ledger.phonecalls WHERE phonecalls.contact = contacts.id)
FROM ledger.contacts LEFT JOIN ledger.contact_numbers ON contact_numbers.contact = contacts.id
WHERE strpos(lower(name), lower(%s)) > 0
    OR EXISTS (SELECT FROM ledger.contact_numbers AS n WHERE n.contact = contacts.id AND strpos(n.digits, %s) > 0)
GROUP BY id ORDER BY id LIMIT %s
"""

_CALLS = """
SELECT phonecalls.id, initiated, source, destination, duration, coalesce(facts ->> 'link', '')
FROM ledger.phonecalls LEFT JOIN ledger.records ON records.inviteid = phonecalls.inviteid AND own
WHERE contact = %s ORDER BY initiated DESC LIMIT %s
"""


class ContactRefused(RingledgerError):
    """The contacts cannot be registered."""

    code = "contact-refused"
    status = 400


@dataclass(frozen=True)
class Description:
    """A contact to register. `numbers` maps digits to a label."""

    name: str
    numbers: dict[str, str]


@dataclass(frozen=True)
class Contact:
    """A registered contact, its numbers as one text, and the number of its phone calls."""

    id: int
    name: str
    numbers: str
    calls: int


@dataclass(frozen=True)
class ContactCall:
    """A contact's phone call. `initiated` is naive UTC, `duration` is in seconds, `link` is empty if it is not safe."""

    id: int
    initiated: datetime
    source: str
    destination: str
    duration: int | None
    link: str


def put(owner: Connection, described: Sequence[Description], done: Callable[[int], None]) -> int:
    """Register all contacts or none, and return how many are new. A contact that has one of the numbers is changed.

    `done` receives the number of registered contacts. Raise ContactRefused if numbers of two contacts are joined.
    """
    new = 0
    with owner.transaction():
        for begin in range(0, len(described), AT_ONCE):
            part = described[begin : begin + AT_ONCE]
            new += _put(owner, part)
            for through in range(begin + 1, begin + len(part) + 1):
                done(through)
    return new


def known(owner: Connection, described: Sequence[Description]) -> int:
    """Return how many of the contacts have one of their numbers registered already."""
    return sum(any(number in stored for number in each.numbers) for each, stored in _stored(owner, described))


def changed(owner: Connection, described: Sequence[Description]) -> list[Description]:
    """Return the contacts of which the name or a label is stored in another form, which `put` would replace."""
    return [each for each, stored in _stored(owner, described) if _is_changed(each, stored)]


def _is_changed(each: Description, stored: dict[str, tuple[str, str]]) -> bool:
    return any(stored.get(number, (label, each.name)) != (label, each.name) for number, label in each.numbers.items())


def _stored(
    owner: Connection, described: Sequence[Description]
) -> Iterator[tuple[Description, dict[str, tuple[str, str]]]]:
    """Return each contact with its stored numbers: number -> label and name."""
    for begin in range(0, len(described), AT_ONCE):
        part = described[begin : begin + AT_ONCE]
        rows = owner.execute(_STORED, [[number for each in part for number in each.numbers]])
        stored = {digits: (label, name) for digits, _, label, name in rows}
        yield from ((each, stored) for each in part)


def listing(owner: Connection, find: str, limit: int) -> list[Contact]:
    """Return the first contacts by id whose name or numbers contain `find`."""
    return [Contact(*row) for row in owner.execute(_LISTING, [find, find, limit])]


def calls(owner: Connection, contact: int, limit: int) -> list[ContactCall]:
    """Return the newest phone calls of a contact."""
    return [ContactCall(*row) for row in owner.execute(_CALLS, [contact, limit])]


def _put(owner: Connection, described: Sequence[Description]) -> int:
    numbers = [number for each in described for number in each.numbers]
    owners: dict[str, int] = {row[0]: row[1] for row in owner.execute(_OWNERS, [numbers])}
    ids = [_owner(each, owners) for each in described]
    _check_alone(zip(ids, described, strict=True))
    fresh = iter(owner.execute(_NEW_IDS, [ids.count(None)]))
    rows = [
        {"id": next(fresh)[0] if known is None else known, "name": each.name, "numbers": each.numbers}
        for known, each in zip(ids, described, strict=True)
    ]
    owner.execute(_PUT, [json.dumps(rows)])
    return ids.count(None)


def _owner(each: Description, owners: dict[str, int]) -> int | None:
    ids = {owners[number] for number in each.numbers if number in owners}
    if len(ids) > 1:
        raise ContactRefused(
            f"The numbers of {each.name!r} belong to the contacts {', '.join(map(str, sorted(ids)))} already"
        )
    return ids.pop() if ids else None


def _check_alone(pairs: Iterable[tuple[int | None, Description]]) -> None:
    """Refuse two descriptions of the same contact. Raise ContactRefused."""
    names: dict[int, str] = {}
    for known, each in pairs:
        if known is not None and names.setdefault(known, each.name) is not each.name:
            raise ContactRefused(f"{names[known]!r} and {each.name!r} have numbers of the same contact, {known}")
