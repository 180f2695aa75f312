"""Reports about orders to Ringledger: an order is taken before it is carried out, so that it is carried out once."""

from __future__ import annotations

import json
import time
from http import HTTPStatus

from ringledger_asterisk.web import WebFault, post

SECONDS = 10.0
#: A result is reported again after these pauses, in seconds, while Ringledger is away.
PAUSES = (1.0, 4.0)
LONGEST_REASON = 500


class Reports:
    """The address of Ringledger, and the token of the agent program."""

    def __init__(self, url: str, token: str) -> None:
        """Report to `url`/call-orders."""
        self._url, self._headers = url, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def take(self, order: str) -> bool:
        """Take an order, and return False if it was taken before, was withdrawn or has expired. Raise WebFault."""
        try:
            self._report(order, {"state": "taken"})
        except WebFault as fault:
            if fault.status == HTTPStatus.CONFLICT:
                return False
            raise
        return True

    def done(self, order: str, call_id: str) -> None:
        """Report that the PBX has accepted the order. Raise WebFault."""
        self._repeated(order, {"state": "done", "call_id": call_id})

    def failed(self, order: str, reason: str) -> None:
        """Report that the PBX did not carry out the order. Raise WebFault."""
        self._repeated(order, {"state": "failed", "reason": reason[:LONGEST_REASON]})

    def _repeated(self, order: str, report: dict[str, str]) -> None:
        for pause in PAUSES:
            if self._reached(order, report):
                return
            time.sleep(pause)
        self._report(order, report)

    def _reached(self, order: str, report: dict[str, str]) -> bool:
        """Report, and return False if Ringledger is away. Raise WebFault if it refuses the report."""
        try:
            self._report(order, report)
        except WebFault as fault:
            if fault.status and fault.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return False
        return True

    def _report(self, order: str, report: dict[str, str]) -> None:
        post("Ringledger", f"{self._url}/call-orders/{order}", self._headers, json.dumps(report).encode(), SECONDS)
