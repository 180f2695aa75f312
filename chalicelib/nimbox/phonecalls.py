"""The service's phone calls in the database. Each becomes one call of the ledger, and is deleted together with it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.nimbox.parameters import BadParameters, Phonecall
from chalicelib.platform.postgres import Connection

#: Clients of the original service may match this text, so it stays in Spanish.
UNKNOWN_DESTINATION = "no se consiguió el número de destino en la base de datos"
REASON = "created through the phone-call service"

#: A script and a PBX report the same call within this time.
LATE = timedelta(days=1)
#: An integration that deletes more calls than this within an hour raises an alarm.
UNUSUAL_DELETION = 1_000

CREATE = "SELECT contact_id, phonecall_id FROM ledger.create_phonecall(%s, %s, %s, %s)"

_DELETE = """
WITH gone AS (
    DELETE FROM ledger.phonecalls
    WHERE integration = %(integration)s AND initiated >= %(since)s AND initiated < %(until)s RETURNING inviteid, own
),
lately AS (
    SELECT coalesce(sum(deleted), 0) AS deleted FROM ledger.phonecall_deletions
    WHERE integration = %(integration)s AND deleted_at > now() - interval '1 hour'
),
entry AS (
    INSERT INTO ledger.phonecall_deletions (integration, since, until, deleted)
    SELECT %(integration)s, %(since)s, %(until)s, count(*) FROM gone
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
SELECT count(*), (SELECT deleted FROM lately) FROM gone
"""

_JOIN_LATE = "SELECT ledger.join_late_phonecalls(%s)"

_OWNERS = """
SELECT integration, count(*), min(initiated), max(initiated) FROM ledger.phonecalls GROUP BY integration ORDER BY 1
"""

_GIVE = """
WITH given AS (UPDATE ledger.phonecalls SET integration = %s WHERE integration = %s RETURNING 1)
SELECT count(*) FROM given
"""

_DELETIONS = """
SELECT deleted_at AT TIME ZONE 'UTC', integration, since, until, deleted
FROM ledger.phonecall_deletions ORDER BY id DESC LIMIT %s
"""


class Created(NamedTuple):
    """The ids of a phone call and of its contact."""

    contact: int
    phonecall: int


class DeletedCount(NamedTuple):
    """The number of deleted calls, and if the integration has deleted unusually many within an hour."""

    calls: int
    unusual: bool


class CallOwner(NamedTuple):
    """An integration, the number of its phone calls, and the times of the first and the last, in naive UTC."""

    integration: str
    calls: int
    first: datetime
    last: datetime


class Deletion(NamedTuple):
    """A deletion by an integration: when it was, and from which time to before which, in naive UTC."""

    deleted_at: datetime
    integration: str
    since: datetime
    until: datetime
    deleted: int


def create(
    writer: Connection, call: Phonecall, integration: str = "", *, new_contacts: bool, rejection: str = ""
) -> Created:
    """Store `call` of an integration for the contact of its destination. A call that exists stays as it is.

    If Ringledger has no record of the call, create one: answered unless its duration is 0. With `new_contacts`, an
    unknown destination becomes a contact; otherwise raise BadParameters. A kept rejection with the key `rejection` is
    over. Raise Unavailable if the database is away.
    """
    fields = call.model_dump() | {"inviteid": call.inviteid, "integration": integration}
    facts = {"reasons": [REASON]} | ({"link": call.link} if call.link else {})
    ((contact, phonecall),) = writer.execute(
        CREATE, [json.dumps(fields, default=str), json.dumps(facts), new_contacts, rejection]
    )
    if phonecall is None:
        raise BadParameters({"destination": UNKNOWN_DESTINATION})
    return Created(contact, phonecall)


def delete(writer: Connection, integration: str, since: datetime, until: datetime) -> DeletedCount:
    """Delete an integration's phone calls from `since` to before `until`, with the records made for them."""
    values = {"integration": integration, "since": since, "until": until}
    count, lately = writer.execute(_DELETE, values)[0]
    return DeletedCount(count, count + int(lately) > UNUSUAL_DELETION)


def join_late(owner: Connection, since: datetime) -> int:
    """Join phone calls since then with the PBX's records that were made in the same instant. Return their number."""
    return int(owner.execute(_JOIN_LATE, [since])[0][0])


def owners(owner: Connection) -> list[CallOwner]:
    """Return the integrations that have phone calls. Calls of unknown origin belong to the empty name."""
    return [CallOwner(*row) for row in owner.execute(_OWNERS)]


def give(owner: Connection, former: str, new: str) -> int:
    """Give the phone calls of the integration `former` to the integration `new`, and return their number."""
    return int(owner.execute(_GIVE, [new, former])[0][0])


def deletions(owner: Connection, limit: int) -> list[Deletion]:
    """Return the latest deletions."""
    return [Deletion(*row) for row in owner.execute(_DELETIONS, [limit])]
