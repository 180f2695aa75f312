"""Jobs: work that was ordered over HTTP and is done by a Lambda of its own, which can go on where another stopped."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.errors import RingledgerError
from chalicelib.operations.operator_answers import Job
from chalicelib.platform.postgres import Connection, Row

#: A job whose process has not moved it for so many seconds may be taken by another.
LEASE_SECONDS = 120

_COLUMNS = """
id::text, kind, parameters, created_by, created_at, CASE
    WHEN failure <> '' THEN 'failed' WHEN ended_at IS NOT NULL THEN 'done'
    WHEN alive_until > now() AT TIME ZONE 'UTC' THEN 'running' ELSE 'waiting'
END, done, total, failure, result
"""
_ADD = f"""
INSERT INTO ledger.jobs (id, kind, parameters, created_by) VALUES (%s, %s, %s, %s) RETURNING {_COLUMNS}
"""  # noqa: S608 - a constant of this module
_ONE = f"SELECT {_COLUMNS} FROM ledger.jobs WHERE id = %s"  # noqa: S608 - as above
_LATEST = f"SELECT {_COLUMNS} FROM ledger.jobs ORDER BY created_at DESC, id LIMIT %s"  # noqa: S608 - as above
_ALIVE = f"now() AT TIME ZONE 'UTC' + interval '{LEASE_SECONDS} seconds'"
_TAKE = f"""
UPDATE ledger.jobs SET alive_until = {_ALIVE}
WHERE id = %s AND ended_at IS NULL AND (alive_until IS NULL OR alive_until < now() AT TIME ZONE 'UTC')
RETURNING kind, parameters, position, result
"""  # noqa: S608 - as above
_MOVE = f"""
UPDATE ledger.jobs SET position = %s, done = %s, total = %s, result = %s, alive_until = {_ALIVE} WHERE id = %s
"""  # noqa: S608 - as above
_LEAVE = "UPDATE ledger.jobs SET alive_until = NULL WHERE id = %s"
_END = "UPDATE ledger.jobs SET ended_at = now() AT TIME ZONE 'UTC', failure = %s WHERE id = %s"


class UnknownJob(RingledgerError):
    """There is no job with this id."""

    code = "unknown-job"
    status = 404


def add(database: Connection, identity: str, order: dict[str, Any], created_by: str) -> Job:
    """Store an order and return its job. Ordering it again under the same `identity` is an error of the caller."""
    parameters = {name: value for name, value in order.items() if name != "kind"}
    return _job(database.execute(_ADD, [identity, order["kind"], json.dumps(parameters), created_by])[0])


def find(database: Connection, identity: str) -> Job:
    """Return one job. Raises UnknownJob."""
    rows = database.execute(_ONE, [identity])
    if not rows:
        raise UnknownJob
    return _job(rows[0])


def latest(database: Connection, limit: int) -> list[Job]:
    """Return the latest jobs."""
    return [_job(row) for row in database.execute(_LATEST, [limit])]


class Held:
    """A job that this process does."""

    def __init__(self, owner: Connection, identity: str, row: Row) -> None:
        """Begin at the stored position."""
        self.kind: str = row[0]
        self.parameters: dict[str, Any] = row[1]
        self.position: str = row[2]
        self.result: dict[str, Any] = row[3]
        self._owner = owner
        self._identity = identity

    def move(self, position: str, done: int, total: int | None) -> None:
        """Store how far the work is, and keep the job for another while."""
        self.position = position
        self._owner.execute(_MOVE, [position, done, total, json.dumps(self.result), self._identity])

    def leave(self) -> None:
        """Let another process go on with the job at once."""
        self._owner.execute(_LEAVE, [self._identity])

    def end(self, failure: str = "") -> None:
        """Note that the job ended, with the reason when it failed."""
        self._owner.execute(_END, [failure[:2_000], self._identity])


def hold(owner: Connection, identity: str) -> Held | None:
    """Take a job; return None when it ended, or when another process does it."""
    rows = owner.execute(_TAKE, [identity])
    return Held(owner, identity, rows[0]) if rows else None


def _job(row: Row) -> Job:
    return Job(**dict(zip(Job.model_fields, row, strict=True)))
