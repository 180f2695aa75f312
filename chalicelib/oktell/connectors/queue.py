"""Orders for an agent program beside the PBX: messages in the queue `call-control`, described in the README."""

from __future__ import annotations

import json

from chalicelib.oktell.connectors.orders import Order, OrderResult
from chalicelib.oktell.refusals import NotConnected
from chalicelib.platform import signed_requests
from chalicelib.settings import Settings

VERSION = 1


class Queue:
    """The queue of CALL_CONTROL_QUEUE_URL."""

    def __init__(self, settings: Settings) -> None:
        """Raise NotConnected if no queue is configured."""
        if not settings.call_control_queue_url:
            raise NotConnected(
                "CALL_CONTROL_QUEUE_URL is not set: the queue that an agent program beside the PBX reads"
            )
        self._url = settings.call_control_queue_url

    def do(self, order: Order) -> OrderResult:
        """Send the order to the queue. Only later webhooks show if it was carried out."""
        signed_requests.send_message(self._url, json.dumps(message(order)))
        return OrderResult()


def message(order: Order) -> dict[str, object]:
    """Return the order as the agent program reads it."""
    user = order.person.user
    return {
        "version": VERSION,
        "id": order.id,
        "command": order.command,
        "asked_by": order.integration,
        "asked_at": f"{order.ordered_at.isoformat(timespec='seconds')}Z",
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
