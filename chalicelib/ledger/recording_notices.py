"""Messages about recordings that became ready, failed or were deleted, to whoever wants to know.

Their schema is `recording_notice.schema.json` beside this file. A message may come twice: `id` is the same then.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5

from chalicelib.calls.records import NAMESPACE
from chalicelib.errors import Unavailable
from chalicelib.platform import queues, topics
from chalicelib.platform.postgres import Connection

AT_ONCE = 500
QUEUE = ("http://", "https://", "arn:aws:sqs:", "arn:aws-cn:sqs:")

_UNTOLD = """
SELECT inviteid::text, state, changed_at, provider, client, recording, reason, storage, path, size, expires_at
FROM ledger.recordings WHERE inviteid = ANY (%s::uuid[]) AND told <> state ORDER BY inviteid
"""
_TOLD = "UPDATE ledger.recordings SET told = %s WHERE inviteid = %s AND state = %s"
_FORGOTTEN = """
SELECT inviteid FROM ledger.recordings
WHERE told <> state AND state IN ('ready', 'failed', 'deleted') AND changed_at < now() - interval '1 minute'
ORDER BY changed_at LIMIT %s
"""

logger = logging.getLogger(__name__)


def tell(writer: Connection, target: str, inviteids: Sequence[UUID]) -> int:
    """Tell `target`, an SQS queue or an SNS topic, what has become of these calls' recordings.

    Answers how many messages went out. What cannot be told now is told by the maintenance; without a target nothing
    is to be told.
    """
    count = 0
    for row in writer.execute(_UNTOLD, [[str(inviteid) for inviteid in inviteids]]):
        if target:
            try:
                _send(target, json.dumps(_message(*row)))
            except Unavailable:
                logger.warning("messages about recordings wait for the maintenance")
                return count
            count += 1
        writer.execute(_TOLD, [row[1], row[0], row[1]])
    return count


def tell_forgotten(writer: Connection, target: str) -> int:
    """Tell what should have been told before, and answer how much that was."""
    return tell(writer, target, [inviteid for (inviteid,) in writer.execute(_FORGOTTEN, [AT_ONCE])])


def _send(target: str, message: str) -> None:
    if target.startswith(QUEUE):
        queues.send(queues.url_of(target), message)
    else:
        topics.publish(target, message)


def _message(  # noqa: PLR0913, PLR0917 - the columns of a row
    inviteid: str,
    state: str,
    changed: datetime,
    provider: str,
    client: str,
    recording: str,
    reason: str,
    storage: str | None,
    path: str | None,
    size: int | None,
    expires: datetime | None,
) -> dict[str, object]:
    at = changed.astimezone(UTC).isoformat(timespec="microseconds")
    facts = {"reason": reason, "storage": storage, "path": path, "size": size}
    return {
        "event": f"recording.{state}",
        "id": str(uuid5(NAMESPACE, f"{inviteid} {state} {at}")),
        "at": at,
        "inviteid": inviteid,
        "provider": provider,
        "client": client,
        "recording": recording,
        **{name: value for name, value in facts.items() if value},
        **({"expires": f"{expires.isoformat(timespec='seconds')}Z"} if expires else {}),
    }
