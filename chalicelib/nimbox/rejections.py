"""Requests that the phone-call service has refused. They are kept until the call is created."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.calls.numbers import digits
from chalicelib.nimbox import contacts, phonecalls
from chalicelib.nimbox.contacts import Description
from chalicelib.nimbox.parameters import BadParameters, Clock, phonecall
from chalicelib.platform.postgres import Connection
from chalicelib.texts import encodable

KEY = ("initiated", "source", "destination")
NAMES = (*KEY, "duration", "url")
#: The longest part of a parameter that is kept, in characters, and the time after which a rejection is forgotten.
LONGEST = 300
DAYS = 400

# A few old rows go with each new one.
_KEEP = """
WITH old AS (
    DELETE FROM ledger.rejected_phonecalls WHERE id IN (
        SELECT id FROM ledger.rejected_phonecalls WHERE last_at < now() - %(days)s * interval '1 day' LIMIT 10
    )
)
INSERT INTO ledger.rejected_phonecalls AS known (integration, key, number, reason, parameters)
VALUES (%(integration)s, %(key)s, %(number)s, %(reason)s, %(parameters)s)
ON CONFLICT (integration, key) DO UPDATE
SET times = known.times + 1, last_at = now(), reason = excluded.reason, parameters = excluded.parameters
"""

_LISTING = """
SELECT number, reason, count(*), sum(times), min(first_at) AT TIME ZONE 'UTC', max(last_at) AT TIME ZONE 'UTC',
    array_agg(DISTINCT integration)
FROM ledger.rejected_phonecalls GROUP BY number, reason ORDER BY sum(times) DESC, number LIMIT %s
"""

_UNKNOWN = """
SELECT DISTINCT number FROM ledger.rejected_phonecalls
WHERE reason = %s AND (%s OR number = ANY (%s)) AND ledger.contact_of(number) IS NULL ORDER BY number
"""

_OF_KNOWN = """
SELECT integration, key, parameters FROM ledger.rejected_phonecalls
WHERE reason = %s AND ledger.contact_of(number) IS NOT NULL ORDER BY id
"""


class Rejection(NamedTuple):
    """A refused number and the reason: how many calls there were, how often they were offered, and by which tokens."""

    number: str
    reason: str
    calls: int
    times: int
    first_at: datetime
    last_at: datetime
    integrations: Sequence[str]


class Resolved(NamedTuple):
    """The number of new contacts, and of kept calls that were created."""

    contacts: int
    calls: int


def key(parameters: Mapping[str, str]) -> str:
    """Return the digest that identifies a request: equal times and numbers, as they were sent, have equal ones."""
    values = [parameters.get(name, "") for name in KEY]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def keep(writer: Connection, integration: str, parameters: Mapping[str, str], error: BadParameters) -> None:
    """Keep a refused request, or count it once more."""
    kept = {name: _storable(parameters.get(name, "")) for name in NAMES}
    values = {
        "integration": integration,
        "key": key(parameters),
        "number": digits(kept["destination"]) or kept["destination"],
        "reason": "; ".join(f"{name}: {text}" for name, text in error.faults.items()),
        "parameters": json.dumps(kept),
        "days": DAYS,
    }
    writer.execute(_KEEP, values)


def listing(owner: Connection, limit: int) -> list[Rejection]:
    """Return the refused numbers with their reasons, those that were offered most often first."""
    return [Rejection(*row) for row in owner.execute(_LISTING, [limit])]


def register(owner: Connection, numbers: Sequence[str], name: str, clock: Clock) -> Resolved:
    """Make a contact of each refused number, or of these `numbers` only, and create its kept calls."""
    wanted = [digits(number) for number in numbers]
    unknown = [row[0] for row in owner.execute(_UNKNOWN, [UNKNOWN, not wanted, wanted])]
    described = [Description(name, {number: ""}) for number in unknown]
    new = contacts.put(owner, described, lambda _: None)
    return Resolved(new, create_known(owner, clock, lambda _: None))


def create_known(owner: Connection, clock: Clock, done: Callable[[int], None]) -> int:
    """Create every kept call whose number has a contact by now. `done` receives their number. Return it."""
    created = 0
    for integration, identity, parameters in owner.execute(_OF_KNOWN, [UNKNOWN]):
        call = phonecall(parameters, clock)
        phonecalls.create(owner, call, integration, new_contacts=False, rejection=identity)
        # The call may have existed already, under another spelling of its time.
        owner.execute("DELETE FROM ledger.rejected_phonecalls WHERE key = %s", [identity])
        created += 1
        done(created)
    return created


UNKNOWN = f"destination: {phonecalls.UNKNOWN_DESTINATION}"


def _storable(text: str) -> str:
    return encodable(text.replace("\0", ""))[:LONGEST]
