"""The interface as a client has it, on the running bundle; and its commands on a database of the tests' own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from xml.etree.ElementTree import Element, XMLParser, fromstring

import boto3
import pytest
import requests

from chalicelib import directory
from chalicelib.edge import Answer, Request
from chalicelib.oktell.asked import Asked
from chalicelib.oktell.surface import COMMANDS
from chalicelib.settings import Settings
from infra.local import environment, staff
from tests.databases import run

ANSWER_SECONDS = 60
WAIT_SECONDS = 10


@dataclass
class Client:
    """An integration that holds a token for the interface."""

    facts: dict[str, Any]

    def get(self, path: str, **parameters: str) -> requests.Response:
        """Get an address under the token; no redirect is followed."""
        named = {"password": self.facts["tokens"]["oktell"], **parameters}
        return requests.get(self.url(path), params=named, timeout=ANSWER_SECONDS, allow_redirects=False)

    def post(self, path: str, **options: Any) -> requests.Response:
        """Post to an address under the token."""
        return requests.post(
            self.url(path), params={"password": self.facts["tokens"]["oktell"]}, timeout=ANSWER_SECONDS, **options
        )

    def url(self, path: str) -> str:
        """The whole address, without a token."""
        return f"{self.facts['url']}/{path}"

    def xml(self, path: str, **parameters: str) -> Element:
        """What a parser reads that believes the bytes' own declaration."""
        answer = self.get(path, **parameters)
        assert answer.status_code == 200, answer.text
        return fromstring(answer.content, parser=XMLParser())  # noqa: S314 - our own answer

    def state(self, user: str) -> str:
        """A user's state, as number and name."""
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
        """Wait until the queue's consumer has made something true."""
        until = time.monotonic() + WAIT_SECONDS
        while not holds():
            assert time.monotonic() < until, "it never came true"
            time.sleep(0.1)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database says."""
        return run(self.facts["database_url"], query, list(values))

    def orders(self) -> list[dict[str, Any]]:
        """The orders in the queue of the agent beside the PBX, which is empty afterwards."""
        sqs = boto3.client("sqs", endpoint_url=self.facts["aws_endpoint_url"], region_name="us-east-1")
        queue, found = self.facts["queues"]["call-control"], []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found


@pytest.fixture(scope="session")
def client(stack: dict[str, Any]) -> Client:
    """An integration on the running bundle, whose directory is the demonstration's."""
    environment.prepare_clients()
    return Client(stack)


@dataclass
class Office:
    """The demonstration's directory in a database of the tests' own."""

    settings: Settings

    def ask(self, command: str, **parameters: str) -> Answer:
        """The answer to a command, or what it raises."""
        request = Request("request", "GET", {"command": command}, parameters, {}, b"")
        return COMMANDS[command](Asked(command, parameters, request, "a-script", self.settings, {}))

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database says."""
        return run(self.settings.owner_database_url, query, list(values))

    def having(self, **settings: Any) -> Office:
        """The same office under other settings."""
        return Office(replace(self.settings, **settings))


@pytest.fixture
def office(database: Settings) -> Iterator[Office]:
    """An office in which nothing happened yet."""
    directory.put(database.owner_database_url, staff.USERS, lambda _: None, whole=True)
    yield Office(database)
    run(
        database.owner_database_url,
        "TRUNCATE ledger.users, ledger.started_calls, ledger.presence, userevents.usr_state_changed,"
        " sipuserevents.sipuser_transtate_set, sipuserevents.sipuser_state_changed,"
        " ledger.calls, ledger.extensions CASCADE",
    )
