"""Fixtures: a client of the running bundle, and the commands of the interface on a test database."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4
from xml.etree.ElementTree import Element, XMLParser, fromstring

import boto3
import pytest
import requests

from chalicelib.edge import Answer, Request
from chalicelib.envelope import reading
from chalicelib.ledger import store
from chalicelib.oktell import directory
from chalicelib.oktell.request import CommandRequest
from chalicelib.oktell.surface import COMMANDS
from chalicelib.platform.postgres import Connection, connection
from chalicelib.settings import Settings
from infra.local import environment, sample_users
from infra.local.serving import QuietHandler
from infra.local.telphin_server import TelphinServer
from tests.databases import Server, migrated, run
from tests.ingest.telephony import message
from tests.loopback import served

ANSWER_SECONDS = 60
WAIT_SECONDS = 10


def _state(answer: Element) -> str:
    state = answer.find(".//property_simple[@key='state']")
    assert state is not None
    return f"{state.attrib['value']} {state.attrib['name']}"


@dataclass
class Client:
    """An integration that has a token for the interface."""

    facts: dict[str, Any]

    def get(self, path: str, **parameters: str) -> requests.Response:
        """Send a GET request with the token. Do not follow redirects."""
        query = {"password": self.facts["tokens"]["oktell"], **parameters}
        return requests.get(self.url(path), params=query, timeout=ANSWER_SECONDS, allow_redirects=False)

    def post(self, path: str, **options: Any) -> requests.Response:
        """Send a POST request with the token in the address."""
        return requests.post(
            self.url(path), params={"password": self.facts["tokens"]["oktell"]}, timeout=ANSWER_SECONDS, **options
        )

    def url(self, path: str) -> str:
        """Return the address of a path, without a token."""
        return f"{self.facts['url']}/{path}"

    def xml(self, path: str, **parameters: str) -> Element:
        """Return the answer, parsed in the encoding that it declares."""
        answer = self.get(path, **parameters)
        assert answer.status_code == 200, answer.text
        return fromstring(answer.content, parser=XMLParser())  # noqa: S314 - our own answer

    def state(self, user: str) -> str:
        """Return the number and the name of a user's state."""
        return _state(self.xml("tst_getuserstate", iduser=user))

    def webhook(self, **fields: str) -> None:
        """Post an event of a Telphin phone."""
        key = self.facts["webhook_keys"]["telphin"]["phone"]
        moment = {"EventTime": str(time.time_ns() // 1_000)}
        answer = requests.post(
            f"{self.facts['url']}/ext-event/{key}", data={**moment, **fields}, timeout=ANSWER_SECONDS
        )
        assert answer.status_code == 200

    def eventually(self, holds: Callable[[], bool]) -> None:
        """Wait until the consumer of the queue has made `holds` true."""
        until = time.monotonic() + WAIT_SECONDS
        while not holds():
            assert time.monotonic() < until, f"it is not true after {WAIT_SECONDS} seconds"
            time.sleep(0.05)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return run(self.facts["database_url"], query, list(values))

    def report(self, order: str, **fields: object) -> requests.Response:
        """Send the report of an agent program about an order."""
        headers = {"Authorization": f"Bearer {self.facts['tokens']['control']}"}
        return requests.post(self.url(f"call-orders/{order}"), json=fields, headers=headers, timeout=ANSWER_SECONDS)

    def orders(self) -> list[dict[str, Any]]:
        """Remove all orders from the queue of the agent program and return them."""
        sqs = boto3.client("sqs", endpoint_url=self.facts["aws_endpoint_url"], region_name="us-east-1")
        queue, orders = self.facts["queues"]["call-control"], []
        while received := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            for each in received:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
                orders.append(json.loads(each["Body"]))
        return orders


@pytest.fixture(scope="session")
def client(stack: dict[str, Any]) -> Client:
    """Return a client of the running bundle, which has the directory of the demonstration."""
    environment.prepare_clients()
    return Client(stack)


@dataclass
class Agent:
    """An agent program that takes every order, and reports it as done or failed."""

    client: Client
    taken: list[dict[str, Any]] = field(default_factory=list)
    result: dict[str, object] = field(default_factory=lambda: {"state": "done"})
    running: bool = True

    def work(self) -> None:
        """Take orders until the end of the test."""
        while self.running:
            for order in self.client.orders():
                self.taken.append(order)
                self.client.report(order["id"], state="taken")
                self.client.report(order["id"], **self.result)
            time.sleep(0.05)


@pytest.fixture
def agent(client: Client) -> Iterator[Agent]:
    """Run an agent program beside the bundle. Orders of earlier tests are dropped."""
    client.orders()
    program = Agent(client)
    thread = threading.Thread(target=program.work)
    thread.start()
    yield program
    program.running = False
    thread.join()


@dataclass
class Office:
    """The directory of the demonstration in a test database, which takes webhooks without a queue."""

    settings: Settings
    owner: Connection
    phone: int = 0

    def run(self, command: str, **parameters: str) -> Answer:
        """Return the answer of a command. Raise the command's errors."""
        http = Request("request", "GET", {"command": command}, parameters, {}, b"")
        return COMMANDS[command](CommandRequest(command, parameters, http, "a-script", self.settings, {}))

    def json(self, command: str, **parameters: str) -> Any:
        """Return the JSON in the answer of a command."""
        return json.loads(self.run(command, **parameters).body)

    def state(self, user: str) -> str:
        """Return the number and the name of a user's state."""
        return _state(fromstring(self.run("tst_getuserstate", iduser=user).body))  # noqa: S314 - our own answer

    def webhook(self, **fields: str) -> None:
        """Store an event of a Telphin phone."""
        query = urlencode({"EventTime": str(time.time_ns() // 1_000), **fields})
        text = message(self.phone, query=query, identity=str(uuid4()), accepted=datetime.now(UTC).replace(tzinfo=None))
        store.take(connection(self.settings.writer_database_url), [reading.read(text)])

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.owner.execute(query, list(values))

    def having(self, **settings: Any) -> Office:
        """Return this office with other settings."""
        return replace(self, settings=replace(self.settings, **settings))


_FORGET = """
DELETE FROM ledger.call_orders; DELETE FROM ledger.state_orders; DELETE FROM ledger.started_calls;
DELETE FROM ledger.presence; DELETE FROM ledger.calls; DELETE FROM ledger.events;
DELETE FROM ledger.records; DELETE FROM ledger.extensions; DELETE FROM userevents.usr_state_changed;
DELETE FROM sipuserevents.sipuser_transtate_set; DELETE FROM sipuserevents.sipuser_state_changed;
DELETE FROM sipusers.states; DELETE FROM calls.success; DELETE FROM calls.cancelled; DELETE FROM calls.forks;
UPDATE ledger.users SET on_call_center = agent <> login, on_redirect = false, on_lunch = false;
"""
_PHONE = """
INSERT INTO ledger.extensions (provider, client, name, type, settings)
VALUES ('telphin', '13596', '13596*106', 'phone', '{"remote_id": "1138241"}') RETURNING id
"""


@pytest.fixture(scope="session")
def database(server: Server) -> Settings:
    """Return the settings of a migrated database with its roles, which all tests of the interface share."""
    return migrated(server)


@pytest.fixture(scope="session")
def staffed(database: Settings) -> Connection:
    """Return the owner's connection to a database that has the directory."""
    directory.register(database.owner_database_url, sample_users.USERS, lambda _: None, whole=True)
    return Connection(database.owner_database_url)


@pytest.fixture
def office(database: Settings, staffed: Connection) -> Office:
    """Return an office without calls. Anna's extension is registered."""
    staffed.execute(_FORGET)
    return Office(database, staffed, staffed.execute(_PHONE)[0][0])


@pytest.fixture(scope="session")
def provider() -> Iterator[TelphinServer]:
    """Run a small server that behaves like Telphin."""
    provider = TelphinServer("application", "secret")
    provider.url = provider.start(0)  # type: ignore[attr-defined]
    yield provider
    provider.stop()


@pytest.fixture
def telphin(office: Office, provider: TelphinServer) -> Office:
    """Return the office with Telphin's connector."""
    url = provider.url  # type: ignore[attr-defined]
    provider.calls.clear()
    return office.having(
        call_control=("telphin",), telphin_url=url, telphin_client_id="application", telphin_client_secret="secret"
    )


@pytest.fixture
def partner() -> Iterator[dict[str, Any]]:
    """Run a server that behaves like a real Oktell server: `requests` records, `status` and `body` are its answer."""
    facts: dict[str, Any] = {"requests": [], "status": 200, "body": "OK"}

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            place = urlsplit(self.path)
            facts["requests"].append((place.path, dict(parse_qsl(place.query))))
            if "inside" in facts:
                facts["inside"].set()
                facts["finish"].wait(ANSWER_SECONDS)
            self.send(facts["status"], facts["body"].encode())

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as facts["url"]:
        yield facts


@pytest.fixture
def forwarding(office: Office, partner: dict[str, Any]) -> Office:
    """Return the office with the connector to a real Oktell server."""
    return office.having(call_control=("oktell",), oktell_server_url=partner["url"], oktell_server_password="their+s")
