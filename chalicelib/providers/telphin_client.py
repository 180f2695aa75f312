"""A client of Telphin's REST API: subscriptions to events, calls, and the addresses of recordings.

Resources are `extension/{id}` and `agent/{id}`. Telphin's documents call a subscription an event.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from chalicelib.errors import Misconfigured, RingledgerError, Unavailable
from chalicelib.platform import http, runtime
from chalicelib.platform.http import Peer
from chalicelib.settings import Settings

CONNECT_SECONDS = 3
READ_SECONDS = 15
#: The life of a token when the answer does not contain one, and how long before its end a token is replaced.
TOKEN_SECONDS = 3_600
TOKEN_RESERVE_SECONDS = 60
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
UNAUTHORIZED = 401
NOT_FOUND = 404
SERVER_FAULT = 500


Account = tuple[str, str, str]


class ProviderRefused(RingledgerError):
    """The provider refused a request; `reason` is its explanation."""

    code = "provider-refused"
    status = 502

    def __init__(self, status: int, reason: str) -> None:
        """Keep the status and the beginning of the explanation."""
        self.reason = " ".join(reason.split())[:300]
        self.refusal = status
        super().__init__(f"The provider refused with status {status}: {self.reason or 'it gave no reason'}")


class Ordered(NamedTuple):
    """A subscription at the provider: its id there, the type of its events, and the URL that they are posted to."""

    id: str
    event: str
    url: str


class Telphin:
    """Telphin's API with the rights of one application (OAuth2 client credentials)."""

    def __init__(self, settings: Settings, seconds: float = READ_SECONDS) -> None:
        """Use TELPHIN_URL, TELPHIN_CLIENT_ID and TELPHIN_CLIENT_SECRET.

        A request fails after `seconds`. Raises Misconfigured without the id or the secret.
        """
        if not (settings.telphin_client_id and settings.telphin_client_secret):
            raise Misconfigured("TELPHIN_CLIENT_ID and TELPHIN_CLIENT_SECRET are not set: an application's credentials")
        self._url = settings.telphin_url
        self._credentials = {"client_id": settings.telphin_client_id, "client_secret": settings.telphin_client_secret}
        # The accounts of this process -> the end of each token's life, and the token.
        self._tokens: dict[Account, tuple[float, str]] = runtime.current().shared(Telphin, dict)
        self._account = self._url, settings.telphin_client_id, settings.telphin_client_secret
        # An order is sent once: a second attempt might begin a second call.
        connect = min(CONNECT_SECONDS, seconds)
        self._peer = Peer("The provider's API", connect, seconds, connect + seconds, attempts=1)

    def ordered(self, resource: str) -> list[Ordered]:
        """Return all subscriptions of `resource`, including those of others. Raises Unavailable and ProviderRefused."""
        return [_ordered(event) for event in self._call("GET", f"{resource}/event/")]

    def order(self, resource: str, event: str, url: str) -> Ordered:
        """Subscribe `url` to events of this type. Raises Unavailable and ProviderRefused."""
        body = {"event_type": event, "method": "POST", "url": url}
        return _ordered(self._call("POST", f"{resource}/event/", body))

    def cancel(self, resource: str, remote_id: str) -> None:
        """Cancel a subscription; one that does not exist is no error. Raises Unavailable and ProviderRefused."""
        try:
            self._call("DELETE", f"{resource}/event/{remote_id}")
        except ProviderRefused as refusal:
            if refusal.refusal != NOT_FOUND:
                raise

    def callback(self, extension_id: str, first: str, second: str) -> tuple[str, str]:
        """Call the number `first`, and connect it with `second` when it answers, as a call of this extension.

        Return the CallID of the call's webhooks, and the handle for `hang_up`. Raises Unavailable and ProviderRefused.
        """
        body = {"src_num": [first], "dst_num": second}
        answer = self._call("POST", f"extension/{extension_id}/callback/", body)
        try:
            return str(answer["call_id"]), str(answer["call_api_id"])
        except (TypeError, KeyError):
            raise ProviderRefused(200, "what it answered is not a call") from None

    def hang_up(self, extension_id: str, handle: str) -> None:
        """End a call; one that is over is no error. Raises Unavailable and ProviderRefused."""
        try:
            self._call("DELETE", f"extension/{extension_id}/current_calls/{quote(handle, safe='')}")
        except ProviderRefused as refusal:
            if refusal.refusal != NOT_FOUND:
                raise

    def recording_url(self, recording: str) -> str:
        """Return a temporary address of a recording's file. Raises Unavailable and ProviderRefused."""
        answer = self._call("GET", f"client/@me/record/{quote(recording, safe='')}/storage_url/")
        address = answer.get("record_url") if isinstance(answer, dict) else None
        if not isinstance(address, str) or not address:
            raise ProviderRefused(NOT_FOUND, "it has no address for the recording yet")
        return address

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
        try:
            return self._authorized(method, path, body)
        except ProviderRefused as refusal:
            # A token may be revoked early. Without a token, the login itself was refused.
            if refusal.refusal != UNAUTHORIZED or self._tokens.pop(self._account, None) is None:
                raise
        return self._authorized(method, path, body)

    def _token(self) -> str:
        until, token = self._tokens.get(self._account, (0.0, ""))
        if time.monotonic() >= until:
            form = urlencode({"grant_type": "client_credentials", **self._credentials}).encode()
            answer = self._request("POST", f"{self._url}/oauth/token", FORM, form)
            self._tokens[self._account] = until, token = _granted(answer)
        return token

    def _authorized(self, method: str, path: str, body: Mapping[str, object] | None) -> Any:  # noqa: ANN401 - JSON
        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": "application/json"}
        content = json.dumps(body).encode() if body else None
        return self._request(method, f"{self._url}/api/ver1.0/{path}", headers, content)

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Any:  # noqa: ANN401 - JSON
        answer = http.client().ask(self._peer, method, url, headers, body)
        if answer.status >= SERVER_FAULT:
            raise Unavailable(f"The provider's API answered with status {answer.status}")
        if answer.status not in range(200, 300):
            raise ProviderRefused(answer.status, answer.body.decode(errors="replace"))
        try:
            return json.loads(answer.body) if answer.body else None
        except ValueError:
            raise ProviderRefused(answer.status, "what it answered is not JSON") from None


def _granted(answer: Any) -> tuple[float, str]:  # noqa: ANN401 - JSON
    """Return when the token expires, on the monotonic clock, and the token."""
    try:
        life = float(answer.get("expires_in", TOKEN_SECONDS))
        return time.monotonic() + life - TOKEN_RESERVE_SECONDS, str(answer["access_token"])
    except (AttributeError, TypeError, KeyError, ValueError):
        raise ProviderRefused(200, "what it answered is not a token") from None


def _ordered(event: Any) -> Ordered:  # noqa: ANN401 - JSON
    try:
        return Ordered(str(event["id"]), str(event["event_type"]), str(event["url"]))
    except (TypeError, KeyError):
        raise ProviderRefused(200, "what it answered is not an event") from None
