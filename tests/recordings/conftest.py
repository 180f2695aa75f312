"""The bundle's recordings as clients see them: over HTTP, and the Lambda within this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import boto3
import pytest
import requests
from chalice.local import LambdaContext

import app
from chalicelib.macs import Secrets
from chalicelib.platform import runtime
from chalicelib.recordings import links
from infra.local import environment, tapes
from tests.databases import run

Ask = Callable[..., dict[str, Any]]


def link_secret(stack: dict[str, Any]) -> str:
    """Return the secret of the stack's links, which has generation 1."""
    return str(json.loads((Path(stack["data"]) / "secrets.json").read_text("utf-8"))["link"])


PATH = "2026/Отдел продаж/a+b 100%25.wav"
REQUEST_SECONDS = 20


@dataclass
class Desk:
    """Adds calls and files to the bundle, and requests recordings."""

    facts: dict[str, Any]
    secrets: Secrets
    s3: Any
    inviteids: list[str] = field(default_factory=list)

    def call(self, file: bytes | None = None, /, **columns: object) -> str:
        """Add a call of a minute and return its id; a `file` is put into S3 where the row says."""
        row = {"inviteid": str(uuid4()), "duration": 60, "isrec": True, "callrecpath": PATH, **columns}
        names = ", ".join(row)
        run(
            self.facts["database_url"],
            f"INSERT INTO calls.success ({names}) VALUES ({', '.join(['%s'] * len(row))})",
            list(row.values()),
        )
        if file is not None:
            key = f"recordings/{row['callrecpath']}"
            self.s3.put_object(Bucket=self.facts["bucket"], Key=key, Body=file, ContentType="binary/octet-stream")
        self.inviteids.append(str(row["inviteid"]))
        return str(row["inviteid"])

    def fact(self, inviteid: str, **columns: object) -> None:
        """Add what the recorder knows of a call."""
        names = ", ".join(["inviteid", *columns])
        places = ", ".join(["%s"] * (len(columns) + 1))
        statement = f"INSERT INTO ledger.recordings ({names}) VALUES ({places})"
        run(self.facts["database_url"], statement, [inviteid, *columns.values()])

    def tombstone(self, successor: str) -> str:
        """Add a former id of a call and return it."""
        former = str(uuid4())
        run(
            self.facts["database_url"],
            "INSERT INTO ledger.records (inviteid, provider, client, call_id, complete, facts, gone_at, successor)"
            " VALUES (%s, 'test', '', '', true, '{}', now(), %s)",
            [former, successor],
        )
        self.inviteids.append(former)
        return former

    def url(self, inviteid: str, key: str = "") -> str:
        """Return the address of a call's recording."""
        return f"{self.facts['url']}{links.PATH.format(inviteid=inviteid)}" + (f"?key={key}" if key else "")

    def key(self, inviteid: str, expires: datetime | None = None) -> str:
        """Return the key of a link."""
        return links.key(self.secrets, UUID(inviteid), expires)

    def ask(self, inviteid: str, method: str = "GET", **options: Any) -> requests.Response:
        """Return the answer to a token with the right scope, without following a redirect."""
        options.setdefault("params", {})["token"] = self.facts["tokens"]["recordings"]
        return requests.request(method, self.url(inviteid), allow_redirects=False, timeout=REQUEST_SECONDS, **options)


@pytest.fixture(scope="module")
def desk(stack: dict[str, Any]) -> Iterator[Desk]:
    """Yield a desk, and delete its calls afterwards."""
    environment.prepare_clients()
    s3 = boto3.client("s3", endpoint_url=stack["aws_endpoint_url"], region_name="us-east-1")
    made = Desk(stack, ((1, link_secret(stack)),), s3)
    yield made
    for table in ("calls.success", "ledger.recordings", "ledger.records"):
        run(stack["database_url"], f"DELETE FROM {table} WHERE inviteid = ANY (%s::uuid[])", [made.inviteids])


@pytest.fixture(scope="module")
def played(desk: Desk) -> str:
    """Return a call whose file is in S3, under a name that a URL must encode."""
    return desk.call(tapes.sound(3), recexpirets=datetime(2100, 1, 1))  # noqa: DTZ001 - naive UTC


@pytest.fixture
def ask(stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Return a function that sends a link to the Lambda; keywords replace variables of its environment."""
    known = {
        "GATE_DATABASE_URL": stack["gate_url"],
        "LINK_SECRETS": f"1:{link_secret(stack)}",
        "BUCKET": stack["bucket"],
        "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }

    def asked(link: str, method: str = "GET", **variables: str) -> dict[str, Any]:
        for name, value in (known | variables).items():
            monkeypatch.setenv(name, value)
        runtime.renew()
        answer: dict[str, Any] = app.recordings(_event(link, method), LambdaContext("recordings", 256))
        return answer

    yield asked
    runtime.renew()
    runtime.renew()


def _event(link: str, method: str) -> dict[str, Any]:
    place = urlsplit(link)
    return {
        "resource": links.PATH,
        "path": place.path,
        "httpMethod": method,
        "headers": {},
        "multiValueHeaders": {},
        "pathParameters": {"inviteid": place.path.split("/")[-2]},
        "multiValueQueryStringParameters": {"key": [place.query.removeprefix("key=")]},
        "stageVariables": None,
        "requestContext": {"resourcePath": links.PATH, "httpMethod": method, "path": place.path, "requestId": "1"},
        "body": None,
        "isBase64Encoded": False,
    }
