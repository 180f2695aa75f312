"""Orders for Telphin's REST API: a callback starts a call, and the deletion of a current call ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qsl

from chalicelib.oktell import people
from chalicelib.oktell.connectors.orders import CannotDo, Order, OrderResult
from chalicelib.oktell.people import Talk
from chalicelib.oktell.refusals import NotConnected, PartnerRefused
from chalicelib.platform.postgres import Connection
from chalicelib.providers.telphin_client import ProviderRefused, Telphin
from chalicelib.settings import Settings

_REMOTE = """
SELECT client, coalesce(settings ->> 'remote_id', '') FROM ledger.extensions
WHERE provider = 'telphin' AND name = %s AND revoked_at IS NULL
"""
# Every webhook of a call has the API's id of its leg. The last one is about the leg that rings now.
_WEBHOOKS = """
SELECT query, body FROM ledger.events WHERE provider = %s AND client = %s AND call_id = %s ORDER BY accepted_at DESC
LIMIT 100
"""
_STARTED = """
SELECT handle FROM ledger.started_calls
WHERE user_id = %s AND connector = 'telphin' AND handle <> '' AND stopped_at IS NULL
    AND started_at > now() - interval '4 hours'
ORDER BY started_at DESC LIMIT 3
"""
_STOPPED = "UPDATE ledger.started_calls SET stopped_at = now() WHERE handle = %s AND stopped_at IS NULL"


class _Phone(NamedTuple):
    """An extension at Telphin: the account, and the extension's id in the API."""

    client: str
    id: str


class TelphinConnector:
    """Telphin's API with the rights of the application TELPHIN_CLIENT_ID."""

    def __init__(self, settings: Settings, database: Connection) -> None:
        """Raise NotConnected if there are no credentials."""
        if not (settings.telphin_client_id and settings.telphin_client_secret):
            raise NotConnected("TELPHIN_CLIENT_ID and TELPHIN_CLIENT_SECRET are not set: the application's credentials")
        self._api = Telphin(settings, settings.call_control_seconds)
        self._database = database
        self._ways: dict[str, Callable[[Order, _Phone], OrderResult]] = {
            "wp_autocallstart": self._start,
            "wp_switchcall": self._switch,
            "wp_autocallstop": self._stop,
            "wp_declinecall": self._decline,
        }

    def do(self, order: Order) -> OrderResult:
        """Carry out an order through the API, which has no flash, no transfer and no states of users."""
        phone = self._phone(order) if order.command in self._ways else None
        if phone is None:
            raise CannotDo
        try:
            return self._ways[order.command](order, phone)
        except ProviderRefused as refusal:
            raise PartnerRefused(refusal.message) from None

    def _phone(self, order: Order) -> _Phone | None:
        rows = self._database.execute(_REMOTE, [order.person.user.extension])
        return _Phone(*rows[0]) if rows and rows[0][1] else None

    def _start(self, order: Order, phone: _Phone) -> OrderResult:
        number = order.parameters["number"]
        if order.parameters["direction"] == "pbx":
            number = self._inner(number, phone)
        ends = (order.person.user.extension, number)
        first, second = ends if order.parameters["sequence"] == "back" else ends[::-1]
        return OrderResult(*self._api.callback(phone.id, first, second))

    def _inner(self, number: str, phone: _Phone) -> str:
        """Return the extension that has an internal number in the directory, else Telphin's name of a short number."""
        user = people.users_by_number(self._database, [number]).get(number)
        extension = user.extension if user else ""
        return extension or (number if "*" in number else f"{phone.client}*{number}")

    def _switch(self, order: Order, phone: _Phone) -> OrderResult:
        if order.person.talks:
            raise CannotDo
        return self._start(order, phone)

    def _stop(self, order: Order, phone: _Phone) -> OrderResult:
        rows = self._database.execute(_STARTED, [order.person.user.id])
        for (handle,) in rows:
            self._api.hang_up(phone.id, handle)
            self._database.execute(_STOPPED, [handle])
        return OrderResult()

    def _decline(self, order: Order, phone: _Phone) -> OrderResult:
        # Without a ringing call the command succeeds and does nothing, as `_stop` does without a started call.
        for talk in order.person.talks:
            if _rings(talk, order.person.user.extension):
                handle = self._handle(talk, order.person.user.extension)
                if not handle:
                    raise CannotDo
                self._api.hang_up(phone.id, handle)
        return OrderResult()

    def _handle(self, talk: Talk, extension: str) -> str:
        rows = self._database.execute(_WEBHOOKS, [talk.provider, talk.client, talk.id])
        webhooks = [
            {name.lower(): value for name, value in parse_qsl(f"{query}&{_text(body)}")} for query, body in rows
        ]
        own = [webhook for webhook in webhooks if extension in (webhook.get("callednumber", ""), _local(webhook))]
        return next((webhook["callapiid"] for webhook in own if webhook.get("callapiid")), "")


def _rings(talk: Talk, extension: str) -> bool:
    return any(leg.state == "ringing" and leg.extension == extension for leg in talk.legs)


def _local(fields: dict[str, str]) -> str:
    return fields.get("calledextension", "").partition("@")[0]


def _text(body: object) -> str:
    return bytes(body).decode(errors="replace") if isinstance(body, bytes | memoryview) else ""
