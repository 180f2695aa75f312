"""The operations of a running stage over HTTP, with a Bearer token of the scope `operations`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from chalice.app import Blueprint
from pydantic import BaseModel

from chalicelib import edge
from chalicelib.authentication import callers
from chalicelib.edge import Answer, Notes, Request
from chalicelib.errors import InvalidRequest, Unauthenticated, Unavailable
from chalicelib.operations import (
    dead_messages,
    jobs,
    moments,
    operator_answers,
    operator_requests,
    pending_work,
    registers,
    webhook_log,
)
from chalicelib.platform import configuration, functions, postgres
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import administration
from chalicelib.replication import overview
from chalicelib.settings import Settings

SCOPE = "operations"
BODY_LIMIT = 64 * 1024
STATES_OF_QUARANTINE = ("waiting", "all")

routes = Blueprint(__name__)

View = Callable[[Request, Notes], Answer]
Reading = Callable[[Request, Connection, Settings], BaseModel]


def _read(path: str) -> Callable[[Reading], View]:
    """Answer GET requests of an operator with what a function returns."""

    def register(reading: Reading) -> View:
        @edge.route(routes, path, methods=edge.READ)
        def view(request: Request, notes: Notes) -> Answer:
            _authenticate(request, notes)
            current = configuration.current()
            return _answer(reading(request, postgres.connection(current.operator_database_url), current))

        return view

    return register


@_read("/operations/overview")
def _overview(_request: Request, database: Connection, current: Settings) -> BaseModel:
    return pending_work.everything(database, current)


@_read("/operations/webhooks")
def _webhooks(request: Request, database: Connection, current: Settings) -> BaseModel:
    wanted = operator_requests.filter_of(operator_requests.DaysFilter, request.query)
    try:
        dead = dead_messages.counts(current, current.site_zone)
    except Unavailable:
        # The queue says so on the overview; the ledger's counts are shown meanwhile.
        dead = dead_messages.DeadCounts()
    days = webhook_log.counts(database, wanted.days, current.site_zone, _now(), dead)
    return operator_answers.WebhookCounts(days=days, dead_letters=pending_work.dead(current))


@_read("/operations/events")
def _events(request: Request, database: Connection, _current: Settings) -> BaseModel:
    return webhook_log.page(
        database, operator_requests.filter_of(operator_requests.EventsFilter, request.query), _now()
    )


@_read("/operations/events/{accepted_at}/{id}")
def _event(request: Request, database: Connection, _current: Settings) -> BaseModel:
    try:
        accepted_at = datetime.fromisoformat(request.path["accepted_at"])
    except ValueError:
        raise InvalidRequest("The time of acceptance is ISO 8601, as lists have it") from None
    identity = operator_requests.uuid(request.path["id"])
    return webhook_log.one(database, identity, moments.naive_utc(accepted_at))


@_read("/operations/quarantine")
def _quarantine(request: Request, database: Connection, _current: Settings) -> BaseModel:
    wanted = operator_requests.filter_of(operator_requests.ListFilter, request.query)
    state = _one_of(wanted.state or "waiting", STATES_OF_QUARANTINE)
    return pending_work.quarantined(database, everything=state == "all", limit=wanted.limit)


@_read("/operations/quarantine/{id}")
def _message(request: Request, database: Connection, _current: Settings) -> BaseModel:
    return pending_work.message(database, request.path["id"])


@_read("/operations/dead-letters")
def _dead_letters(request: Request, _database: Connection, current: Settings) -> BaseModel:
    return dead_messages.listing(current, _limit(request))


@_read("/operations/dead-letters/{id}")
def _dead_letter(request: Request, _database: Connection, current: Settings) -> BaseModel:
    return dead_messages.one(current, request.path["id"])


@_read("/operations/set-aside")
def _set_aside(request: Request, database: Connection, _current: Settings) -> BaseModel:
    return pending_work.set_aside(database, _limit(request))


@_read("/operations/replication")
def _replication(_request: Request, database: Connection, _current: Settings) -> BaseModel:
    return pending_work.replication(database)


@_read("/operations/replication/calls")
def _replicated(request: Request, database: Connection, _current: Settings) -> BaseModel:
    wanted = operator_requests.filter_of(operator_requests.ReplicatedFilter, request.query)
    state = _one_of(wanted.state or "rejected", overview.STATES)
    return pending_work.replicated(database, wanted.model_copy(update={"state": state}))


@_read("/operations/recordings")
def _recordings(request: Request, database: Connection, _current: Settings) -> BaseModel:
    wanted = operator_requests.filter_of(operator_requests.ListFilter, request.query)
    state = _one_of(wanted.state, ("", *administration.STATES))
    return pending_work.recordings(database, state, wanted.limit)


@_read("/operations/extensions")
def _extensions(_request: Request, _database: Connection, current: Settings) -> BaseModel:
    return registers.registered(current)


@edge.route(routes, "/operations/extensions/{name}/address", methods=edge.READ)
def address(request: Request, notes: Notes) -> Answer:
    """Answer with the address of one extension; the log says which token asked for it."""
    _authenticate(request, notes)
    notes["address_of"] = request.path["name"]
    wanted = operator_requests.filter_of(operator_requests.AddressFilter, request.query)
    return _answer(registers.address(configuration.current(), request.path["name"], wanted))


@_read("/operations/tokens")
def _tokens(_request: Request, _database: Connection, current: Settings) -> BaseModel:
    return registers.issued(current)


@_read("/operations/users")
def _users(_request: Request, _database: Connection, current: Settings) -> BaseModel:
    return registers.users(current)


@_read("/operations/contacts")
def _contacts(request: Request, database: Connection, _current: Settings) -> BaseModel:
    return registers.known_contacts(database, operator_requests.filter_of(operator_requests.FindFilter, request.query))


@_read("/operations/contacts/{id}/calls")
def _calls_of_contact(request: Request, database: Connection, _current: Settings) -> BaseModel:
    return registers.calls_of(database, operator_requests.number(request.path["id"]), _limit(request))


@_read("/operations/faxes")
def _faxes(request: Request, database: Connection, _current: Settings) -> BaseModel:
    return registers.received_faxes(database, _limit(request))


@_read("/operations/archive")
def _archive(request: Request, database: Connection, _current: Settings) -> BaseModel:
    return registers.archive(database, _limit(request))


@_read("/operations/phonecalls")
def _phonecalls(request: Request, database: Connection, _current: Settings) -> BaseModel:
    return registers.phonecall_service(database, _limit(request))


@_read("/operations/orders")
def _orders_of_agents(request: Request, database: Connection, _current: Settings) -> BaseModel:
    return pending_work.orders(database, operator_requests.filter_of(operator_requests.OrdersFilter, request.query))


@_read("/operations/jobs/{id}")
def _job(request: Request, database: Connection, _current: Settings) -> BaseModel:
    return jobs.find(database, operator_requests.uuid(request.path["id"]))


@edge.route(routes, "/operations/jobs", methods=("GET", "POST"), body_limit=BODY_LIMIT)
def orders(request: Request, notes: Notes) -> Answer:
    """List the latest jobs, or order one: its answer comes at once, and the job goes on."""
    name = _authenticate(request, notes)
    current = configuration.current()
    database = postgres.connection(current.operator_database_url)
    if request.method == "GET":
        limit = _limit(request)
        return _answer(operator_answers.JobsAnswer(jobs=jobs.latest(database, limit)))
    order = operator_requests.order(request.body)
    job = jobs.add(database, str(uuid4()), order.model_dump(mode="json"), name)
    notes["job"], notes["kind"] = job.id, job.kind
    functions.start(current.jobs_function, {"job": job.id})
    return _answer(job, 202, {"Location": f"/operations/jobs/{job.id}"})


def _authenticate(request: Request, notes: Notes) -> str:
    """Return the name of the caller's token. Raises Unauthenticated and Forbidden."""
    token = callers.authenticate(callers.bearer(request), SCOPE, notes, request.source)
    if token is None:
        raise Unauthenticated("The token is unknown or revoked", headers={"WWW-Authenticate": "Bearer"})
    return token.name


def _limit(request: Request) -> int:
    return operator_requests.filter_of(operator_requests.ListFilter, request.query).limit


def _one_of(state: str, states_of: tuple[str, ...]) -> str:
    if state not in states_of:
        raise InvalidRequest(f"There is no state {state!r}; there are {', '.join(filter(None, states_of))}")
    return state


def _answer(content: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(content.model_dump_json(), status, headers or {})


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
