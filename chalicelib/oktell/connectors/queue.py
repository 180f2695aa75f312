"""Orders for an agent program beside the PBX: messages in the queue `call-control`, described in the README."""

from __future__ import annotations

import json

from chalicelib.oktell import call_orders
from chalicelib.oktell.connectors.orders import Order, OrderResult
from chalicelib.oktell.refusals import NotConnected, NotTaken, PartnerRefused
from chalicelib.platform import signed_requests
from chalicelib.platform.postgres import Connection
from chalicelib.settings import Settings

VERSION = 1


#: Commands for which no client waits.
UNAWAITED = frozenset({"wp_setuserstate"})


class Queue:
    """The queue of CALL_CONTROL_QUEUE_URL."""

    def __init__(self, settings: Settings, database: Connection) -> None:
        """Raise NotConnected if no queue is configured."""
        if not settings.call_control_queue_url:
            raise NotConnected(
                "CALL_CONTROL_QUEUE_URL is not set: the queue that an agent program beside the PBX reads"
            )
        self._url, self._seconds, self._database = (
            settings.call_control_queue_url,
            settings.call_control_seconds,
            database,
        )

    def do(self, order: Order) -> OrderResult:
        """Send the order to the queue, and wait until an agent program has taken it and reported its result.

        Raise NotTaken if none does within CALL_CONTROL_SECONDS, and PartnerRefused if the PBX does not carry it out.
        """
        call_orders.add(self._database, order)
        signed_requests.send_message(self._url, json.dumps(message(order)))
        if order.command in UNAWAITED:
            return OrderResult()
        state = call_orders.wait(self._database, order.id, self._seconds)
        if state.outcome == call_orders.WITHDRAWN:
            raise NotTaken(
                f"No agent program took the order within {self._seconds} seconds, and it was withdrawn; is the program"
                " beside the PBX running?"
            )
        if state.outcome == call_orders.FAILED:
            raise PartnerRefused(f"The PBX did not carry out the order: {state.reason or 'it gave no reason'}")
        return OrderResult(call_id=state.call_id)


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
