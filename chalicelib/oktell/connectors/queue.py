"""Orders for an agent beside the PBX: messages in the queue `call-control`, which the README describes."""

from __future__ import annotations

import json

from chalicelib.oktell.connectors.orders import Done, Order
from chalicelib.oktell.refusals import NotConnected
from chalicelib.platform import signed_requests
from chalicelib.settings import Settings

VERSION = 1


class Queue:
    """The queue of CALL_CONTROL_QUEUE_URL."""

    def __init__(self, settings: Settings) -> None:
        """Read the address of the queue. Raise NotConnected if there is none."""
        if not settings.call_control_queue_url:
            raise NotConnected("CALL_CONTROL_QUEUE_URL is not set: it is the queue that an agent beside the PBX reads")
        self._url = settings.call_control_queue_url

    def do(self, order: Order) -> Done:
        """Put the order into the queue. Its effect shows in the webhooks that follow."""
        signed_requests.send_message(self._url, json.dumps(message(order)))
        return Done()


def message(order: Order) -> dict[str, object]:
    """Return the message that the agent reads."""
    user = order.person.user
    return {
        "version": VERSION,
        "id": order.id,
        "command": order.command,
        "asked_by": order.integration,
        "asked_at": f"{order.asked_at.isoformat(timespec='seconds')}Z",
        "expires_at": f"{order.expires_at.isoformat(timespec='seconds')}Z",
        "user": {
            "id": user.id,
            "login": user.login,
            "extension": user.extension,
            "agent": user.agent,
            "number": user.number,
            "line": user.line,
            "line_id": user.line_id,
            "work_place": user.work_place,
        },
        "parameters": dict(order.parameters),
    }
