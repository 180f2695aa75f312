"""The operations of `operations`. Parameters and answers are the surface's own models."""

from __future__ import annotations

from pydantic import BaseModel

from chalicelib.operations import operator_answers as answers
from chalicelib.operations import operator_requests, register_answers
from infra.openapi.declarations import JSON, UNAVAILABLE, Operation, Parameter, Response, Surface, problem
from infra.openapi.security import BEARER

_REFUSALS = {
    400: problem("A parameter or the body is wrong; `message` names it."),
    401: problem("No token, or an unknown or revoked one.", {"WWW-Authenticate": "Bearer"}),
    403: problem("The token lacks the scope `operations`."),
    500: problem("A fault of the bundle; its log has the details under `X-Request-Id`."),
    503: UNAVAILABLE,
}
_UNKNOWN = {404: problem("There is none of this id.")}


def _filter(model: type[BaseModel]) -> tuple[Parameter, ...]:
    """Return the fields of a filter as parameters of the query."""
    return tuple(
        Parameter(name, field.description or name, field.rebuild_annotation() or str)
        for name, field in model.model_fields.items()
    )


def _get(
    path: str,
    summary: str,
    answer: type[BaseModel],
    parameters: tuple[Parameter, ...] = (),
    *,
    can_be_unknown: bool = False,
) -> Operation:
    replies = {200: Response(answer.__doc__ or "", {JSON: answer}), **_REFUSALS}
    return Operation(
        "GET",
        f"/operations/{path}",
        summary,
        {**replies, **(_UNKNOWN if can_be_unknown else {})},
        parameters=parameters,
        security=(BEARER,),
    )


def _id(name: str, description: str) -> Parameter:
    return Parameter(name, description, place="path", required=True)


_LIST = _filter(operator_requests.ListFilter)

SURFACE = Surface(
    "operations",
    "The operations of a running stage, for operators and their tools. The token needs the scope `operations`.",
    (
        _get("overview", "What waits for an operator", answers.Overview),
        _get(
            "webhooks",
            "Webhooks by day and extension",
            answers.WebhookCounts,
            _filter(operator_requests.DaysFilter),
        ),
        _get("events", "Search stored webhooks", answers.EventPage, _filter(operator_requests.EventsFilter)),
        _get(
            "events/{accepted_at}/{id}",
            "One stored webhook and its call",
            answers.EventAnswer,
            (_id("accepted_at", "ISO 8601, as lists have it"), _id("id", "its id")),
            can_be_unknown=True,
        ),
        _get(
            "quarantine",
            "Messages in quarantine",
            answers.QuarantineAnswer,
            _LIST,
        ),
        _get(
            "quarantine/{id}",
            "One message in quarantine",
            answers.MessageAnswer,
            (_id("id", "its id"),),
            can_be_unknown=True,
        ),
        _get("dead-letters", "Dead letters of the event queue", answers.DeadLettersAnswer, _LIST),
        _get(
            "dead-letters/{id}",
            "One dead letter",
            answers.DeadLetterAnswer,
            (_id("id", "its id"),),
            can_be_unknown=True,
        ),
        _get(
            "set-aside",
            "Calls that could not be written",
            answers.SetAsideAnswer,
            _LIST,
        ),
        _get("replication", "State of the replication", answers.ReplicationAnswer),
        _get(
            "replication/calls",
            "Calls of the replication in one state",
            answers.ReplicatedCalls,
            _filter(operator_requests.ReplicatedFilter),
        ),
        _get(
            "recordings",
            "Recordings by state",
            answers.RecordingsAnswer,
            _LIST,
        ),
        _get("extensions", "Extensions without their addresses", register_answers.ExtensionsAnswer),
        Operation(
            "GET",
            "/operations/extensions/{name}/address",
            "The address of one extension; the log notes who asked",
            {
                200: Response(register_answers.AddressAnswer.__doc__ or "", {JSON: register_answers.AddressAnswer}),
                409: problem("Several extensions have the name; `message` says how to choose one."),
                **_REFUSALS,
                **_UNKNOWN,
            },
            parameters=(_id("name", "the extension's name"), *_filter(operator_requests.AddressFilter)),
            security=(BEARER,),
        ),
        _get("tokens", "Tokens without their values", register_answers.TokensAnswer),
        _get("users", "The directory of users", register_answers.UsersAnswer),
        _get(
            "contacts",
            "Contacts of phone calls",
            register_answers.ContactsAnswer,
            _filter(operator_requests.FindFilter),
        ),
        _get(
            "contacts/{id}/calls",
            "The newest phone calls of a contact",
            register_answers.ContactCallsAnswer,
            (_id("id", "the contact's id"), *_LIST),
        ),
        _get("faxes", "Received faxes", register_answers.FaxesAnswer, _LIST),
        _get("archive", "Months whose retention is over", register_answers.ArchiveAnswer, _LIST),
        _get("phonecalls", "The phone-call service", register_answers.PhonecallsAnswer, _LIST),
        _get(
            "orders",
            "Orders to agent programs, by default those that none took",
            answers.OrdersAnswer,
            _filter(operator_requests.OrdersFilter),
        ),
        _get("jobs", "The latest jobs", answers.JobsAnswer, _LIST),
        _get("jobs/{id}", "Progress of a job", answers.Job, (_id("id", "its id"),), can_be_unknown=True),
        Operation(
            "POST",
            "/operations/jobs",
            "Order work that takes a while",
            {
                202: Response(
                    "The job is ordered, and goes on by itself.",
                    {JSON: answers.Job},
                    {"Location": "the address of its progress"},
                ),
                413: problem("The body is too large."),
                **_REFUSALS,
            },
            body={JSON: operator_requests.Order},
            security=(BEARER,),
        ),
    ),
)
