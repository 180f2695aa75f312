"""The operations of `webhooks`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.recordings.incoming import UploadForm, UploadRequest
from infra.openapi.declarations import (
    FORM,
    INTERNAL,
    JSON,
    TEXT,
    UNAVAILABLE,
    Operation,
    Parameter,
    Response,
    Surface,
    problem,
)

_KEY = Parameter("key", "the key of an extension", {"type": "string", "minLength": 1, "pattern": "^[0-9a-z]+$"}, "path")
_PROVIDER = Parameter(
    "provider", "the provider of the key", {"type": "string", "enum": ["mtt", "native", "telphin"]}, "path"
)
_UPLOADER = Parameter("provider", "the provider of the key", {"type": "string", "enum": ["asterisk"]}, "path")
_ERRORS = {
    400: problem("The webhook cannot be read; it is kept in quarantine under the id that `message` names."),
    404: problem("The key is mistyped, revoked, or of another provider."),
    413: problem("The message is larger than 1 MiB."),
    500: INTERNAL,
    503: UNAVAILABLE,
}
_TELPHIN = {200: Response("The event is in the queue.", {TEXT: {"type": "string", "const": "OK"}}), **_ERRORS}


class ExtensionEvent(BaseModel):
    """The fields of Telphin's events that decide about a call. All others are kept, too; names have any case."""

    model_config = ConfigDict(extra="allow")

    EventType: str = Field(description="dial-in, dial-out, answer or hangup", examples=["hangup"])
    CallID: str = Field(description="the call")
    SubCallID: str = Field(default="", description="the leg")
    CallFlow: str = Field(default="", description="IN or OUT")
    EventTime: str = Field(default="", description="microseconds since 1970, UTC")
    Duration: str = Field(default="", description="microseconds")


class MttEvent(BaseModel):
    """A notification of MTT."""

    model_config = ConfigDict(extra="allow")

    event: dict[str, str] = Field(examples=[{"type": "h", "side": "A", "cause": "16"}])
    h323_conf_id: str
    sip_id: str = ""
    number_a: str = Field(default="", alias="numberA")
    redirect_number: str = ""


class NativeRowsBody(BaseModel):
    """Ready rows for one documented table."""

    table: str = Field(description="schema and table", examples=["calls.success"])
    rows: list[dict[str, str | int | bool | None]]


class NativeRowsAnswer(BaseModel):
    """The answer to ready rows."""

    id: str = Field(description="the id of the message in the ledger")
    rows: int


SURFACE = Surface(
    "webhooks",
    "PBXs post their events here. A 2xx means that the event is in the queue; its call appears seconds later. Bodies "
    "may be compressed by gzip or deflate.",
    (
        Operation(
            "GET",
            "/ext-event/{key}",
            "An event of a Telphin extension, in the query",
            _TELPHIN,
            parameters=(
                _KEY,
                Parameter("EventType", "dial-in, dial-out, answer or hangup"),
                Parameter("CallID", "the call"),
            ),
        ),
        Operation(
            "POST",
            "/ext-event/{key}",
            "An event of a Telphin extension",
            _TELPHIN,
            parameters=(_KEY,),
            body={FORM: ExtensionEvent},
        ),
        Operation(
            "POST",
            "/webhooks/{provider}/{key}",
            "A webhook of any provider",
            {
                200: Response("The event is in the queue.", {TEXT: {"type": "string"}}),
                202: Response("The rows are in the queue.", {JSON: NativeRowsAnswer}),
                **_ERRORS,
            },
            parameters=(_PROVIDER, _KEY),
            body={JSON: MttEvent | NativeRowsBody, FORM: ExtensionEvent},
        ),
        Operation(
            "POST",
            "/webhooks/{provider}/{key}/recordings",
            "A form by which a PBX uploads the file of a recording",
            {
                200: Response("S3 takes one file by this form; its call's links play it.", {JSON: UploadForm}),
                **_ERRORS,
                400: problem("The body names no file."),
                404: problem("The key is mistyped or revoked, or its provider's recordings are not uploaded."),
            },
            parameters=(_UPLOADER, _KEY),
            body={JSON: UploadRequest},
        ),
    ),
)
