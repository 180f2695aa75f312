"""A client of NiMbox's phone-call service that keeps connections, limits its rate and repeats failed requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from html import escape
from http import HTTPStatus
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from urllib3 import exceptions
from urllib3.util import make_headers

from chalicelib.errors import Misconfigured, RingledgerError
from chalicelib.nimbox.crm_answers import BODY_LIMIT, DeletionVerdict, Verdict, excerpt, read, read_deletion
from chalicelib.nimbox.pace import Pace, Timing, backoff
from chalicelib.platform import http

__all__ = ["Client", "DeletionVerdict", "PhoneCall", "Service", "Stopped", "Timing", "Verdict"]

CREATE = "/direct/items/phonecalls/create"
DELETE = "/direct/items/phonecalls/delete"
REPEATS = 3
CONNECT_SECONDS = 5
#: A server may need much longer to delete the calls of a day than to create one.
DELETION_SECONDS = 120.0
# A server that asks for a longer pause gets no more requests until the next run.
LONGEST_PAUSE = 60.0
HIDDEN = "…"
# A shorter value in a link is no secret, and hiding it would remove parts of other words.
SECRET_CHARACTERS = 8

# These errors happen before the request leaves.
_NOT_SENT = (exceptions.NewConnectionError, exceptions.ConnectTimeoutError, exceptions.NameResolutionError)


@dataclass(frozen=True)
class Service:
    """The address, credentials and limits of the service. `rate` is requests a second, `seconds` the longest wait.

    The user and the password are sent only after the server has asked for them (HTTP Basic).
    """

    url: str
    token: str = field(repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    connections: int = 16
    rate: float = 1_000.0
    seconds: float = 20.0


@dataclass(frozen=True)
class PhoneCall:
    """A phone call to send. `initiated` is naive UTC, `duration` is in seconds."""

    initiated: datetime
    source: str
    destination: str
    duration: int
    url: str = ""


class Stopped(RingledgerError):
    """No request was made, because sending was stopped."""

    code = "stopped"


class Client:
    """A client that as many threads share as the service allows connections."""

    def __init__(self, service: Service, timing: Timing, stopping: Callable[[], bool] = lambda: False) -> None:
        """Prepare connections. No request begins while `stopping` returns True. Raise Misconfigured for a wrong URL."""
        place = urlsplit(service.url)
        if place.scheme not in {"http", "https"} or not place.hostname:
            raise Misconfigured("CRM_URL must be the address of the CRM, such as https://crm.example.com")
        self._service = service
        self._path = place.path.rstrip("/")
        self._timing = timing
        self._stopping = stopping
        self._pace = Pace(service.rate, timing)
        self._headers: dict[str, str] = {"Accept": "application/json"}
        self._pool = http.HttpClient().pool(
            service.url,
            maxsize=service.connections,
            block=True,
            timeout=_timeout(service.seconds),
        )

    def create(self, call: PhoneCall) -> Verdict:
        """Offer `call` until the server accepts or rejects it, or repeating cannot help. Return the verdict.

        Raise Stopped. Errors of urllib3 become verdicts.
        """
        self._pace.wait()
        if self._stopping():
            raise Stopped
        verdict, wait = self._offered(call)
        lost, resent, repeats = verdict.lost, False, 0
        while wait is not None and repeats < REPEATS:
            self._timing.sleep(wait or backoff(repeats, self._timing))
            self._pace.wait()
            if self._stopping():
                break
            repeats += 1
            resent = resent or lost
            verdict, wait = self._offered(call)
            lost = lost or verdict.lost
        return verdict._replace(repeats=repeats, lost=lost and verdict.state == "pending", resent=resent)

    def delete(self, day: date) -> DeletionVerdict:
        """Delete the calls of a day of the server's time zone. It is sent once: a late copy would delete more.

        Both dates of the protocol are exclusive. Errors of urllib3 become verdicts.
        """
        one_day = timedelta(days=1)
        parameters = {"token": self._service.token, "from": str(day - one_day), "to": str(day + one_day)}
        try:
            response, body = self._answer(DELETE, parameters, DELETION_SECONDS)
        except (exceptions.HTTPError, OSError) as error:
            reason = self._quoted(error, "")
            return DeletionVerdict("refused" if _is_unsent(error) else "unknown", f"no answer: {reason}")
        return read_deletion(response.status, body, partial(self._without_secrets, ""))

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def _offered(self, call: PhoneCall) -> tuple[Verdict, float | None]:
        """Return the verdict of one request, and the pause before the next one: 0 as usual, None for no repetition."""
        try:
            response, body = self._answer(CREATE, self._parameters(call), self._service.seconds)
        except exceptions.SSLError as error:
            lost = not _is_unsent(error)
            reason = f"no trustworthy connection: {self._quoted(error, call.url)}"
            return Verdict("pending", reason, halts=True, lost=lost), None
        except (exceptions.HTTPError, OSError) as error:
            lost = not _is_unsent(error)
            return Verdict("pending", f"no answer: {self._quoted(error, call.url)}", lost=lost), 0.0
        verdict = read(response.status, body, partial(self._without_secrets, call.url))
        if verdict.state != "pending" or not _is_temporary(response.status):
            return verdict, None
        return self._pause(verdict, response)

    def _parameters(self, call: PhoneCall) -> dict[str, object]:
        return {
            "token": self._service.token,
            "initiated": f"{call.initiated:%Y-%m-%dT%H:%M:%SZ}",
            "source": call.source,
            "destination": call.destination,
            "duration": call.duration,
            **({"url": call.url} if call.url else {}),
        }

    def _answer(
        self, path: str, parameters: Mapping[str, object], seconds: float
    ) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        """Return the answer to a request, which is repeated if the server asks for credentials."""
        query = urlencode(parameters, quote_via=quote, errors="replace")
        response, body = self._request(f"{self._path}{path}?{query}", seconds)
        if response.status == HTTPStatus.UNAUTHORIZED and self._credentials_asked(response):
            return self._request(f"{self._path}{path}?{query}", seconds)
        return response, body

    def _request(self, target: str, seconds: float) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        response = self._pool.urlopen(
            "GET",
            target,
            headers=self._headers,
            retries=False,
            redirect=False,
            preload_content=False,
            timeout=_timeout(seconds),
        )
        return response, self._body(response)

    def _body(self, response: urllib3.BaseHTTPResponse) -> bytes:
        body = b""
        while chunk := response.read1(BODY_LIMIT):
            body += chunk
            if len(body) > BODY_LIMIT:
                # The rest of the body would be read as the beginning of the next answer.
                response.close()
                break
        response.release_conn()
        return body

    def _credentials_asked(self, response: urllib3.BaseHTTPResponse) -> bool:
        asked = response.headers.get("WWW-Authenticate", "").lower().startswith("basic")
        login = make_headers(basic_auth=f"{self._service.user}:{self._service.password}")
        if not asked or not self._service.user or login.items() <= self._headers.items():
            return False
        # Every later request of every thread sends the credentials without being asked.
        self._headers = self._headers | login
        return True

    def _pause(self, verdict: Verdict, response: urllib3.BaseHTTPResponse) -> tuple[Verdict, float | None]:
        seconds = _retry_after(response)
        if seconds > LONGEST_PAUSE:
            reason = f"{verdict.reason} (it asks to be left alone for {seconds:.0f} seconds)"
            return verdict._replace(reason=reason, halts=True), None
        self._pace.pause(seconds)
        return verdict, seconds

    def _quoted(self, error: Exception, link: str) -> str:
        return excerpt(self._without_secrets(link, f"{type(error).__name__}: {error}"))

    def _without_secrets(self, link: str, text: str) -> str:
        """Replace the token and the secrets of the link, because an error page may quote the requested address."""
        values = [part.partition("=")[2] for part in urlsplit(link).query.split("&")]
        secrets = [self._service.token, *(value for value in values if len(value) >= SECRET_CHARACTERS)]
        forms = {form for word in secrets for form in _spellings(word)}
        # The longest first, because it may contain a shorter one.
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, HIDDEN)
        return text


def _spellings(word: str) -> set[str]:
    """Return the spellings in which a page may quote a word: plain, in an address, in a nested address, and in HTML."""
    encoded = [word, quote(word), quote(word, safe=""), quote(quote(word, safe=""), safe="")]
    return {form for each in encoded for form in (each, each.lower(), escape(each))} if word else set()


def _timeout(seconds: float) -> urllib3.Timeout:
    return urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds)


def _is_unsent(error: Exception) -> bool:
    """Return whether the request has not left. Errors of TLS other than one of the certificate may come later."""
    if isinstance(error, exceptions.SSLError):
        return "CERTIFICATE_VERIFY_FAILED" in str(error)
    return isinstance(error, _NOT_SENT)


def _is_temporary(status: int) -> bool:
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _retry_after(response: urllib3.BaseHTTPResponse) -> float:
    """Return the seconds of Retry-After, or 0. A date is compared with the server's own clock."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until, now = (parsedate_to_datetime(value) for value in (text, response.headers.get("Date", "")))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return 0.0
