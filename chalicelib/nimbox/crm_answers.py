"""What a NiMbox server's answer to a new phone call means; only documented shapes are believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple

from chalicelib.texts import encodable

#: The longest answer that is read, in bytes, and how much of one is told.
BODY_LIMIT = 65_536
REASON_LIMIT = 300

# A gateway that gave up knows nothing of what its server did.
_GATEWAY = {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}


class Verdict(NamedTuple):
    """What became of a phone call: `delivered`, `rejected` by the server's own word, or still `pending`.

    `repeats` counts requests beyond the first. `lost` says that the server may have the call although it is pending;
    `resent`, that a request followed one whose answer was lost; `halts`, that no other call would fare better now.
    """

    state: str
    reason: str = ""
    contact_id: str = ""
    phonecall_id: str = ""
    repeats: int = 0
    lost: bool = False
    resent: bool = False
    halts: bool = False


def read(status: int, body: bytes, without_secrets: Callable[[str], str] = str) -> Verdict:
    """The verdict of an answer; its reason quotes what `without_secrets` leaves of it.

    Documented errors come with status 200; a 4xx is believed as well, a 5xx never is.
    """
    content = _parsed(body)
    if isinstance(content, dict) and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        if content.get("error") is True and isinstance(content.get("errors", {}), dict):
            return _refused(status, content.get("errors", {}), without_secrets)
        identities = [content.get("contactId"), content.get("phonecallId")]
        if (
            status < HTTPStatus.MULTIPLE_CHOICES
            and content.get("error") is False
            and all(map(_is_identity, identities))
        ):
            return Verdict("delivered", contact_id=tell(identities[0]), phonecall_id=tell(identities[1]))
    text = without_secrets(body.decode(errors="replace"))
    reason = tell(f"an unexpected answer, status {status}: {text or 'nothing'}")
    lost = status < HTTPStatus.MULTIPLE_CHOICES or status in _GATEWAY
    return Verdict("pending", reason, lost=lost, halts=status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def tell(content: object) -> str:
    """The beginning of a text, fit for people and for PostgreSQL."""
    text = "".join(character if character.isprintable() else " " for character in str(content)[: 4 * REASON_LIMIT])
    return " ".join(encodable(text).split())[:REASON_LIMIT]


def _refused(status: int, errors: dict[str, Any], without_secrets: Callable[[str], str]) -> Verdict:
    said = without_secrets(json.dumps(errors, ensure_ascii=False)) if errors else "the CRM gave no reason"
    reason = tell(said)
    # Nothing is wrong with the call then, and every other one would be refused too.
    if "token" in errors or status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Verdict("pending", reason, halts=True)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Verdict("pending", reason)
    return Verdict("rejected", reason)


def _parsed(body: bytes) -> object:
    if len(body) > BODY_LIMIT:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _is_identity(value: object) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and value.strip() != "")
