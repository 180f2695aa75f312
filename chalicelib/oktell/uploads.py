"""`upload`: store files in S3, each under its own key that contains the safe part of its name."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import uuid4
from xml.etree.ElementTree import Element, SubElement

from chalicelib import edge
from chalicelib.edge import Answer
from chalicelib.errors import Unavailable
from chalicelib.oktell import answers
from chalicelib.oktell.asked import Asked, Command
from chalicelib.oktell.multipart import Sent, files
from chalicelib.oktell.refusals import Wrong
from chalicelib.platform import objects

PREFIX = "uploads/"
LONGEST_NAME = 100

_HEADERS = ("type", "disposition", "transfer-encoding")
_HARMFUL = re.compile(r"[^\w.,()@+=~ -]")


def upload(asked: Asked) -> Answer:
    """Store the files of the body, and answer for each if it was saved. With `presigned=1`, return an S3 form instead.

    The form is Ringledger's addition for files that are too large for API Gateway. Raise Wrong.
    """
    if asked.flag("presigned"):
        return _form(asked)
    headers = asked.request.headers
    kind, disposition, encoding = (headers.get(f"content-{name}", "") for name in _HEADERS)
    # The body of an urlencoded form is parameters, and has the password.
    if asked.request.method != "POST" or edge.is_form(kind):
        raise Wrong("Files are uploaded by POST, as multipart/form-data or application/octet-stream")
    sent = list(files(kind, disposition, encoding, asked.request.body))
    root = Element("uploadfilesresult", count=str(len(sent)))
    for each in sent:
        SubElement(root, "file", _kept(asked, each))
    asked.notes["files"] = len(sent)
    return answers.xml(root)


def safe_name(name: str) -> str:
    """Return the last part of a path without unsafe characters, or a generated name if nothing is left."""
    last = re.split(r"[/\\]", name)[-1]
    harmless = _HARMFUL.sub("_", last).strip(" .")
    stem, dot, ending = harmless.rpartition(".")
    if len(harmless) > LONGEST_NAME:
        harmless = f"{stem[: LONGEST_NAME - 20]}{dot}{ending[:19]}"
    return harmless or f"file-{uuid4().hex[:12]}"


def _kept(asked: Asked, sent: Sent) -> dict[str, str]:
    name = safe_name(sent.name)
    if sent.content is None or len(sent.content) > asked.settings.upload_limit:
        return {"name": name, "saved": "0"}
    key = _key(name)
    try:
        # The client's content type is ignored: the storage would serve the file with it.
        objects.write(asked.settings.bucket, key, sent.content, "application/octet-stream")
    except Unavailable:
        return {"name": name, "saved": "0"}
    return {"name": name, "saved": "1", "size": str(len(sent.content)), "path": key}


def _form(asked: Asked) -> Answer:
    key, current = _key(safe_name(asked.text("name"))), asked.settings
    url, fields = objects.form(current.bucket, key, current.upload_form_limit, current.upload_expires)
    limit, seconds = str(current.upload_form_limit), str(current.upload_expires)
    root = Element("uploadform", url=url, path=key, limit=limit, expires=seconds)
    for name, value in fields.items():
        SubElement(root, "field", name=name, value=value)
    return answers.xml(root)


def _key(name: str) -> str:
    return f"{PREFIX}{datetime.now(UTC):%Y/%m/%d}/{uuid4()}/{name}"


COMMANDS: dict[str, Command] = {"upload": upload}
