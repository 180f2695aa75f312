"""`download/…` and `downloadrecordbylink`: a code leads to where the file lies now."""

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

#: How long a redirect's address works, in seconds.
ADDRESS_SECONDS = 300


def recording(asked: Asked, code: str) -> Answer:
    """The recording of the call that a code names, by its lasting link. Raises Unknown."""
    inviteid = _named(asked, code)
    return answers.redirect(links.recording_url(asked.settings.public_url, asked.settings.link_secrets, inviteid))


def recording_by_link(asked: Asked) -> Answer:
    """The same by `recordlink`."""
    return recording(asked, asked.needed("recordlink"))


def fax(asked: Asked, code: str) -> Answer:
    """The facsimile that a code names. Raises Unknown."""
    found = faxes.find(asked.database, _named(asked, code))
    if found is None:
        raise Unknown("There is no such file")
    return _stored(asked, found.key, _attached(found.name) | {"response-content-type": found.content_type})


def by_script(asked: Asked) -> Answer:
    """The file that a script names, below SCRIPT_FILES_PREFIX and nowhere else. Raises Unknown."""
    key = scripting.path(asked).replace("\\", "/")
    segments, prefix = key.split("/"), asked.settings.script_files_prefix
    if not key.startswith(prefix) or not {"", ".", ".."}.isdisjoint(segments) or not key.isprintable():
        raise Unknown("The script named no file that may be given out")
    return _stored(asked, key, _attached(segments[-1]))


def _named(asked: Asked, code: str) -> UUID:
    found = links.read_call_code(asked.settings.link_secrets, code)
    if found is None:
        raise Unknown("There is no such file")
    return found


def _attached(name: str) -> dict[str, str]:
    """Let a browser save it under this name (RFC 6266)."""
    return {"response-content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}


def _stored(asked: Asked, key: str, overrides: dict[str, str]) -> Answer:
    return answers.redirect(signed_requests.presign("GET", asked.settings.bucket, key, ADDRESS_SECONDS, overrides))


#: What follows `download/`: with a code, or without.
CODED: dict[str, Callable[[Asked, str], Answer]] = {"rec": recording, "fax": fax}
UNCODED: dict[str, Command] = {"byscript": by_script}
COMMANDS: dict[str, Command] = {"downloadrecordbylink": recording_by_link}
