"""Recordings that wait for their turn are queued, and those whose time is over are deleted."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chalicelib.ledger import recording_files, recording_notices, recording_queue, recordings
from chalicelib.ledger.recording_files import Held
from chalicelib.platform.postgres import Connection
from chalicelib.settings import Settings

# A message that is on its way is not sent again at once.
OVERDUE_SECONDS = 600
AT_ONCE = 200
# What one hour's turn has time for; the next one goes on.
LIMIT = 10_000

_EXPIRED = """
SELECT recexpirets, inviteid, callstoragecode, callrecpath FROM calls.success
WHERE recexpirets IS NOT NULL AND callrecdel_dt IS NULL AND callrecpath <> ''
    AND recexpirets <= %s AND (recexpirets, inviteid) > (%s, %s)
ORDER BY recexpirets, inviteid LIMIT %s
"""


def queue_overdue(writer: Connection, settings: Settings) -> int:
    """Queue the files whose message was lost, or could not wait as long as they must; answers how many."""
    if not settings.recordings_queue_url:
        return 0
    files = recording_queue.overdue(writer, OVERDUE_SECONDS)
    recording_queue.send(settings.recordings_queue_url, files)
    return len(files)


def delete_expired(writer: Connection, settings: Settings, now: datetime) -> int:
    """Delete the files whose time was over at `now`, naive UTC; answers how many calls lost theirs.

    The object goes first: broken off in between, the next turn deletes what is gone already. Raises Unavailable.
    """
    count = 0
    after: list[object] = [datetime.min, str(UUID(int=0))]  # noqa: DTZ901 - before any file
    while count < LIMIT and (rows := writer.execute(_EXPIRED, [now, *after, AT_ONCE])):
        after = list(rows[-1][:2])
        gone = recording_files.delete_expired(writer, settings, [Held(*row[1:]) for row in rows], now)
        changed = recordings.settle_deleted(writer, gone, now) if gone else []
        recording_notices.tell(writer, settings.recording_target, changed)
        count += len(changed)
    return count
