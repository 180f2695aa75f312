"""`download/…` and `downloadrecordbylink`: redirect a code to the current address of its file."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote
from uuid import UUID

from chalicelib.edge import Answer
from chalicelib.oktell import answers, faxes, scripting
from chalicelib.oktell.asked import Asked, Command
from chalicelib.oktell.refusals import Unknown
from chalicelib.platform import signed_requests
from chalicelib.recordings import links

#: The validity of a redirect's address, in seconds.
ADDRESS_SECONDS = 300


def recording(asked: Asked, code: str) -> Answer:
    """Redirect to the permanent link of the recording that `code` names. Raise Unknown."""
    inviteid = _call_id(asked, code)
    return answers.redirect(links.recording_url(asked.settings.public_url, asked.settings.link_secrets, inviteid))


def recording_by_link(asked: Asked) -> Answer:
    """Redirect to the recording that the parameter `recordlink` names. Raise Wrong and Unknown."""
    return recording(asked, asked.required("recordlink"))


def fax_file(asked: Asked, code: str) -> Answer:
    """Redirect to the fax that `code` names. Raise Unknown."""
    fax = faxes.find(asked.database, _call_id(asked, code))
    if fax is None:
        raise Unknown("There is no such file")
    return _stored(asked, fax.key, _attached(fax.name) | {"response-content-type": fax.content_type})


def by_script(asked: Asked) -> Answer:
    """Redirect to the file that a script names below SCRIPT_FILES_PREFIX. Raise Unknown."""
    key = scripting.path(asked).replace("\\", "/")
    segments, prefix = key.split("/"), asked.settings.script_files_prefix
    if not key.startswith(prefix) or not {"", ".", ".."}.isdisjoint(segments) or not key.isprintable():
        raise Unknown("The script named no file that may be given out")
    return _stored(asked, key, _attached(segments[-1]))


def _call_id(asked: Asked, code: str) -> UUID:
    identity = links.read_call_code(asked.settings.link_secrets, code)
    if identity is None:
        raise Unknown("There is no such file")
    return identity


def _attached(name: str) -> dict[str, str]:
    """Return the override that makes a browser save the file under `name` (RFC 6266)."""
    return {"response-content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}


def _stored(asked: Asked, key: str, overrides: dict[str, str]) -> Answer:
    return answers.redirect(signed_requests.presign("GET", asked.settings.bucket, key, ADDRESS_SECONDS, overrides))


#: The paths below `download/` that end with a code, and those that do not.
CODED: dict[str, Callable[[Asked, str], Answer]] = {"rec": recording, "fax": fax_file}
UNCODED: dict[str, Command] = {"byscript": by_script}
COMMANDS: dict[str, Command] = {"downloadrecordbylink": recording_by_link}
