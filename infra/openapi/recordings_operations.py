"""The operations of `recordings`."""

from __future__ import annotations

from pydantic import BaseModel, Field

from chalicelib.recordings.links import PATH
from infra.openapi.declarations import (
    INTERNAL,
    JSON,
    LOCATION,
    UNAVAILABLE,
    Operation,
    Parameter,
    Response,
    Surface,
    problem,
)
from infra.openapi.security import BEARER, LINK, TOKEN


class RecordingPlace(BaseModel):
    """The file of a recording, for a request with `redirect=0`."""

    location: str = Field(description="the address of the file; it refuses an Authorization header")
    size: int = Field(description="bytes")
    type: str = Field(description="the content type of the file")
    expires: int = Field(description="seconds until the address ends")


_FILE = {"X-File-Size": "the size of the file in bytes", "X-File-Type": "the type of the file"}
_PARAMETERS = (
    Parameter("inviteid", "the id of the call, with or without dashes", place="path"),
    Parameter("attachment", "true lets a browser save the file instead of playing it", {"enum": ["true", "false"]}),
    Parameter("redirect", "0 describes the file in the body instead of redirecting to it", {"enum": ["0", "1"]}),
)
_ERRORS = {
    403: problem("No right to hear this call, whether or not it exists."),
    404: problem(
        "`unknown-call`, `not-recorded`, `pending` (being fetched), `deleted`, `expired`, or `missing` (not in S3)."
    ),
    500: INTERNAL,
    503: UNAVAILABLE,
}
_FOUND = {
    200: Response("The description of the file, for `redirect=0`.", {JSON: RecordingPlace}, _FILE),
    302: Response(
        "The file in S3. The address is valid for this method, for the call's duration and ten minutes.", {}, LOCATION
    ),
}
_WAYS = (BEARER, TOKEN, LINK)
_WRONG = {405: problem("A recording is read with GET or HEAD.", {"Allow": "GET, HEAD, OPTIONS"}), 500: INTERNAL}

SURFACE = Surface(
    "recordings",
    "Files of recorded calls. A redirect's address needs no Authorization header: S3 answers 400 to clients that send "
    "it on (urllib, `wget --header`, `curl --location-trusted`). Such clients use `redirect=0`.",
    (
        Operation(
            "GET", PATH, "Play or save a recording", {**_FOUND, **_ERRORS}, parameters=_PARAMETERS, security=_WAYS
        ),
        Operation(
            "HEAD",
            PATH,
            "Check a recording",
            {status: Response(reply.description, {}, reply.headers) for status, reply in {**_FOUND, **_ERRORS}.items()},
            parameters=_PARAMETERS,
            security=_WAYS,
        ),
        *(
            Operation(method, PATH, "Refused", _WRONG, parameters=_PARAMETERS[:1])
            for method in ("POST", "PUT", "PATCH", "DELETE")
        ),
    ),
)
