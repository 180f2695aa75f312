"""What can be wrong with a command, as its caller reads it."""

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
    """A parameter has a value that it cannot have."""

    code = "invalid-request"
    status = 400


class NotConnected(RingledgerError):
    """Nothing that controls calls is connected."""

    code = "not-implemented"
    status = 501


class PartnerRefused(RingledgerError):
    """The PBX refused to do it."""

    code = "partner-refused"
    status = 502
