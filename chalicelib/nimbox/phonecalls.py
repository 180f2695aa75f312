"""Phone calls of the service in the database: each becomes a call of the ledger once, and may be deleted with it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

from chalicelib.nimbox.parameters import BadParameters, Phonecall
from chalicelib.platform.postgres import Connection

#: Clients of the original service may match on it, so it stays in its language.
UNKNOWN_DESTINATION = "no se consiguió el número de destino en la base de datos"
REASON = "created through the phone-call service"

_CREATE = "SELECT contact_id, phonecall_id FROM ledger.create_phonecall(%s, %s, %s)"

_DELETE = """
WITH gone AS (
    DELETE FROM ledger.phonecalls WHERE initiated >= %s AND initiated < %s RETURNING inviteid, own
),
own AS MATERIALIZED (SELECT inviteid FROM gone WHERE own),
success AS (DELETE FROM calls.success USING own WHERE success.inviteid = own.inviteid),
cancelled AS (DELETE FROM calls.cancelled USING own WHERE cancelled.inviteid = own.inviteid),
record AS (DELETE FROM ledger.records USING own WHERE records.inviteid = own.inviteid)
SELECT count(*) FROM gone
"""


class Created(NamedTuple):
    """The ids of a phone call and of the contact that it belongs to."""

    contact: int
    phonecall: int


def create(writer: Connection, call: Phonecall, *, new_contacts: bool) -> Created:
    """Store `call` for the contact that it went to; one that is there already keeps what it has.

    Where Ringledger has no record of the call by itself it makes one, answered unless its duration is 0. Raises
    BadParameters when the destination is no contact's, unless `new_contacts`; Unavailable when the database is away.
    """
    told = asdict(call) | {"inviteid": call.inviteid}
    facts = {"reasons": [REASON]} | ({"link": call.link} if call.link else {})
    ((contact, phonecall),) = writer.execute(_CREATE, [json.dumps(told, default=str), json.dumps(facts), new_contacts])
    if phonecall is None:
        raise BadParameters({"destination": UNKNOWN_DESTINATION})
    return Created(contact, phonecall)


def delete(writer: Connection, since: datetime, until: datetime) -> int:
    """Delete the phone calls initiated from `since` until before `until`, with the records made for them; how many."""
    return int(writer.execute(_DELETE, [since, until])[0][0])
