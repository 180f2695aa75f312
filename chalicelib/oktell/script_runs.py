"""The runs of scripts: how each ended, and its value, which the caller may fetch for a week."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from chalicelib.platform.postgres import Connection

#: How a run is going, or how it ended. TYPE is a value that is no text, or a too long one.
RUNNING, FINAL, CRASH, TIMEOUT, TYPE = "running", "final", "error", "timeout", "type"

_START = "INSERT INTO ledger.script_runs (run, script, integration) VALUES (%s, %s, %s) ON CONFLICT (run) DO NOTHING"
_END = "UPDATE ledger.script_runs SET ended_at = now(), outcome = %s, reason = %s, value = %s WHERE run = %s"
_FORGET = "DELETE FROM ledger.script_runs WHERE started_at < now() - interval '7 days'"
# A run that is over its time has died with its Lambda.
_FIND = """
SELECT
    CASE WHEN outcome = 'running' AND started_at < now() - %s * interval '1 second' THEN 'error' ELSE outcome END,
    value
FROM ledger.script_runs WHERE run = %s AND integration = %s
"""


class StoredRun(NamedTuple):
    """The outcome of a run, and its value, or None if it has none."""

    outcome: str
    value: str | None


def start(writer: Connection, run: str, script: str, integration: str) -> None:
    """Store that a run began. A second call changes nothing."""
    writer.execute(_START, [run, script, integration])


def end(writer: Connection, run: str, outcome: str, reason: str, value: str | None) -> None:
    """Store how a run ended, and delete the runs of more than a week ago."""
    writer.execute(_END, [outcome, _storable(reason), None if value is None else _storable(value), run])
    writer.execute(_FORGET)


def _storable(text: str) -> str:
    """Return the text without NUL and surrogates, which PostgreSQL cannot store."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def find(database: Connection, run: UUID, integration: str, seconds: int) -> StoredRun | None:
    """Return a run of this integration, or None. A run without an outcome after `seconds` has crashed."""
    rows = database.execute(_FIND, [seconds, str(run), integration])
    return StoredRun(*rows[0]) if rows else None
