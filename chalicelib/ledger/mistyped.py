"""Flags extensions that are registered as phones and send Bridged, which IVRs and queues alone send."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib import metrics
from chalicelib.ledger.intake import Item
from chalicelib.ledger.rows import columns
from chalicelib.platform.postgres import Connection

# One address may serve several extensions: only the one whose name the event has is flagged.
_FLAG = """
UPDATE ledger.extensions AS extension SET mistyped_at = now()
FROM unnest(%s::bigint[], %s::text[]) AS sender (id, name)
WHERE extension.id = sender.id AND extension.mistyped_at IS NULL
    AND sender.name IN (extension.name, extension.client || '*' || extension.name)
"""


def flag(writer: Connection, items: Iterable[Item]) -> None:
    """Note in the registry which of the senders of `items` have the wrong type, with the next statement.

    Call it last in a transaction, so that the order of locks is the same in all of them.
    """
    senders = {
        (item.message.extension, event.extension) for item in items for event in item.events if event.is_mistyped
    }
    if senders:
        writer.post(_FLAG, columns(sorted(senders)))
        metrics.publish("ingest", {"mistyped_extensions": len(senders)})
