"""The quarantine: webhooks that could not be read, and messages that failed at every attempt, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib import metrics
from chalicelib.envelope import reading
from chalicelib.envelope.reading import UnreadableMessage
from chalicelib.errors import RingledgerError
from chalicelib.ledger.intake import RefusedWebhook
from chalicelib.ledger.rows import columns
from chalicelib.platform.postgres import Connection, Row
from chalicelib.texts import storable

_KEEP = """
INSERT INTO ledger.quarantine (id, provider, extension, reason, message)
SELECT * FROM unnest(%s::text[], %s::text[], %s::integer[], %s::text[], %s::bytea[]) AS refused (id) ORDER BY id
ON CONFLICT (id) DO NOTHING RETURNING id
"""
_LISTING = """
SELECT id, quarantined_at, provider, extension, reason, message, retried_at FROM ledger.quarantine
WHERE retried_at IS NULL OR %s ORDER BY quarantined_at DESC, id LIMIT %s
"""
_ONE = """
SELECT id, quarantined_at, provider, extension, reason, message, retried_at FROM ledger.quarantine WHERE id = %s
"""
_RETRIED = "UPDATE ledger.quarantine SET retried_at = now() WHERE id = %s"


_LARGEST = 2**31


class NotInQuarantine(RingledgerError):
    """The quarantine has no message of this id; `quarantine list` shows those it has."""

    code = "not-in-quarantine"
    status = 404


@dataclass(frozen=True)
class Kept:
    """One message in the quarantine; `retried_at` is when a retry succeeded."""

    id: str
    quarantined_at: datetime
    provider: str
    extension: int
    reason: str
    message: bytes
    retried_at: datetime | None


def keep(writer: Connection, refused: Sequence[RefusedWebhook]) -> None:
    """Store webhooks that cannot be read, each with its reason."""
    rows = [
        (item.message.raw.id, item.message.raw.provider, item.message.extension, item.reason, item.message.text)
        for item in refused
    ]
    _insert(writer, rows)


def set_aside(writer: Connection, identity: str, text: str, reason: str) -> None:
    """Store a message that failed, under the id of its webhook or, if it has none, under `identity`."""
    try:
        message = reading.read(text)
    except UnreadableMessage:
        _insert(writer, [(identity, "", 0, reason, text)])
    else:
        # The message may have failed because one of its values fits no column.
        extension = message.extension if 0 < message.extension < _LARGEST else 0
        _insert(writer, [(message.raw.id, message.raw.provider, extension, reason, text)])


def listing(owner: Connection, *, everything: bool = False, limit: int = 100) -> list[Kept]:
    """Return the newest messages that wait; with `everything`, also those that were retried."""
    return [_kept(row) for row in owner.execute(_LISTING, [everything, limit])]


def find(owner: Connection, identity: str) -> Kept:
    """Return one message. Raises NotInQuarantine."""
    rows = owner.execute(_ONE, [identity])
    if not rows:
        raise NotInQuarantine
    return _kept(rows[0])


def understood(owner: Connection, identity: str) -> None:
    """Note that a retry of a message succeeded. The message stays readable."""
    owner.execute(_RETRIED, [identity])


def _insert(writer: Connection, rows: Sequence[tuple[str, str, int, str, str]]) -> None:
    if rows:
        bare = [
            (name, storable(provider), extension, storable(reason), text.encode(errors="replace"))
            for name, provider, extension, reason, text in rows
        ]
        kept = writer.execute(_KEEP, columns(bare))
        metrics.publish("ingest", {"messages_quarantined": len(kept)})


def _kept(row: Row) -> Kept:
    identity, quarantined_at, provider, extension, reason, message, retried_at = row
    return Kept(identity, quarantined_at, provider, extension, reason, bytes(message), retried_at)
