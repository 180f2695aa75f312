"""The service's phone calls in the database. Each becomes one call of the ledger, and is deleted together with it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import NamedTuple

from chalicelib.nimbox.parameters import BadParameters, Phonecall
from chalicelib.platform.postgres import Connection

#: Clients of the original service may match this text, so it stays in Spanish.
UNKNOWN_DESTINATION = "no se consiguió el número de destino en la base de datos"
REASON = "created through the phone-call service"

_CREATE = "SELECT contact_id, phonecall_id FROM ledger.create_phonecall(%s, %s, %s)"

_DELETE = """
WITH gone AS (
    DELETE FROM ledger.phonecalls WHERE initiated >= %(since)s AND initiated < %(until)s RETURNING inviteid, own
),
own AS MATERIALIZED (SELECT inviteid FROM gone WHERE own),
-- A record that was made for a phone call was invited when it was initiated; the period as constants tells the months.
success AS (
    DELETE FROM calls.success USING own
    WHERE success.inviteid = own.inviteid AND invitedt >= %(since)s AND invitedt < %(until)s
),
cancelled AS (
    DELETE FROM calls.cancelled USING own
    WHERE cancelled.inviteid = own.inviteid AND invitedt >= %(since)s AND invitedt < %(until)s
),
record AS (DELETE FROM ledger.records USING own WHERE records.inviteid = own.inviteid)
SELECT count(*) FROM gone
"""


class Created(NamedTuple):
    """The ids of a phone call and of its contact."""

    contact: int
    phonecall: int


def create(writer: Connection, call: Phonecall, *, new_contacts: bool) -> Created:
    """Store `call` for the contact of its destination. A call that exists already stays as it is.

    If Ringledger has no record of the call, create one: answered unless its duration is 0. With `new_contacts`, an
    unknown destination becomes a contact; otherwise raise BadParameters. Raise Unavailable if the database is away.
    """
    fields = call.model_dump() | {"inviteid": call.inviteid}
    facts = {"reasons": [REASON]} | ({"link": call.link} if call.link else {})
    ((contact, phonecall),) = writer.execute(
        _CREATE, [json.dumps(fields, default=str), json.dumps(facts), new_contacts]
    )
    if phonecall is None:
        raise BadParameters({"destination": UNKNOWN_DESTINATION})
    return Created(contact, phonecall)


def delete(writer: Connection, since: datetime, until: datetime) -> int:
    """Delete phone calls from `since` to before `until`, with the records made for them. Return their number."""
    return int(writer.execute(_DELETE, {"since": since, "until": until})[0][0])
