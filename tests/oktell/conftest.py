"""The interface on the running stack, and its commands on a database of the tests."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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
from chalicelib.oktell.asked import Asked
from chalicelib.oktell.surface import COMMANDS
from chalicelib.platform.postgres import Connection, connection
from chalicelib.settings import Settings
from infra.local import environment, sample_users
from infra.local.telphin_server import TelphinServer
from tests.databases import Server, migrated, run
from tests.ingest.telephony import message

ANSWER_SECONDS = 60
WAIT_SECONDS = 10


@dataclass
class Client:
    """An integration that holds a token for the interface."""

    facts: dict[str, Any]

    def get(self, path: str, **parameters: str) -> requests.Response:
        """Get an address with the token, without following redirects."""
        named = {"password": self.facts["tokens"]["oktell"], **parameters}
        return requests.get(self.url(path), params=named, timeout=ANSWER_SECONDS, allow_redirects=False)

    def post(self, path: str, **options: Any) -> requests.Response:
        """Post to an address with the token."""
        return requests.post(
            self.url(path), params={"password": self.facts["tokens"]["oktell"]}, timeout=ANSWER_SECONDS, **options
        )

    def url(self, path: str) -> str:
        """Return the whole address, without a token."""
        return f"{self.facts['url']}/{path}"

    def xml(self, path: str, **parameters: str) -> Element:
        """Return the document as a parser reads it that believes its declaration."""
        answer = self.get(path, **parameters)
        assert answer.status_code == 200, answer.text
        return fromstring(answer.content, parser=XMLParser())  # noqa: S314 - our own answer

    def state(self, user: str) -> str:
        """Return the number and the name of a user's state."""
        found = self.xml("tst_getuserstate", iduser=user).find(".//property_simple[@key='state']")
        assert found is not None
        return f"{found.attrib['value']} {found.attrib['name']}"

    def webhook(self, **fields: str) -> None:
        """Post an event of a Telphin phone."""
        key = self.facts["webhook_keys"]["telphin"]["phone"]
        moment = {"EventTime": str(time.time_ns() // 1_000)}
        answer = requests.post(
            f"{self.facts['url']}/ext-event/{key}", data={**moment, **fields}, timeout=ANSWER_SECONDS
        )
        assert answer.status_code == 200

    def eventually(self, holds: Callable[[], bool]) -> None:
        """Wait until the consumer of the queue has made a condition true."""
        until = time.monotonic() + WAIT_SECONDS
        while not holds():
            assert time.monotonic() < until, "it never came true"
            time.sleep(0.05)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return run(self.facts["database_url"], query, list(values))

    def orders(self) -> list[dict[str, Any]]:
        """Receive and delete the orders in the agent's queue."""
        sqs = boto3.client("sqs", endpoint_url=self.facts["aws_endpoint_url"], region_name="us-east-1")
        queue, found = self.facts["queues"]["call-control"], []
        while received := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            for each in received:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
                found.append(json.loads(each["Body"]))
        return found


@pytest.fixture(scope="session")
def client(stack: dict[str, Any]) -> Client:
    """Return an integration of the running stack, which has the demonstration's directory."""
    environment.prepare_clients()
    return Client(stack)


@dataclass
class Office:
    """The demonstration's directory in a database of the tests, which takes webhooks without a queue."""

    settings: Settings
    owner: Connection
    phone: int = 0

    def ask(self, command: str, **parameters: str) -> Answer:
        """Return the answer to a command, or raise its error."""
        request = Request("request", "GET", {"command": command}, parameters, {}, b"")
        return COMMANDS[command](Asked(command, parameters, request, "a-script", self.settings, {}))

    def json(self, command: str, **parameters: str) -> Any:
        """Return the JSON answer to a command."""
        return json.loads(self.ask(command, **parameters).body)

    def state(self, user: str) -> str:
        """Return the number and the name of a user's state."""
        body = self.ask("tst_getuserstate", iduser=user).body
        assert isinstance(body, bytes)
        found = fromstring(body).find(".//property_simple[@key='state']")  # noqa: S314 - our own answer
        assert found is not None
        return f"{found.attrib['value']} {found.attrib['name']}"

    def webhook(self, **fields: str) -> None:
        """Take an event of a Telphin phone."""
        said = urlencode({"EventTime": str(time.time_ns() // 1_000), **fields})
        text = message(self.phone, query=said, identity=str(uuid4()), accepted=datetime.now(UTC).replace(tzinfo=None))
        store.take(connection(self.settings.writer_database_url), [reading.read(text)])

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.owner.execute(query, list(values))

    def having(self, **settings: Any) -> Office:
        """Return this office with other settings."""
        return replace(self, settings=replace(self.settings, **settings))


_FORGET = """
DELETE FROM ledger.started_calls; DELETE FROM ledger.presence; DELETE FROM ledger.calls; DELETE FROM ledger.events;
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
    """Return a migrated database with its roles, which all tests of the interface share."""
    return migrated(server)


@pytest.fixture(scope="session")
def staffed(database: Settings) -> Connection:
    """Return the owner's connection to a database that has the directory."""
    directory.put(database.owner_database_url, sample_users.USERS, lambda _: None, whole=True)
    return Connection(database.owner_database_url)


@pytest.fixture
def office(database: Settings, staffed: Connection) -> Office:
    """Return an office without calls, in which Anna's extension is registered."""
    staffed.execute(_FORGET)
    return Office(database, staffed, staffed.execute(_PHONE)[0][0])


@pytest.fixture(scope="session")
def provider() -> Iterator[TelphinServer]:
    """Start a small Telphin."""
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
    """Start a stand-in of a real Oktell server. Return the requests that it received, and its next answer."""
    facts: dict[str, Any] = {"asked": [], "status": 200, "body": "OK"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = urlsplit(self.path)
            facts["asked"].append((place.path, dict(parse_qsl(place.query))))
            self.send_response(facts["status"])
            self.end_headers()
            self.wfile.write(facts["body"].encode())

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, args=[0.01], daemon=True).start()
    facts["url"] = f"http://127.0.0.1:{listening.server_port}"
    yield facts
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def forwarding(office: Office, partner: dict[str, Any]) -> Office:
    """Return the office with a connector to the real Oktell server."""
    return office.having(call_control=("oktell",), oktell_server_url=partner["url"], oktell_server_password="their+s")
