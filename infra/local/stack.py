"""The composition of the local stack: the order in which its parts start, and what each one knows of the others."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError
from chalice.app import Chalice, ScheduledEventConfig, SQSEventConfig

from chalicelib import settings
from chalicelib.authentication import tokens
from chalicelib.errors import Misconfigured, Unavailable
from chalicelib.platform.postgres import connection
from chalicelib.settings import Settings
from infra.demonstration.webhooks.posts import Post
from infra.local import (
    aws,
    collations,
    database_contents,
    environment,
    first_query,
    live_calls,
    sample_users,
    stack_urls,
    tapes,
    telephony,
)
from infra.local.crm import Crm
from infra.local.demonstration import WantedCalls
from infra.local.embedded_postgres import Postgres
from infra.local.environment import StackOptions
from infra.local.event_source import Poller
from infra.local.gateway import Gateway, bound
from infra.local.keyring import Keyring, write_private, write_private_text
from infra.local.local_lambda import CALLED, Functions
from infra.local.locks import claimed, released
from infra.local.scheduler import FirstRun, Scheduler, moments

#: The schedule that sends calls to the CRM; its hour can be far away when the stack starts.
REPLICATION = "replicate"

Say = Callable[[str], None]


class StackPart(Protocol):
    """A part of the stack that runs until it is stopped."""

    def start(self) -> None:
        """Start, and return at once."""

    def stop(self) -> None:
        """Stop, and return when it has ended."""


class LocalServer(Protocol):
    """A server on loopback."""

    def start(self, port: int) -> str:
        """Serve on `port` and return the URL."""

    def stop(self) -> None:
        """Stop serving."""


class Stack:
    """The running local stack; `facts` is the content of stack.json."""

    def __init__(self, options: StackOptions, say: Say) -> None:
        """Run with `options`, and report progress with `say`."""
        self.facts: dict[str, Any] = {}
        self._options = options
        self._say = say
        self._file = options.data / "stack.json"
        self._environment = options.data / "environment"
        self._postgres: Postgres | None = None
        self._aws: aws.Aws | None = None
        self._lock = -1
        self._due: Iterator[Post] | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start every part; stop the started ones when the block ends or a start fails.

        Raises RingledgerError with one sentence for every fault that can be expected.
        """
        with _explained(self._options.data), ExitStack() as parts:
            parts.enter_context(claimed(self._options.data))
            self._lock = parts.enter_context(released(self._options.data))
            listener = parts.enter_context(bound(self._options.host, self._options.port))
            keyring = Keyring(self._options.data)
            environment.prepare_clients()
            url = stack_urls.of_api(self._options.host, listener.getsockname()[1])
            endpoint = self._begin_aws(parts, keyring)
            database_url = self._start_database(parts, keyring)
            queues = self._prepare_aws(endpoint)
            values = self._start_functions(parts, keyring) | _values(database_url, endpoint, queues)
            defaults = _defaults(url, keyring) | self._start_provider(parts, keyring)
            configured = self._settings(values, defaults, keyring, self._start_crm(parts, keyring))
            wanted = WantedCalls(self._options.calls, self._options.live)
            self._due = database_contents.prepare(configured, queues[f"{aws.EVENTS}-dead"], wanted, self._say)
            self.facts = {"url": url, "aws_endpoint_url": endpoint, **self._facts(configured, queues, keyring)}
            # The bundle reads its settings when it is loaded, so it is loaded last.
            app: Chalice = import_module("app").app
            parts.enter_context(_started(*_event_sources(app, endpoint), *self._first_runs(app)))
            self._serve(parts, Gateway(app, listener), configured)
            parts.callback(self._file.unlink, missing_ok=True)
            parts.callback(self._environment.unlink, missing_ok=True)
            environment.add_examples(self._environment, self.facts)
            write_private(self._file, self.facts)
            yield

    def wait(self) -> None:
        """Wait forever. Raises Unavailable when PostgreSQL has ended by itself."""
        while not (self._postgres and self._postgres.ended()):
            time.sleep(0.5)
        raise Unavailable(f"PostgreSQL has ended; {self._options.data / 'postgres.log'} says why")

    def _start_database(self, parts: ExitStack, keyring: Keyring) -> str:
        # A killed stack leaves its file behind.
        self._file.unlink(missing_ok=True)
        if self._options.database_url:
            return self._options.database_url
        self._postgres = Postgres(self._options.data, keyring.secret("owner"))
        parts.callback(self._postgres.stop)
        url = self._postgres.start(keyring.port("postgres_port"), [self._lock])
        collations.add(url)
        return url

    def _begin_aws(self, parts: ExitStack, keyring: Keyring) -> str:
        """Start S3 and SQS, and return their endpoint; they take as long as PostgreSQL, which starts meanwhile."""
        if self._options.aws_endpoint_url:
            return self._options.aws_endpoint_url
        self._aws = aws.Aws(self._options.data / "aws")
        parts.callback(self._aws.stop)
        return self._aws.begin(keyring.port("aws_port"), [self._lock])

    def _prepare_aws(self, endpoint: str) -> dict[str, str]:
        if self._aws:
            self._aws.wait()
        return aws.prepare(endpoint)

    def _start_functions(self, parts: ExitStack, keyring: Keyring) -> dict[str, str]:
        url = _started_server(parts, Functions(), keyring.port("functions_port"))
        return {f"{name.upper()}_FUNCTION": name for name in CALLED} | {"AWS_ENDPOINT_URL_LAMBDA": url}

    def _start_provider(self, parts: ExitStack, keyring: Keyring) -> dict[str, str]:
        provider = telephony.provider(keyring.secret("provider"))
        url = _started_server(parts, provider, keyring.port("provider_port"))
        return telephony.provider_settings(url, keyring.secret("provider"))

    def _start_crm(self, parts: ExitStack, keyring: Keyring) -> dict[str, str]:
        crm = Crm(keyring.secret("crm"))
        url = _started_server(parts, crm, keyring.port("crm_port"))
        own = {"CRM_OURS_ALONE": "1", "CRM_ZONE": "UTC"}
        return {"CRM_URL": url, "CRM_NAME": "demonstration", "CRM_TOKEN": crm.token, **own, **telephony.SETTLED}

    def _settings(
        self, values: dict[str, str], defaults: dict[str, str], keyring: Keyring, beside: dict[str, str]
    ) -> Settings:
        if self._options.replicates:
            values = {**values, **beside}
        # A given database can have roles with passwords of their own.
        owned = defaults if self._options.database_url else values
        owned.update(stack_urls.of_roles(values["DATABASE_URL"], keyring))
        whole = environment.publish(values, defaults)
        # Without the demonstration the schedule of the stack sends nothing; commands use the small CRM.
        exported = whole if "CRM_URL" in whole else {**whole, **beside}
        write_private_text(self._environment, environment.exports(exported, {**values, **defaults, **beside}))
        return settings.load(whole)

    def _serve(self, parts: ExitStack, gateway: Gateway, configured: Settings) -> None:
        """Answer clients. What starts last stops first, so that the queues fill no more while they are drained."""
        parts.enter_context(_started(gateway))
        url = self.facts["url"]
        first_query.send(f"{url}/statistics", self.facts["tokens"]["statistics"])
        if self._options.live:
            worker = live_calls.worker(replace(configured, public_url=url), self._options.calls, self._due)
            parts.enter_context(_started(worker))

    def _first_runs(self, app: Chalice) -> list[StackPart]:
        return [FirstRun(app, REPLICATION)] if self._options.replicates else []

    def _facts(self, configured: Settings, queues: dict[str, str], keyring: Keyring) -> dict[str, Any]:
        database_url = configured.owner_database_url
        return {
            "database_url": database_url,
            "queues": queues,
            "bucket": aws.BUCKET,
            "bi_database_url": configured.bi_database_url,
            "tokens": {scope: self._issue_token(database_url, scope, [scope], keyring) for scope in tokens.SCOPES},
            "console_token": self._issue_token(database_url, "console", tokens.SCOPES, keyring),
            "recording": tapes.link(configured),
            **telephony.facts(configured),
        }

    def _issue_token(self, database_url: str, label: str, scopes: Sequence[str], keyring: Keyring) -> str:
        name, value = f"demo-{label}", keyring.secret(f"token_{label}")
        # The example script of the Oktell interface tells data of the statistics.
        runner = label == "oktell"
        try:
            more = ["statistics"] if runner else []
            tokens.create(database_url, name, [*scopes, *more], value, tokens.TokenLimits(["*"] if runner else ()))
        except tokens.TokenRefused:
            # Usually it exists from an earlier start; it can also be revoked, or the database is shared.
            if not tokens.verify(connection(database_url), value):
                self._say(
                    f"The token {name} of this database is revoked or has a value that only another DATA knows.\n"
                )
        return value


