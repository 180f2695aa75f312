"""Raw events: accepted webhooks as `ledger.events` stores them, and what they report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from chalicelib import providers
from chalicelib.calls.events import CallKey, Event, Raw, Source, Unreadable
from chalicelib.envelope.messages import Message
from chalicelib.ledger.intake import Item
from chalicelib.ledger.rows import as_json
from chalicelib.platform.postgres import Connection, Row

# Sorted: two batches that insert the same keys in different orders would deadlock.
_STORE = """
INSERT INTO ledger.events (
    accepted_at, id, provider, client, call_id, extension, generation, method, query, content_type,
    content_encoding, body, digest, inner_numbers
)
SELECT * FROM json_to_recordset(%s::json) AS event (
    accepted_at timestamp, id uuid, provider text, client text, call_id text, extension integer, generation integer,
    method text, query text, content_type text, content_encoding text, body bytea, digest bytea, inner_numbers text[]
) ORDER BY accepted_at, id
ON CONFLICT DO NOTHING
"""

#: The columns of a raw event and its registered source, of tables or queries named `event` and `source`.
COLUMNS = """
event.id::text, event.accepted_at, event.provider, event.client, event.call_id, event.extension, event.method,
event.query, event.content_type, event.body, event.content_encoding, event.inner_numbers,
source.name, source.type, source.owner, coalesce((source.settings ->> 'external_only')::boolean, false),
coalesce(source.settings ->> 'trunks', '')
"""

DIGEST_BYTES = 16


def store(writer: Connection, items: Sequence[Item]) -> None:
    """Store the webhooks of `items`, each once. Sent with the transaction's next statement."""
    writer.post(_STORE, [as_json([_event(item.message, item.key) for item in items])])


def digest(extension: int, posted: Raw) -> bytes:
    """Return the hash that copies of one webhook share: of its sender, its method and all that was posted."""
    parts = (str(extension), posted.method, posted.query, posted.content_type, posted.content_encoding)
    framed = "".join([f"{len(part)}:{part}" for part in parts])
    return blake2b(framed.encode(errors="replace") + posted.body, digest_size=DIGEST_BYTES).digest()


def events_of(row: Row, items: Mapping[str, Item]) -> Sequence[Event]:
    """Return the events of a stored webhook (a row of COLUMNS); those of `items` are parsed already."""
    item = items.get(row[0])
    if item and item.key == key_of(row) and item.message.raw.inner_numbers == frozenset(row[11]):
        return item.events
    try:
        return providers.parse(_raw(row), _source(row))
    except Unreadable:
        return ()


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Return the rows of COLUMNS in order of acceptance: of several copies, the earliest is the event."""
    return sorted(rows, key=lambda row: (row[1], row[0]))


def key_of(row: Row) -> CallKey:
    """Return the call of a row of COLUMNS."""
    return CallKey(*row[2:5])


def _raw(row: Row) -> Raw:
    identity, accepted_at, provider, _client, _call, _extension, method, query, content_type, body, *rest = row[:12]
    content_encoding, inner_numbers = rest
    return Raw(
        identity, accepted_at, provider, method, query, content_type, bytes(body), content_encoding,
        frozenset(inner_numbers),
    )  # fmt: skip


def _source(row: Row) -> Source:
    # A call keeps the client it was stored with. Ringledger's own events have no extension.
    provider, client, extension = row[2], row[3], row[5]
    name, kind, owner, external_only, trunks = row[12:]
    if name is None:
        return Source(extension, provider, client, "")
    return Source(extension, provider, client, name, kind, owner, external_only, trunks=trunks)


def _event(message: Message, key: CallKey) -> dict[str, object]:
    raw = message.raw
    return {
        "accepted_at": raw.accepted_at,
        "id": raw.id,
        "provider": key.provider,
        "client": key.client,
        "call_id": key.id,
        "extension": message.extension,
        "generation": message.generation,
        "method": raw.method,
        "query": raw.query,
        "content_type": raw.content_type,
        "content_encoding": raw.content_encoding,
        "body": f"\\x{raw.body.hex()}",
        "digest": f"\\x{digest(message.extension, raw).hex()}",
        "inner_numbers": sorted(raw.inner_numbers),
    }
