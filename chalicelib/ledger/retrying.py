"""New attempts with messages in quarantine."""

from __future__ import annotations

from chalicelib.envelope import reading
from chalicelib.ledger import quarantine, store
from chalicelib.platform.postgres import Connection


def retry(owner: Connection, identity: str) -> str:
    """Try a message again; return why it still cannot be read, or an empty text when it is stored.

    Raises NotInQuarantine, UnreadableMessage, and the errors of `store.take`.
    """
    kept = quarantine.find(owner, identity)
    refused = store.take(owner, [reading.read_again(kept.message.decode(errors="replace"))])
    if refused:
        return refused[0].reason
    quarantine.understood(owner, kept.id)
    return ""