def _values(database_url: str, endpoint: str, queues: dict[str, str]) -> dict[str, str]:
    """Return the settings that lead the bundle to the parts of the stack."""
    return {
        "DATABASE_URL": database_url,
        "AWS_ENDPOINT_URL": endpoint,
        "BUCKET": aws.BUCKET,
        "EVENTS_QUEUE_URL": queues[aws.EVENTS],
        "RECORDINGS_QUEUE_URL": queues[aws.RECORDINGS],
        "CALL_CONTROL_QUEUE_URL": queues[aws.CALL_CONTROL],
    }


def _defaults(url: str, keyring: Keyring) -> dict[str, str]:
    """Return the settings for which the environment can have other values."""
    return {
        "CORS_ORIGINS": "*",
        "PUBLIC_URL": url,
        "WEBHOOK_SECRETS": f"1:{keyring.secret('webhook')}",
        "LINK_SECRETS": f"1:{keyring.secret('link')}",
        "CALL_CONTROL": "telphin queue",
        "OKTELL_LICENCE": sample_users.LICENCE,
    }


def _event_sources(app: Chalice, endpoint: str) -> Iterator[StackPart]:
    for source in app.event_sources:
        if isinstance(source, SQSEventConfig):
            yield Poller(app, source, endpoint)
        elif isinstance(source, ScheduledEventConfig):
            yield Scheduler(app, source, moments(source.schedule_expression))


def _started_server(parts: ExitStack, server: LocalServer, port: int) -> str:
    url = server.start(port)
    parts.callback(server.stop)
    return url


@contextmanager
def _started(*parts: StackPart) -> Iterator[None]:
    """Start the parts one after the other, and stop them together: each may wait for work in progress."""
    running: list[StackPart] = []
    try:
        for part in parts:
            part.start()
            running.append(part)
        yield
    finally:
        with ThreadPoolExecutor(len(parts)) as pool:
            list(pool.map(lambda part: part.stop(), running))


@contextmanager
def _explained(data: Path) -> Iterator[None]:
    try:
        yield
    except psycopg2.Error as fault:
        raise Unavailable(f"PostgreSQL refused a statement of the start: {str(fault).strip()}") from fault
    except (BotoCoreError, ClientError) as fault:
        raise Unavailable(f"S3 or SQS refused a request of the start: {fault}") from fault
    except (OSError, json.JSONDecodeError) as fault:
        raise Misconfigured(f"{data} cannot be used: {fault}") from fault
