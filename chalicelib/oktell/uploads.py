"""`upload`: stores each file in S3 under its own key, which contains the safe characters of its name."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from uuid import uuid4
from xml.etree.ElementTree import Element, SubElement

from chalicelib import edge
from chalicelib.edge import Answer
from chalicelib.errors import Unavailable
from chalicelib.oktell import answers, command_parameters
from chalicelib.oktell.multipart import UploadedFile, files
from chalicelib.oktell.refusals import InvalidParameter
from chalicelib.oktell.request import Command, CommandRequest
from chalicelib.platform import objects

PREFIX = "uploads/"
LONGEST_NAME = 100

_HEADERS = ("type", "disposition", "transfer-encoding")
# Characters that a file's name cannot have on Windows, and those of `${filename}`, which S3 replaces in forms.
_SPECIAL = frozenset('/\\:*?"<>|${}')


def upload(request: CommandRequest) -> Answer:
    """Store the files of the body, and answer for each file if it was stored.

    With `presigned=1`, which Oktell does not have, answer with a form by which S3 itself takes a larger file. Raise
    InvalidParameter if the body has no readable files.
    """
    wanted = command_parameters.UploadParameters.of(request)
    if wanted.presigned:
        return _form(request, wanted.name)
    headers = request.http.headers
    kind, disposition, encoding = (headers.get(f"content-{name}", "") for name in _HEADERS)
    # The body of an urlencoded form is the parameters, with the password among them. It must not be stored.
    if request.http.method != "POST" or edge.is_form(kind):
        raise InvalidParameter("Upload files by POST, as multipart/form-data or application/octet-stream")
    uploaded = list(files(kind, disposition, encoding, request.http.body))
    root = Element("uploadfilesresult", count=str(len(uploaded)))
    for file in uploaded:
        SubElement(root, "file", _store(request, file))
    request.notes["files"] = len(uploaded)
    return answers.xml(root)


def safe_name(name: str) -> str:
    """Return the last part of a path, Windows or Unix, without special characters. Make up a name if none is left."""
    # macOS sends letters and their accents apart.
    last = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    safe = "".join(char if char.isprintable() and char not in _SPECIAL else "_" for char in last).strip(" .")
    stem, dot, extension = safe.rpartition(".")
    if len(safe) > LONGEST_NAME:
        safe = f"{stem[: LONGEST_NAME - 20]}{dot}{extension[:19]}"
    return safe or f"file-{uuid4().hex[:12]}"


def _store(request: CommandRequest, file: UploadedFile) -> dict[str, str]:
    name, limit = safe_name(file.name), request.settings.upload_limit
    if file.content is None:
        return _refused(name, file.reason)
    if len(file.content) > limit:
        return _refused(name, f"the file has {len(file.content)} bytes; {limit} are allowed, and more by presigned=1")
    key = _key(name)
    try:
        # The client's content type is not stored: a browser would show an uploaded page from the bucket's address.
        objects.write(request.settings.bucket, key, file.content, "application/octet-stream")
    except Unavailable:
        return _refused(name, "the storage is away; repeat the upload later")
    return {"name": name, "saved": "1", "size": str(len(file.content)), "path": key}


def _refused(name: str, reason: str) -> dict[str, str]:
    """Return the documented attributes of a file that is not stored, and the reason, which Oktell does not have."""
    return {"name": name, "saved": "0", "reason": reason}


def _form(request: CommandRequest, name: str) -> Answer:
    key, current = _key(safe_name(name)), request.settings
    url, fields = objects.form(current.bucket, key, current.upload_form_limit, current.upload_expires)
    limit, seconds = str(current.upload_form_limit), str(current.upload_expires)
    root = Element("uploadform", url=url, path=key, limit=limit, expires=seconds)
    for field, value in fields.items():
        SubElement(root, "field", name=field, value=value)
    return answers.xml(root)


def _key(name: str) -> str:
    return f"{PREFIX}{datetime.now(UTC):%Y/%m/%d}/{uuid4()}/{name}"


COMMANDS: dict[str, Command] = {"upload": upload}
