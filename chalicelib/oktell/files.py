"""`download/…` and `downloadrecordbylink`: redirect from a code to the current address of its file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from chalicelib import edge
from chalicelib.edge import Answer
from chalicelib.oktell import answers, command_parameters, faxes, script_files, scripting
from chalicelib.oktell.refusals import NotFound
from chalicelib.oktell.request import Command, CommandRequest
from chalicelib.platform import signed_requests
from chalicelib.recordings import links

#: The lifetime of a redirect's address, in seconds.
ADDRESS_SECONDS = 300


def recording(request: CommandRequest, code: str) -> Answer:
    """Redirect to a short link to the recording that a code stands for. Raise NotFound for an invalid code."""
    inviteid, secrets = _id(request, code), request.settings.link_secrets
    # Only the code lasts: a link that a proxy or a log keeps ends soon.
    expires = datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=ADDRESS_SECONDS)
    return _to(request, links.recording_url(request.settings.public_url, secrets, inviteid, expires))


def recording_by_link(request: CommandRequest) -> Answer:
    """Redirect to the recording of the code in `recordlink`. Raise NotFound for an invalid code."""
    return recording(request, command_parameters.RecordCodeParameters.of(request).recordlink)


def fax(request: CommandRequest, code: str) -> Answer:
    """Redirect to the fax that a code stands for. Raise NotFound if there is none."""
    stored = faxes.find(request.database, _id(request, code))
    if stored is None:
        raise NotFound("There is no such file")
    return _redirect(request, stored.key, _download_as(stored.name) | {"response-content-type": stored.content_type})


def by_script(request: CommandRequest) -> Answer:
    """Redirect to the file whose key a script returns. Raise NotFound if it is not below SCRIPT_FILES_PREFIX."""
    key = scripting.path(request).replace("\\", "/")
    if not script_files.is_key(key, request.settings.script_files_prefix):
        raise NotFound("The script returned no file that may be downloaded")
    return _redirect(request, key, _download_as(key.rpartition("/")[2]))


def _id(request: CommandRequest, code: str) -> UUID:
    """Return the id of the call or the fax in a code. Raise NotFound if the code's MAC is wrong."""
    identity = links.read_call_code(request.settings.link_secrets, code)
    if identity is None:
        raise NotFound("There is no such file")
    return identity


def _download_as(name: str) -> dict[str, str]:
    """Return the parameter by which S3 lets a browser save a file under this name (RFC 6266)."""
    return {"response-content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}


def _redirect(request: CommandRequest, key: str, overrides: dict[str, str]) -> Answer:
    return _to(request, signed_requests.presign("GET", request.settings.bucket, key, ADDRESS_SECONDS, overrides))


def _to(request: CommandRequest, location: str) -> Answer:
    """Redirect to a file, or answer its address as text to a client that would send its password on to S3."""
    return answers.redirect(location) if edge.wants_redirect(request.http) else answers.plain(location)


#: The commands after `download/`, those with a code and those without.
CODED: dict[str, Callable[[CommandRequest, str], Answer]] = {"rec": recording, "fax": fax}
UNCODED: dict[str, Command] = {"byscript": by_script}
COMMANDS: dict[str, Command] = {"downloadrecordbylink": recording_by_link}
