"""Telphin's REST API, as far as events are concerned: what is ordered, order one, cancel one.

Its resources are `extension/{id}` and `agent/{id}`; the API's own documents call what is ordered an event.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, NamedTuple

import urllib3

from chalicelib.errors import Misconfigured, RingledgerError, Unavailable
from chalicelib.settings import Settings

CONNECT_SECONDS = 3
READ_SECONDS = 15
NOT_FOUND = 404
SERVER_FAULT = 500


class ProviderRefused(RingledgerError):
    """The provider refused a request; `reason` is in its own words."""

    code = "provider-refused"
    status = 502

    def __init__(self, status: int, reason: str) -> None:
        """Keep its status, and a readable part of what it said."""
        self.reason = " ".join(reason.split())[:300]
        self.refusal = status
        super().__init__(f"The provider refused with status {status}: {self.reason or 'it gave no reason'}")


class Ordered(NamedTuple):
    """An event that the provider posts: its id there, its type, and where it goes."""

    id: str
    event: str
    url: str


class Telphin:
    """The API with the rights of one application (OAuth2 client credentials)."""

    def __init__(self, settings: Settings) -> None:
        """Use TELPHIN_URL, TELPHIN_CLIENT_ID and TELPHIN_CLIENT_SECRET. Raises Misconfigured without the latter."""
        if not (settings.telphin_client_id and settings.telphin_client_secret):
            raise Misconfigured("TELPHIN_CLIENT_ID and TELPHIN_CLIENT_SECRET are not set: an application's credentials")
        self._url = settings.telphin_url
        self._credentials = {"client_id": settings.telphin_client_id, "client_secret": settings.telphin_client_secret}
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), retries=False
        )

    def ordered(self, resource: str) -> list[Ordered]:
        """Everything that is ordered for `resource`, by whomever. Raises Unavailable and ProviderRefused."""
        return [_ordered(event) for event in self._call("GET", f"{resource}/event/")]

    def order(self, resource: str, event: str, url: str) -> Ordered:
        """Let events of this type be posted to `url`. Raises Unavailable and ProviderRefused."""
        body = {"event_type": event, "method": "POST", "url": url}
        return _ordered(self._call("POST", f"{resource}/event/", body))

    def cancel(self, resource: str, remote_id: str) -> None:
        """Order it no longer; one that is gone already is fine. Raises Unavailable and ProviderRefused."""
        try:
            self._call("DELETE", f"{resource}/event/{remote_id}")
        except ProviderRefused as refusal:
            if refusal.refusal != NOT_FOUND:
                raise

    @cached_property
    def _token(self) -> str:
        fields = {"grant_type": "client_credentials", **self._credentials}
        answer = self._request("POST", f"{self._url}/oauth/token", fields=fields, encode_multipart=False)
        return str(answer["access_token"])

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        content = json.dumps(body).encode() if body else None
        return self._request(method, f"{self._url}/api/ver1.0/{path}", headers=headers, body=content)

    def _request(self, method: str, url: str, **options: Any) -> Any:  # noqa: ANN401 - JSON, and what urllib3 takes
        try:
            answer = self._http.request(method, url, **options)
        except urllib3.exceptions.HTTPError as fault:
            raise Unavailable("The provider's API does not answer") from fault
        if answer.status >= SERVER_FAULT:
            raise Unavailable(f"The provider's API answered with status {answer.status}")
        if answer.status not in range(200, 300):
            raise ProviderRefused(answer.status, answer.data.decode(errors="replace"))
        try:
            return json.loads(answer.data) if answer.data else None
        except ValueError:
            raise ProviderRefused(answer.status, "what it answered is not JSON") from None


def _ordered(event: Any) -> Ordered:  # noqa: ANN401 - JSON
    try:
        return Ordered(str(event["id"]), str(event["event_type"]), str(event["url"]))
    except (TypeError, KeyError):
        raise ProviderRefused(200, "what it answered is not an event") from None
