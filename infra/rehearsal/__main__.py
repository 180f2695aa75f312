"""`python -m infra.rehearsal`: play the deployment from zero, from the package to the first call in a report."""

from __future__ import annotations

import os
import re
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg2
import urllib3

from app import app
from chalicelib.admin.commands import CommandResult
from chalicelib.platform import functions, runtime
from infra import smoke
from infra.aws import building
from infra.aws.building import BuildTarget
from infra.aws.translation import translated
from infra.local.embedded_postgres import Postgres
from infra.local.gateway import bound
from infra.rehearsal.cloud import CREDENTIALS, Cloud
from infra.rehearsal.stage import RehearsedStage

STACK = "ringledger"
OWNER = "rehearsed"
COUNT = '{"entity":"chronological","action":"quantity","options":{"psql":"select count(*) from calls.success"}}'
OK = 200
LOG = building.ROOT / "out/rehearsal.log"
#: A webhook key at the end of a printed address.
_KEY = re.compile(r"(?<=/ext-event/)[a-z0-9]{32}")
_SCHEDULED = {
    "version": "0",
    "id": "rehearsal",
    "detail-type": "Scheduled Event",
    "source": "aws.scheduler",
    "account": "",
    "time": "2026-01-01T00:00:00Z",
    "region": "",
    "resources": [],
    "detail": {},
}
SCOPES = ("statistics", "recordings", "nimbox", "oktell")


class StepFailed(Exception):
    """A step of the deployment did not do what infra/README.md promises."""


def main() -> int:
    """Play every step and print it; return exit status 1 at the first that fails. The Lambdas' log goes to LOG."""
    began = time.monotonic()
    LOG.parent.mkdir(exist_ok=True)
    with ExitStack() as opened:
        log = opened.enter_context(LOG.open("w", encoding="utf-8"))
        os.dup2(log.fileno(), sys.stderr.fileno())
        try:
            play(opened)
        except Exception as fault:  # noqa: BLE001 - whatever fails, the step before it is on the screen
            sys.stdout.write(f"FAILED: {fault}\nThe log of the Lambdas: {LOG.relative_to(building.ROOT)}\n")
            return 1
    sys.stdout.write(f"The rehearsal passed in {time.monotonic() - began:.0f} seconds.\n")
    return 0


def play(opened: ExitStack) -> None:
    """Play the steps of infra/README.md in their order. Raises StepFailed."""
    folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="ringledger-rehearsal-")))
    _tell("package the bundle")
    template = building.build(app, folder / "package", BuildTarget("prod", "arm64", packages=False)).template
    _tell("create the owner's role and database, as an administrator")
    database = opened.enter_context(_database(folder))
    cloud = Cloud(STACK)
    opened.callback(cloud.stop)
    listener = opened.enter_context(closing(bound("127.0.0.1", 0)))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    # On AWS the address is known after a first deployment, unless there is a domain.
    _tell("deploy the stack, with the API's address as PublicUrl")
    status = cloud.deploy(translated(template), {**cloud.network(), **database.parameters, "PublicUrl": url})
    _check("the stack's status", status == "CREATE_COMPLETE", status)
    _tell("put the owner's password into its secret")
    cloud.put_secret("owner", {"username": OWNER, "password": database.password})
    stage = RehearsedStage(app, template, cloud, listener)
    opened.callback(stage.stop)
    with _settings_of_an_operator(cloud, stage):
        _use(stage, cloud)


class _Database:
    """The address of a PostgreSQL, and the password of an owner who is not a superuser, as on RDS."""

    def __init__(self, url: str) -> None:
        """Create the owner and its database at the superuser's URL."""
        place = urlsplit(url)
        self.password = secrets.token_hex(16)
        self.parameters = {
            "DatabaseHost": str(place.hostname),
            "RequestDatabaseHost": str(place.hostname),
            "DatabasePort": str(place.port),
            "DatabaseName": OWNER,
            "DatabaseOwner": OWNER,
            "SetApiGatewayLogRole": "false",
        }
        with closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD '{self.password}'")
                cursor.execute(f"CREATE DATABASE {OWNER} OWNER {OWNER}")


