"""Reports of agent programs about call orders: `POST /call-orders/{id}` with a token of the scope `control`."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, ValidationError

from chalicelib import edge
from chalicelib.authentication import callers
from chalicelib.edge import Answer, Notes, Request
from chalicelib.errors import InvalidRequest, RingledgerError, Unauthenticated
from chalicelib.oktell import call_orders
from chalicelib.oktell.call_orders import OrderState
from chalicelib.platform import configuration
from chalicelib.platform.models import DeferredModel
from chalicelib.platform.postgres import connection

SCOPE = "control"


class OrderNotOpen(RingledgerError):
    """The order is not open to this agent program: it was taken, withdrawn or has expired. Do not carry it out."""

    code = "order-not-open"
    status = 409


class OrderReport(DeferredModel):
    """The report of an agent program: `taken` before it carries out the order, `done` or `failed` afterwards."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["taken", "done", "failed"]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = Field(
        default="", description="why the PBX did not carry it out"
    )
    call_id: Annotated[str, StringConstraints(max_length=200, pattern=r"^[ -~]*$")] = Field(
        default="", description="the id of the started call in the PBX's webhooks"
    )


class OrderAccepted(DeferredModel):
    """The report was stored. After `taken`, the agent program carries out the order."""

    accepted: bool = True


def answer(http: Request, notes: Notes) -> Answer:
    """Store the report in the body. Raise Unauthenticated, Forbidden, InvalidRequest and OrderNotOpen."""
    token = callers.authenticate(callers.bearer(http), SCOPE, notes, http.source)
    if token is None:
        raise Unauthenticated(headers={"WWW-Authenticate": "Bearer"})
    identity, report = _identity(http.path["order"]), _report(http.body)
    notes.update(order=str(identity), state=report.state)
    database = connection(configuration.current().writer_database_url)
    if report.state == call_orders.TAKEN:
        stored = call_orders.take(database, identity, token.name)
    else:
        state = OrderState(report.state, report.reason.replace("\0", ""), report.call_id)
        stored = call_orders.end(database, identity, token.name, state)
    if not stored:
        raise OrderNotOpen
    return edge.json_answer(OrderAccepted().model_dump())


def _identity(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidRequest("The path must end with the id of the order, a UUID") from None


def _report(body: bytes) -> OrderReport:
    try:
        return OrderReport.model_validate_json(body)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the body"
        raise InvalidRequest(f"{place}: {first['msg']}") from None
