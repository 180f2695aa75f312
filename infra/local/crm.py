"""A small CRM with NiMbox's phone-call service, to which the replication sends the demonstration's calls.

It recognises repeated calls and deletes days, which are UTC. It refuses calls to some numbers, as a CRM without their
contacts does; half of these contacts are added after the first refusal, so that a retry succeeds. It forgets everything
when the stack stops.
"""

from __future__ import annotations

import itertools
import json
import threading
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from infra.local.serving import LoopbackServer, QuietHandler

CREATE, DELETE = "/direct/items/phonecalls/create", "/direct/items/phonecalls/delete"
KEY = ("initiated", "source", "destination")
#: One number of so many is of no contact.
UNKNOWN_EVERY = 20
UNKNOWN = {"destination": "no se consiguió el número de destino en la base de datos"}


class Crm(LoopbackServer):
    """The server and its thread."""

    def __init__(self, token: str) -> None:
        """Accept calls with `token`."""
        self.token = token
        self._lock = threading.Lock()
        self._contacts: dict[str, int] = {}
        self._refused: set[str] = set()
        self._calls: dict[tuple[str, ...], int] = {}
        self._numbers = itertools.count(1)

    def start(self, port: int) -> str:
        """Serve on loopback `port` (0: any free one) and return the URL."""
        return self.serve(port, type("OfThisCrm", (_Handler,), {"crm": self}))

    def answer(self, address: str) -> dict[str, Any] | None:
        """Return the answer to a request, or None if the service does not have this address."""
        place = urlsplit(address)
        parameters = dict(parse_qsl(place.query))
        if place.path not in {CREATE, DELETE}:
            return None
        if parameters.get("token") != self.token:
            return {"error": True, "errors": {"token": "desconocido"}}
        return self.create(parameters) if place.path == CREATE else self.delete(parameters)

    def create(self, call: dict[str, str]) -> dict[str, Any]:
        """Create a call, or return the existing one."""
        missing = {name: "falta" for name in KEY if not call.get(name)}
        if missing:
            return {"error": True, "errors": missing}
        with self._lock:
            contact = self._contacts.setdefault(call["destination"], len(self._contacts) + 1)
            if self._is_unknown(call["destination"], contact):
                return {"error": True, "errors": UNKNOWN}
            key = tuple(call[name] for name in KEY)
            number = self._calls.get(key) or self._calls.setdefault(key, next(self._numbers))
        return {"error": False, "contactId": contact, "phonecallId": number}

    def _is_unknown(self, number: str, contact: int) -> bool:
        """Return True for the tenth new number and each twentieth after it; every second of them becomes known."""
        place, rest = divmod(contact - UNKNOWN_EVERY // 2, UNKNOWN_EVERY)
        if rest or (place % 2 == 0 and number in self._refused):
            return False
        self._refused.add(number)
        return True

    def delete(self, period: dict[str, str]) -> dict[str, Any]:
        """Delete the calls of the days between two dates, both exclusive."""
        missing = {name: "falta" for name in ("from", "to") if not period.get(name)}
        if missing:
            return {"error": True, "errors": missing}
        with self._lock:
            gone = [key for key in self._calls if period["from"] < key[0][:10] < period["to"]]
            for key in gone:
                del self._calls[key]
        return {"count": len(gone), "error": False}


class _Handler(QuietHandler):
    crm: Crm

    def do_GET(self) -> None:
        """Answer one call."""
        answer = self.crm.answer(self.path)
        if answer is None:
            self.send(404, b"")
        else:
            self.send(200, json.dumps(answer).encode())
