"""The operations of `nimbox`. The parameters are the service's own models."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from infra.openapi.declarations import FORM, JSON, RETRY_AFTER, Operation, Parameter, Response, Surface
from infra.openapi.security import TOKEN


class CreatedAnswer(BaseModel):
    """The ids of the phone call and its contact."""

    error: Literal[False]
    contact: int = Field(alias="contactId")
    phonecall: int = Field(alias="phonecallId")


class DeletedAnswer(BaseModel):
    """The number of deleted phone calls."""

    count: int
    error: Literal[False]


class FaultAnswer(BaseModel):
    """Every wrong parameter with its error, `token` among them; or a message for other errors."""

    error: Literal[True]
    errors: dict[str, str]
    message: str | None = None


class CreateForm(BaseModel):
    """The parameters of `create` as a form."""

    token: str = ""
    initiated: str = Field(description="date and time in ISO 8601", examples=["2012-08-23T12:20:33"])
    source: str = Field(examples=["7222"])
    destination: str = Field(examples=["02122853348"])
    duration: str = Field(default="", description="whole seconds")
    url: str = ""


class DeleteForm(BaseModel):
    """The parameters of `delete` as a form."""

    token: str = ""
    since: str = Field(alias="from", description="a date; the days after it are deleted", examples=["2012-08-22"])
    until: str = Field(alias="to", description="a date; the days before it are deleted", examples=["2012-08-24"])


def _parameters(form: type[BaseModel]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(field.alias or name, field.description or name, example=next(iter(field.examples or ()), None))
        for name, field in form.model_fields.items()
        if name != "token"
    )


def _replies(done: type[BaseModel]) -> dict[int, Response]:
    return {
        200: Response("Done, or every wrong parameter with its error.", {JSON: done | FaultAnswer}),
        400: Response("The form cannot be read.", {JSON: FaultAnswer}),
        413: Response("The body is larger than 64 KiB.", {JSON: FaultAnswer}),
        500: Response("An internal error.", {JSON: FaultAnswer}),
        503: Response("A service that the answer needs is away.", {JSON: FaultAnswer}, RETRY_AFTER),
    }


def _both(path: str, summary: str, form: type[BaseModel], done: type[BaseModel]) -> tuple[Operation, Operation]:
    return (
        Operation("GET", path, summary, _replies(done), parameters=_parameters(form), security=(TOKEN,)),
        Operation("POST", path, summary, _replies(done), body={FORM: form}, body_required=False, security=(TOKEN,)),
    )


SURFACE = Surface(
    "nimbox",
    "NiMbox's phone-call service. `GET` and `POST` take equal parameters, in the query or a form.",
    (
        *_both("/direct/items/phonecalls/create", "Store a phone call", CreateForm, CreatedAnswer),
        *_both("/direct/items/phonecalls/delete", "Delete the phone calls of a period", DeleteForm, DeletedAnswer),
    ),
)
