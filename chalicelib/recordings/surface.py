"""The HTTP surface `recordings`: redirects to a call's recording in S3, or answers why it cannot be heard.

`HEAD` redirects as `GET` does: API Gateway sets the Content-Length of its own answers, and only S3 knows the file's.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import UUID

from chalice.app import Blueprint

from chalicelib import edge
from chalicelib.edge import Answer, Notes, Request
from chalicelib.errors import RingledgerError
from chalicelib.platform import configuration, postgres
from chalicelib.recordings import access, links, lookup, playback
from chalicelib.recordings.access import Right

_ID = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}(\1[0-9a-f]{4}){2}\1[0-9a-f]{12}", re.IGNORECASE)
# API Gateway would answer 403 to a method that has no route.
WRONG_METHODS = ("POST", "PUT", "PATCH", "DELETE")

routes = Blueprint(__name__)


class WrongMethod(RingledgerError):
    """A recording is read with GET or HEAD."""

    code = "method-not-allowed"
    status = 405


@edge.route(routes, links.PATH, methods=(*edge.READ, *WRONG_METHODS))
def recording(request: Request, notes: Notes) -> Answer:
    """Redirect to the file of a call's recording."""
    if request.method not in edge.READ:
        raise WrongMethod(headers={"Allow": "GET, HEAD, OPTIONS"})
    inviteid = _id(request.path["inviteid"])
    notes["inviteid"] = str(inviteid)
    current, now = configuration.current(), datetime.now(UTC).replace(tzinfo=None)
    right = access.right(request, inviteid, current, now, notes)
    call_recording = lookup.find(postgres.connection(current.gate_database_url), inviteid)
    if right is Right.LINK:
        access.check_link(call_recording.links_revoked)
    attachment = request.query.get("attachment", "").lower() == "true"
    file = playback.file(current, call_recording, request.method, attachment=attachment, now=now)
    about = {"X-File-Size": str(file.size), "X-File-Type": file.type}
    if not edge.wants_redirect(request):
        return edge.json_answer(file._asdict(), headers=about)
    # Of the file, because API Gateway calls an answer without a type JSON. The present address carries a key, which S3
    # must not see as the Referer.
    headers = {"Location": file.location, "Content-Type": file.type, "Referrer-Policy": "no-referrer"}
    return Answer("", 302, {**headers, **about})


def _id(text: str) -> UUID:
    if not _ID.fullmatch(text):
        raise playback.UnknownCall("No call has this id: an id is a UUID, 32 hexadecimal digits, usually with dashes")
    return UUID(text)
