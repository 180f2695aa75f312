"""The family of errors: each has a stable code, a sentence for the caller and an HTTP status.

The rule of failure in this project:

- A function that cannot do what its docstring says raises an exception of this family. It never returns an error value.
- `None` is an answer ("there is no such object"), not a failure.
- Errors of libraries and of other services become errors of this family where they occur: those of psycopg2 in
  `platform/postgres.py`, of boto3 in `platform/boto3_errors.py`, of HTTP in `platform/http.py`, of pydantic beside the
  model. The original stays the cause, unless it may contain a secret.
- Only a surface catches `RingledgerError` as such, to answer in the shape of its protocol. A loop over independent
  items catches the errors that it names, records them and goes on.
"""

from __future__ import annotations

from typing import ClassVar


class RingledgerError(Exception):
    """Something failed inside Ringledger; details are in its log under the request's id."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, message: str = "", *, headers: dict[str, str] | None = None, details: str = "") -> None:
        """Show `message` to the caller, by default the docstring of the class; `details` go to the log only."""
        self.message = message or (self.__doc__ or "").strip()
        self.headers = headers or {}
        self.details = details
        super().__init__(self.message)


class InvalidRequest(RingledgerError):
    """The request is not of the documented shape."""

    code = "invalid-request"
    status = 400


class Unauthenticated(RingledgerError):
    """An integration token is needed: send it as `Authorization: Bearer <token>`."""

    code = "unauthenticated"
    status = 401


class Forbidden(RingledgerError):
    """The token is valid but lacks the scope that this address needs."""

    code = "forbidden"
    status = 403


class TokenNotFound(RingledgerError):
    """Token not found"""

    code = "token-not-found"
    status = 404


class TooLarge(RingledgerError):
    """The request's body is larger than this address accepts."""

    code = "too-large"
    status = 413


class Misconfigured(RingledgerError):
    """A setting is missing or has a value that cannot be used."""

    code = "misconfigured"
    status = 500


class Unavailable(RingledgerError):
    """A part that Ringledger depends on does not answer; repeat the request later."""

    code = "unavailable"
    status = 503

    def __init__(self, message: str = "", *, retry_after: int = 5, details: str = "") -> None:
        """Ask the caller to come back after `retry_after` seconds."""
        super().__init__(message, headers={"Retry-After": str(retry_after)}, details=details)


class Refused(RingledgerError):
    """The query is outside of what the statistics channel allows."""

    code = "refused"
    status = 200


class QueryFailed(RingledgerError):
    """PostgreSQL could not run the query."""

    code = "query-failed"
    status = 200
