"""A small Telphin: the part of its REST API that orders events, and the webhooks that follow.

In addition to the real API, `POST /simulate/{extension|agent}/{id}` with the fields of an event as a form posts
them to every address that has ordered events of that type, as the provider does, and answers their statuses.
"""

from __future__ import annotations

import itertools
import json
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode
from uuid import uuid4

import urllib3

from infra.demonstration.webhooks import sounds
from infra.local import tapes
from infra.local.serving import LoopbackServer, QuietHandler

LIMIT = 16
STORAGE = "/storage/"
SOUND_SECONDS = 12
POST_SECONDS = 10
EVENTS = {
    "extension": {"dial-in", "dial-out", "answer", "hangup"},
    "agent": {"agent-login", "agent-logout"},
}
_PLACE = re.compile(r"/(api/ver1\.0|simulate)/(extension|agent)/(\w+)(?:/event/(\w*))?")

_CALLS = re.compile(r"/api/ver1\.0/extension/(\w+)/(callback|current_calls)/([\w-]*)")

_RECORD = re.compile(r"/api/ver1\.0/client/@me/record/([\w.%-]+)/storage_url/")

Answer = tuple[HTTPStatus, Any]


class TelphinServer(LoopbackServer):
    """The provider's server and its thread; `ivrs` are the extensions without answer and dial-out events."""

    def __init__(self, client_id: str, client_secret: str, ivrs: frozenset[str] = frozenset()) -> None:
        """Accept one application by its credentials."""
        self.application = {"client_id": client_id, "client_secret": client_secret}
        self.token = f"token-of-{client_id}"
        self.ivrs = ivrs
        self.ordered: dict[str, dict[str, dict[str, Any]]] = {}
        self.numbers = itertools.count(150)
        self.calls: dict[str, dict[str, Any]] = {}
        self._http = urllib3.PoolManager(timeout=POST_SECONDS, retries=False)

    def start(self, port: int) -> str:
        """Serve on loopback `port` (0: any free one) and return the URL."""
        return self.serve(port, type("OfThisProvider", (_Handler,), {"provider": self}))

    def order(self, kind: str, number: str, wish: Any) -> Answer:  # noqa: ANN401 - any JSON
        """Order an event for a resource."""
        events = self.ordered.setdefault(f"{kind}/{number}", {})
        if not isinstance(wish, dict) or wish.get("event_type") not in EVENTS[kind] or "url" not in wish:
            return HTTPStatus.BAD_REQUEST, {"message": "event_type, method and url are needed"}
        if number in self.ivrs and wish["event_type"] in {"answer", "dial-out"}:
            return HTTPStatus.BAD_REQUEST, {"message": "this event is not possible on ivr-type extensions"}
        if len(events) >= LIMIT:
            return HTTPStatus.FORBIDDEN, {"message": "the limit of events is exceeded"}
        event = {"id": next(self.numbers), "method": "POST", **wish}
        events[str(event["id"])] = event
        return HTTPStatus.CREATED, event

    def call(self, number: str, wish: Any) -> Answer:  # noqa: ANN401 - any JSON
        """Start a call for an extension; return the ids of its webhooks, and the handle to end it."""
        if not isinstance(wish, dict) or not wish.get("src_num") or not wish.get("dst_num"):
            return HTTPStatus.BAD_REQUEST, {"message": "src_num and dst_num are needed"}
        call = {"call_id": uuid4().hex.upper(), "call_api_id": f"{number}-{uuid4()}"}
        self.calls[call["call_api_id"]] = wish
        return HTTPStatus.CREATED, call

    def simulate(self, kind: str, number: str, fields: str) -> Answer:
        """Post these fields to every address that has ordered events of their type."""
        event_type = parse_qs(fields).get("EventType", [""])[0]
        events = self.ordered.get(f"{kind}/{number}", {}).values()
        statuses = [self._deliver(event, fields) for event in events if event["event_type"] == event_type]
        return HTTPStatus.OK, {"statuses": statuses}

    def _deliver(self, event: dict[str, Any], fields: str) -> int:
        if event["method"] == "GET":
            return int(self._http.request("GET", f"{event['url']}?{urlencode(parse_qsl(fields))}").status)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return int(self._http.request("POST", event["url"], body=fields.encode(), headers=headers).status)


class _Handler(QuietHandler):
    provider: TelphinServer

    def answer(self) -> None:
        """Answer one request."""
        body = self.body()
        if self.path.startswith(STORAGE):
            self.send(
                HTTPStatus.OK, tapes.sound(sounds.length_of(self.path, SOUND_SECONDS), len(self.path)), "audio/wav"
            )
            return
        status, content = self._answered(body.decode())
        self.send(status, b"" if content is None else json.dumps(content).encode())

    do_GET = do_POST = do_DELETE = answer

    def _answered(self, body: str) -> Answer:
        if self.path == "/oauth/token":
            return self._login(body)
        if calls := _CALLS.fullmatch(self.path):
            return self._calls(calls[1], calls[2], calls[3], body)
        place = _PLACE.fullmatch(self.path)
        if place is None:
            return self._record()
        api, kind, number, event = place.groups()
        if api == "simulate":
            return self.provider.simulate(kind, number, body)
        if self.headers.get("Authorization") != f"Bearer {self.provider.token}":
            return HTTPStatus.UNAUTHORIZED, {"message": "Access denied"}
        return self._events(kind, number, event, body)

    def _login(self, body: str) -> Answer:
        credentials = dict(parse_qsl(body))
        if credentials != {"grant_type": "client_credentials", **self.provider.application}:
            return HTTPStatus.UNAUTHORIZED, {"error": "invalid_client"}
        return HTTPStatus.OK, {"access_token": self.provider.token, "token_type": "Bearer", "expires_in": 3600}

    def _calls(self, number: str, what: str, handle: str, body: str) -> Answer:
        if self.headers.get("Authorization") != f"Bearer {self.provider.token}":
            return HTTPStatus.UNAUTHORIZED, {"message": "Access denied"}
        if what == "callback" and self.command == "POST":
            return self.provider.call(number, json.loads(body))
        if self.provider.calls.pop(handle, None) is None:
            return HTTPStatus.NOT_FOUND, {"message": "Not found"}
        return HTTPStatus.NO_CONTENT, None

    def _record(self) -> Answer:
        recording = _RECORD.fullmatch(self.path)
        if recording is None:
            return HTTPStatus.NOT_FOUND, {"message": "Not found"}
        if self.headers.get("Authorization") != f"Bearer {self.provider.token}":
            return HTTPStatus.UNAUTHORIZED, {"message": "Access denied"}
        return HTTPStatus.OK, {"record_url": f"http://{self.headers['Host']}{STORAGE}{recording[1]}"}

    def _events(self, kind: str, number: str, event: str | None, body: str) -> Answer:
        events = self.provider.ordered.get(f"{kind}/{number}", {})
        if self.command == "GET":
            return HTTPStatus.OK, list(events.values())
        if self.command == "POST":
            return self.provider.order(kind, number, json.loads(body))
        if events.pop(event or "", None) is None:
            return HTTPStatus.NOT_FOUND, {"message": "Not found"}
        return HTTPStatus.NO_CONTENT, None
