"""The answers of a NiMbox server to a new phone call, and the verdict that each means. Only documented shapes count."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, Field, StrictBool, StrictInt, StrictStr, TypeAdapter

from chalicelib.texts import encodable

#: The longest answer that is read, in bytes, and the longest quotation of one, in characters.
BODY_LIMIT = 65_536
REASON_LIMIT = 300

# A gateway that gave up does not know if its server took the call.
_GATEWAY = {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}


def _is_true(value: bool) -> bool:  # noqa: FBT001 - a pydantic validator
    if not value:
        raise ValueError("not a refusal")
    return value


def _is_false(value: bool) -> bool:  # noqa: FBT001 - a pydantic validator
    if value:
        raise ValueError("not a success")
    return value


def _not_blank(value: int | str) -> int | str:
    if isinstance(value, str) and not value.strip():
        raise ValueError("an empty id")
    return value


Identity = Annotated[StrictInt | StrictStr, AfterValidator(_not_blank)]


class CrmAcceptance(BaseModel):
    """The answer to a call that the server has stored."""

    error: Annotated[StrictBool, AfterValidator(_is_false)]
    contact: Identity = Field(alias="contactId")
    phonecall: Identity = Field(alias="phonecallId")


class CrmRefusal(BaseModel):
    """The answer to a call that the server refused, with a text for each wrong parameter."""

    error: Annotated[StrictBool, AfterValidator(_is_true)]
    errors: dict[str, Any] = Field(default_factory=dict)


_ANSWER: TypeAdapter[CrmAcceptance | CrmRefusal] = TypeAdapter(CrmAcceptance | CrmRefusal)


class Verdict(NamedTuple):
    """The state of a phone call after it was offered: `delivered`, `rejected` by the server, or still `pending`.

    `repeats` counts requests after the first. `lost` means that the server may have the call although it is pending,
    `resent` that a request followed one whose answer was lost, and `halts` that any other call would fail now, too.
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
    """Return the verdict of an answer. Its reason quotes the answer after `without_secrets` has removed secrets.

    Documented errors have status 200. A refusal with a status 4xx counts as well, one with a status 5xx does not.
    """
    answer = _parsed(body) if status < HTTPStatus.INTERNAL_SERVER_ERROR else None
    if isinstance(answer, CrmRefusal):
        return _refused(status, answer.errors, without_secrets)
    if isinstance(answer, CrmAcceptance) and status < HTTPStatus.MULTIPLE_CHOICES:
        return Verdict("delivered", contact_id=excerpt(answer.contact), phonecall_id=excerpt(answer.phonecall))
    text = without_secrets(body.decode(errors="replace"))
    reason = excerpt(f"an unexpected answer, status {status}: {text or 'nothing'}")
    lost = status < HTTPStatus.MULTIPLE_CHOICES or status in _GATEWAY
    return Verdict("pending", reason, lost=lost, halts=status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def excerpt(content: object) -> str:
    """Return the beginning of a text in one line of printable characters."""
    text = "".join(character if character.isprintable() else " " for character in str(content)[: 4 * REASON_LIMIT])
    return " ".join(encodable(text).split())[:REASON_LIMIT]


def _refused(status: int, errors: dict[str, Any], without_secrets: Callable[[str], str]) -> Verdict:
    reason = excerpt(without_secrets(json.dumps(errors, ensure_ascii=False)) if errors else "the CRM gave no reason")
    # The call itself is correct, and every other call would be refused, too.
    if "token" in errors or status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Verdict("pending", reason, halts=True)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Verdict("pending", reason)
    return Verdict("rejected", reason)


def _parsed(body: bytes) -> CrmAcceptance | CrmRefusal | None:
    if len(body) > BODY_LIMIT:
        return None
    try:
        return _ANSWER.validate_python(json.loads(body))
    except (ValueError, RecursionError):
        return None
