"""Orders for a real Oktell server: sends it the command with the server's own password."""

from __future__ import annotations

from urllib.parse import quote_plus, urlencode

from chalicelib.oktell.connectors.orders import Order, OrderResult
from chalicelib.oktell.refusals import NotConnected, PartnerRefused
from chalicelib.platform import http
from chalicelib.platform.http import Peer
from chalicelib.settings import Settings

LONGEST_ANSWER = 65_536
CONNECT_SECONDS = 3


class Server:
    """The server of OKTELL_SERVER_URL, such as http://192.168.0.1:4055."""

    def __init__(self, settings: Settings) -> None:
        """Raise NotConnected if no server is configured."""
        if not settings.oktell_server_url:
            raise NotConnected("OKTELL_SERVER_URL is not set: a server such as http://192.168.0.1:4055")
        self._url = settings.oktell_server_url
        self._password = {"password": settings.oktell_server_password} if settings.oktell_server_password else {}
        # One attempt: a second one could start a second call. A longer answer is cut.
        seconds = settings.call_control_seconds
        self._peer = Peer(
            "The server behind this command",
            min(CONNECT_SECONDS, seconds),
            seconds,
            seconds,
            1,
            LONGEST_ANSWER,
            shorten=True,
        )

    def do(self, order: Order) -> OrderResult:
        """Send the command with the user's GUID, which is the same on the server, and return the server's answer."""
        fields = {**order.parameters, "user": order.person.user.id, **self._password}
        answer = http.client().ask(self._peer, "GET", f"{self._url}/{order.command}?{urlencode(fields)}")
        # A server that quotes the request also quotes the password.
        text = answer.body.decode(errors="replace")
        for password in self._password.values():
            text = text.replace(password, "***").replace(quote_plus(password), "***")
        if answer.status not in range(200, 300):
            raise PartnerRefused(
                f"The Oktell server refused with status {answer.status}: {' '.join(text.split())[:300]}"
            )
        return OrderResult(body=text)
