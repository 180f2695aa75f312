"""The answers of a NiMbox server to a new phone call, and the verdict that each means. Only documented shapes count."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, StrictStr, TypeAdapter

from chalicelib.platform.models import DEFERRED, DeferredModel
from chalicelib.texts import encodable

#: The longest answer that is read, in bytes, and the longest quotation of one, in characters.
BODY_LIMIT = 65_536
REASON_LIMIT = 300

# A server with these statuses has not looked at the call. Any other failure may have come after it was stored.
_NOT_TAKEN = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}


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


Answer = TypeVar("Answer")
Identity = Annotated[StrictInt | StrictStr, AfterValidator(_not_blank)]


class CrmAcceptance(DeferredModel):
    """The answer to a call that the server has stored."""

    error: Annotated[StrictBool, AfterValidator(_is_false)]
    contact: Identity = Field(alias="contactId")
    phonecall: Identity = Field(alias="phonecallId")


def _by_parameter(errors: object) -> object:
    """Return errors by parameter. A server in PHP writes an empty object as `[]`, and texts in a list have none."""
    if isinstance(errors, list) or errors is None:
        return {"": errors} if errors else {}
    return errors


class CrmRefusal(DeferredModel):
    """The answer to a call that the server refused, with a text for each wrong parameter."""

    error: Annotated[StrictBool, AfterValidator(_is_true)]
    errors: Annotated[dict[str, Any], BeforeValidator(_by_parameter)] = Field(default_factory=dict)


class CrmDeletion(DeferredModel):
    """The answer to a deletion, with the number of deleted calls if the server tells it."""

    error: Annotated[StrictBool, AfterValidator(_is_false)]
    count: Annotated[StrictInt, Field(ge=0)] | None = None


_ANSWER: TypeAdapter[CrmAcceptance | CrmRefusal] = TypeAdapter(CrmAcceptance | CrmRefusal, config=DEFERRED)
_DELETION: TypeAdapter[CrmDeletion | CrmRefusal] = TypeAdapter(CrmDeletion | CrmRefusal, config=DEFERRED)


class Verdict(NamedTuple):
    """The state of a phone call after it was offered: `delivered`, `rejected` by the server, or still `pending`.

    `refused` are the parameters that the server rejects. `repeats` counts requests after the first. `lost` means that
    the server may have the call although it is pending, `resent` that a request followed one whose answer was lost, and
    `halts` that any other call would fail now, too.
    """

    state: str
    reason: str = ""
    contact_id: str = ""
    phonecall_id: str = ""
    repeats: int = 0
    lost: bool = False
    resent: bool = False
    halts: bool = False
    refused: tuple[str, ...] = ()


class DeletionVerdict(NamedTuple):
    """The result of a deletion: `deleted`, `refused` if nothing was deleted, or `unknown` if the answer is lost."""

    state: str
    reason: str = ""
    deleted: int | None = None


def read(status: int, body: bytes, without_secrets: Callable[[str], str] = str) -> Verdict:
    """Return the verdict of an answer. Its reason quotes the answer after `without_secrets` has removed secrets.

    Documented errors have status 200. A refusal with a status 4xx counts as well, one with a status 5xx does not.
    """
    answer = _parsed(body, _ANSWER) if status < HTTPStatus.INTERNAL_SERVER_ERROR else None
    if isinstance(answer, CrmRefusal):
        return _refused(status, answer.errors, without_secrets)
    if isinstance(answer, CrmAcceptance) and status < HTTPStatus.MULTIPLE_CHOICES:
        return Verdict("delivered", contact_id=excerpt(answer.contact), phonecall_id=excerpt(answer.phonecall))
    text = without_secrets(body.decode(errors="replace"))
    reason = excerpt(f"an unexpected answer, status {status}: {text or 'nothing'}")
    lost = status < HTTPStatus.MULTIPLE_CHOICES or _is_failure(status)
    return Verdict("pending", reason, lost=lost, halts=status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def read_deletion(status: int, body: bytes, without_secrets: Callable[[str], str] = str) -> DeletionVerdict:
    """Return the verdict of an answer to a deletion. Only a documented answer means that the calls are deleted."""
    answer = _parsed(body, _DELETION) if status < HTTPStatus.INTERNAL_SERVER_ERROR else None
    if isinstance(answer, CrmRefusal):
        return DeletionVerdict("refused", _reason(answer.errors, without_secrets))
    if isinstance(answer, CrmDeletion) and status < HTTPStatus.MULTIPLE_CHOICES:
        return DeletionVerdict("deleted", deleted=answer.count)
    text = without_secrets(body.decode(errors="replace"))
    lost = status < HTTPStatus.MULTIPLE_CHOICES or _is_failure(status)
    reason = excerpt(f"an unexpected answer, status {status}: {text or 'nothing'}")
    return DeletionVerdict("unknown" if lost else "refused", reason)


def excerpt(content: object) -> str:
    """Return the beginning of a text in one line of printable characters."""
    text = "".join(character if character.isprintable() else " " for character in str(content)[: 4 * REASON_LIMIT])
    return " ".join(encodable(text).split())[:REASON_LIMIT]


def _refused(status: int, errors: dict[str, Any], without_secrets: Callable[[str], str]) -> Verdict:
    reason = _reason(errors, without_secrets)
    # The call itself is correct, and every other call would be refused, too.
    if "token" in errors or status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Verdict("pending", reason, halts=True)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Verdict("pending", reason)
    return Verdict("rejected", reason, refused=tuple(sorted(excerpt(name) for name in errors if name)))


def _reason(errors: dict[str, Any], without_secrets: Callable[[str], str]) -> str:
    shown = errors.get("", errors)
    return excerpt(without_secrets(json.dumps(shown, ensure_ascii=False)) if errors else "the CRM gave no reason")


def _is_failure(status: int) -> bool:
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in _NOT_TAKEN


def _parsed(body: bytes, shape: TypeAdapter[Answer]) -> Answer | None:
    if len(body) > BODY_LIMIT:
        return None
    try:
        return shape.validate_python(json.loads(body))
    except (ValueError, RecursionError):
        return None
