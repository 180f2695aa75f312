"""The errors of commands, with the texts that clients receive."""

from __future__ import annotations

from chalicelib.errors import RingledgerError


class Denied(RingledgerError):
    """403 Forbidden"""

    code = "forbidden"
    status = 403


class Unknown(RingledgerError):
    """There is no such command, user, line or file."""

    code = "not-found"
    status = 404


class Wrong(RingledgerError):
    """A parameter has a wrong value."""

    code = "invalid-request"
    status = 400


class NotConnected(RingledgerError):
    """No connector that controls calls is configured."""

    code = "not-implemented"
    status = 501


class PartnerRefused(RingledgerError):
    """The PBX refused the command."""

    code = "partner-refused"
    status = 502