@contextmanager
def _database(folder: Path) -> Iterator[_Database]:
    with closing(bound("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = Postgres(folder, secrets.token_hex(16))
    try:
        yield _Database(server.start(port))
    finally:
        server.stop()


@contextmanager
def _settings_of_an_operator(cloud: Cloud, stage: RehearsedStage) -> Iterator[None]:
    """Give this process what an operator's machine has: credentials and a region, and here the ways to moto."""
    before = dict(os.environ)
    os.environ.update(CREDENTIALS)
    os.environ.update(AWS_ENDPOINT_URL=cloud.endpoint, AWS_ENDPOINT_URL_LAMBDA=stage.functions_url)
    runtime.renew()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        runtime.renew()


def _use(stage: RehearsedStage, cloud: Cloud) -> None:
    """Migrate, make a token and an extension, check every surface, and bring a call into a report."""
    admin = _Admin(cloud.function("admin"))
    _tell("admin migrate")
    migrated = admin("migrate")
    _check("the first migration", "applied: 0001" in migrated, migrated)
    _check("a statement for an administrator", "not done" not in migrated or "administrator" in migrated, migrated)
    _tell("admin migrate, again: nothing is left to do")
    _check("the second migration", "no new migrations" in admin("migrate"), "it applied something")
    _tell("admin token add")
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    token = admin("token", "add", "smoke", *scopes).strip()
    _tell("admin extension add")
    key = _KEY.search(admin("extension", "add", "telphin", "13596", "13596*107", "--owner", "Anna"))
    if key is None:
        raise StepFailed("extension add printed no address")
    _tell("make smoke")
    _check("the smoke test", smoke.passed(smoke.Stage(stage.url, dict.fromkeys(SCOPES, token), key[0])), "see above")
    _bring_a_call(stage, cloud, key[0])
    _tell("the call is in a report")
    headers = {"Authorization": f"Bearer {token}"}
    answer = urllib3.request("POST", f"{stage.url}/statistics", body=COUNT, headers=headers)
    _check("the report", answer.json() == {"success": True, "error": None, "data": 1}, answer.data)
    _tell("maintenance runs")
    stage.invoke("maintain", _SCHEDULED)


def _bring_a_call(stage: RehearsedStage, cloud: Cloud, key: str) -> None:
    _tell("post the webhooks of a call")
    for kind, at in (("dial-in", 0), ("answer", 5), ("hangup", 65)):
        answer = urllib3.request("POST", f"{stage.url}/ext-event/{key}", body=_webhook(kind, at))
        _check(f"the webhook {kind}", answer.status == OK, answer.data)
    _tell("the queue's consumer stores it")
    _check("failed messages", _consume(stage, cloud) == [], "the consumer returned messages")


class _Admin:
    """Runs commands in the Lambda `admin`, as `ringledger --function NAME` does."""

    def __init__(self, function: str) -> None:
        """Run them in this function."""
        self._function = function

    def __call__(self, *command: str) -> str:
        """Run a command and return its output. Raise StepFailed when it fails."""
        result = CommandResult(**functions.invoke(self._function, {"command": command, "stdin": ""}))
        if result.exit:
            raise StepFailed(f"admin {' '.join(command)}: {result.errors.strip()}")
        return result.output


def _webhook(kind: str, second: int) -> str:
    fields = {
        "EventType": kind,
        "CallID": "rehearsed",
        "SubCallID": "1",
        "CallStatus": "CALLING" if kind == "dial-in" else "ANSWER",
        "CallFlow": "in",
        "CallerIDNum": "+79214567892",
        "CalledNumber": "13596*107",
        "EventTime": str(int((time.time() - 100 + second) * 1_000_000)),
        **({"Duration": "60000000"} if kind == "hangup" else {}),
    }
    return urlencode(fields)


def _consume(stage: RehearsedStage, cloud: Cloud) -> list[Any]:
    """Pass what is in the queue to the Lambda `ingest`, and return what it gives back."""
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{STACK}-call-events")["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    records = [
        {"messageId": each["MessageId"], "body": each["Body"], "attributes": {"ApproximateReceiveCount": "1"}}
        for each in messages
    ]
    answer = stage.invoke("ingest", {"Records": records})
    failures: list[Any] = answer["batchItemFailures"]
    return failures


def _check(what: str, holds: object, found: object) -> None:
    if not holds:
        raise StepFailed(f"{what}: {found}")


def _tell(step: str) -> None:
    sys.stdout.write(f"- {step}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
