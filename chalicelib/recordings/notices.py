"""Sends messages about recordings that became ready, failed or were deleted.

Their schema is `notice.schema.json` in this folder. A message may be sent twice; both copies have the same `id`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from chalicelib.calls.records import NAMESPACE
from chalicelib.errors import Unavailable
from chalicelib.platform import queues, topics
from chalicelib.platform.postgres import Connection

OVERDUE_LIMIT = 500
QUEUE_PREFIXES = ("http://", "https://", "arn:aws:sqs:", "arn:aws-cn:sqs:")

# The column `told` holds the last state that a message went out about.
_DUE = """
SELECT inviteid::text, state, changed_at, provider, client, recording, reason, storage, path, size, expires_at
FROM ledger.recordings WHERE inviteid = ANY (%s::uuid[]) AND told <> state ORDER BY inviteid
"""
_MARK_SENT = "UPDATE ledger.recordings SET told = %s WHERE inviteid = %s AND state = %s"
_OVERDUE = """
SELECT inviteid FROM ledger.recordings
WHERE told <> state AND state IN ('ready', 'failed', 'deleted') AND changed_at < now() - interval '1 minute'
ORDER BY changed_at LIMIT %s
"""

logger = logging.getLogger(__name__)


class _Change(NamedTuple):
    """A change of state that no message was sent about yet."""

    inviteid: str
    state: str
    changed: datetime
    provider: str
    client: str
    recording: str
    reason: str
    storage: str | None
    path: str | None
    size: int | None
    expires: datetime | None


def send(writer: Connection, target: str, inviteids: Sequence[UUID]) -> int:
    """Send a message about the recording of each of these calls to `target`, an SQS queue or an SNS topic.

    Return the number of messages. When the target is away, the hourly maintenance sends the rest. Without a target,
    the changes count as sent.
    """
    count = 0
    for row in writer.execute(_DUE, [[str(inviteid) for inviteid in inviteids]]):
        change = _Change(*row)
        if target:
            try:
                _send(target, json.dumps(_message(change)))
            except Unavailable:
                logger.warning("messages about recordings wait for the maintenance")
                return count
            count += 1
        writer.execute(_MARK_SENT, [change.state, change.inviteid, change.state])
    return count


def send_overdue(writer: Connection, target: str) -> int:
    """Send the messages that were not sent when the state changed, and return their number."""
    return send(writer, target, [inviteid for (inviteid,) in writer.execute(_OVERDUE, [OVERDUE_LIMIT])])


def _send(target: str, message: str) -> None:
    if target.startswith(QUEUE_PREFIXES):
        queues.send_all(queues.url_of(target), [message])
    else:
        topics.publish(target, message)


def _message(change: _Change) -> dict[str, object]:
    at = change.changed.astimezone(UTC).isoformat(timespec="microseconds")
    facts = {"reason": change.reason, "storage": change.storage, "path": change.path, "size": change.size}
    return {
        "event": f"recording.{change.state}",
        "id": str(uuid5(NAMESPACE, f"{change.inviteid} {change.state} {at}")),
        "at": at,
        "inviteid": change.inviteid,
        "provider": change.provider,
        "client": change.client,
        "recording": change.recording,
        **{name: value for name, value in facts.items() if value},
        **({"expires": f"{change.expires.isoformat(timespec='seconds')}Z"} if change.expires else {}),
    }
