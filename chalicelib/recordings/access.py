"""Decides who may hear a call: the holder of a token with the scope `recordings`, or of a link to this very call."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from uuid import UUID

from chalicelib.authentication.callers import authenticate
from chalicelib.edge import Notes, Request
from chalicelib.errors import Forbidden
from chalicelib.recordings import links
from chalicelib.recordings.links import LinkVerdict
from chalicelib.settings import Settings

SCOPE = "recordings"


class Right(Enum):
    """The credential that grants access."""

    TOKEN = "token"  # noqa: S105 - a word, not a secret
    LINK = "link"


def right(request: Request, inviteid: UUID, settings: Settings, now: datetime, notes: Notes) -> Right:
    """Return the right by which this request may hear the call, at `now`, naive UTC.

    Raises Forbidden when it has none, whether or not the call exists.
    """
    key = request.query.get("key", "")
    verdict = links.verify(settings.link_secrets, inviteid, key, now) if key else LinkVerdict.FORGED
    if verdict is LinkVerdict.GENUINE:
        notes["right"] = Right.LINK.value
        return Right.LINK
    token = _token(request)
    if token:
        if authenticate(token, SCOPE, notes, request.source) is None:
            raise Forbidden("No integration has this token, or it was revoked")
        notes["right"] = Right.TOKEN.value
        return Right.TOKEN
    if verdict is LinkVerdict.EXPIRED:
        raise Forbidden("This link has expired; ask its sender for a new one")
    if key:
        raise Forbidden("The key of this link does not belong to this call")
    raise Forbidden("A link's key or a token with the scope recordings is needed")


def check_link(revoked: bool) -> None:  # noqa: FBT001 - a column of the database
    """Raise Forbidden when the links to the call were revoked."""
    if revoked:
        raise Forbidden("The links to this call were revoked")


def _token(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else request.query.get("token", "")
