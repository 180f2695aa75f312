"""One webhook as a PBX posts it, and the spelling of Telphin's and MTT's."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple
from urllib.parse import urlencode

DOMAIN = "office.ringme.example"
DID = "74951230045"
SHOP = "79586488002"
_MOSCOW = timedelta(hours=3)


class Post(NamedTuple):
    """A webhook: when its PBX posts it (seconds since 1970), from which extension, and in which call.

    `event` is the PBX's name of the event.
    """

    at: float
    provider: str
    sender: str
    call: str
    event: str
    body: bytes


class TelphinCall:
    """The ids and parties of one Telphin call, from which its webhooks are made."""

    def __init__(self, rng: Random, caller: str, called: str, *, did: str = DID) -> None:
        """Call `called` from `caller`; without `did` the call does not come over a public number."""
        self.id = f"{rng.getrandbits(128):032X}"
        self.caller = caller
        self.called = called
        self._did = {"CalledDID": did} if did else {}
        self._rng = rng

    def leg(self) -> str:
        """Return the id of a new leg."""
        return f"{self._rng.getrandbits(128):032X}"

    def post(self, at: float, event: str, sender: str, leg: str, **fields: str) -> Post:
        """Return the webhook of one event of a leg."""
        shared = {
            "EventType": event,
            "CallID": self.id,
            "SubCallID": leg,
            "CallFlow": "OUT" if event == "dial-out" else "IN",
            "CallerIDNum": self.caller,
            "CalledNumber": self.called,
            **self._did,
            "CallStatus": "CALLING" if event.startswith("dial") else "ANSWER",
            "EventTime": str(int(at * 1_000_000)),
        }
        return Post(at, "telphin", sender, self.id, event, urlencode(shared | fields).encode())

    def hangup(self, at: float, sender: str, leg: str, began: float, **fields: str) -> Post:
        """Return the webhook of the end of a leg that lasted since `began`."""
        return self.post(at, "hangup", sender, leg, Duration=str(int((at - began) * 1_000_000)), **fields)


def agent_state(at: float, sender: str, agent: str, *, available: bool) -> Post:
    """Return the webhook of an agent who begins or ends to take calls of the queues."""
    event = "agent-login" if available else "agent-logout"
    fields = {
        "EventType": event,
        "agent_id": agent,
        "agent_status": "available" if available else "logged_out",
        "extension_name": f"{sender}@{DOMAIN}",
        "event_source": "phone",
    }
    return Post(at, "telphin", sender, "", event, urlencode(fields).encode())


class MttCall:
    """The ids and parties of one MTT call."""

    def __init__(self, identity: str, caller: str) -> None:
        """Call the shop from `caller`."""
        self.id = identity
        self.caller = caller.removeprefix("+")

    @classmethod
    def new(cls, rng: Random, caller: str) -> MttCall:
        """Return a new call to the shop from `caller`."""
        digits = f"{rng.getrandbits(128):032X}"
        return cls(" ".join(digits[start : start + 8] for start in range(0, 32, 8)), caller)

    def post(self, at: float, kind: str, number: str, side: str = "", cause: str = "") -> Post:
        """Return the notification of one event at a redirect number, or at the caller's side."""
        moscow = datetime.fromtimestamp(at, UTC) + _MOSCOW
        data = f"event={kind}_{number or self.caller}_{moscow:%Y-%m-%d-%H-%M-%S}" + (f"&cause={cause}" if cause else "")
        event = {"type": kind, "side": side, "cause": cause}
        notification = {
            "date_time": int(at),
            "data": data,
            "event": {name: value for name, value in event.items() if value},
            "h323_conf_id": self.id,
            "numberA": self.caller,
            "sip_id": SHOP,
            **({"redirect_number": number} if number else {}),
            "client_id": "1235",
        }
        return Post(at, "mtt", SHOP, self.id, kind, json.dumps(notification).encode())
