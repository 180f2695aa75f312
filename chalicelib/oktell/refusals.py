"""The errors of commands. Each docstring is the message that the caller reads."""

from __future__ import annotations

from chalicelib.errors import RingledgerError


class Denied(RingledgerError):
    """403 Forbidden"""

    code = "forbidden"
    status = 403


class NotFound(RingledgerError):
    """There is no such command, user, line or file."""

    code = "not-found"
    status = 404


class NoSuchPath(RingledgerError):
    """Nothing has this path; openapi.json describes every path, and docs is the same as a page."""

    code = "not-found"
    status = 404


class InvalidParameter(RingledgerError):
    """A parameter has an invalid value."""

    code = "invalid-request"
    status = 400


class NotConnected(RingledgerError):
    """No connector for call control is configured."""

    code = "not-implemented"
    status = 501


class NotTaken(RingledgerError):
    """No agent program took the order."""

    code = "order-not-taken"
    status = 503


class PartnerRefused(RingledgerError):
    """The PBX refused the command."""

    code = "partner-refused"
    status = 502


class ScriptDenied(RingledgerError):
    """The token may not run this script."""

    code = "script-denied"
    status = 403


class CodesDenied(RingledgerError):
    """The token may not get the codes of recordings and faxes."""

    code = "codes-denied"
    status = 403


class ScriptFailed(RingledgerError):
    """The script failed. `run` is the id of the run in the log."""

    code = "script-failed"
    status = 500

    def __init__(self, message: str, run: str) -> None:
        """Put the run's id into the header X-Script-Run, too."""
        super().__init__(message, headers={"X-Script-Run": run})
