"""What a webhook looks like in the queue `call-events`: its own bytes in an envelope of ASCII JSON."""

from __future__ import annotations

import json
from base64 import b64encode

from chalicelib.calls.events import Raw
from chalicelib.calls.messages import VERSION
from chalicelib.webhook_keys import Key


def wrapped(raw: Raw, key: Key, quarantine: str) -> str:
    """The message for `raw`; `quarantine` says why it cannot be understood, and is empty when it can."""
    envelope = {
        "version": VERSION,
        "id": raw.id,
        "accepted": f"{raw.accepted_at.isoformat(timespec='microseconds')}Z",
        "provider": raw.provider,
        "extension": key.extension,
        "generation": key.generation,
        "method": raw.method,
        "query": raw.query,
        "content_type": raw.content_type,
        "content_encoding": raw.content_encoding,
        "body": b64encode(raw.body).decode("ascii"),
    }
    return json.dumps(envelope | ({"quarantine": quarantine} if quarantine else {}))
