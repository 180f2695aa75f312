"""Recordings that a PBX uploads itself: S3 takes each file by a form, and keeps it until the recorder attaches it.

The key of a file in S3 follows from the extension of the webhook's key and the file's name, so that a sender can write
its own recordings only. The content is checked when the recorder takes the file.
"""

from __future__ import annotations

import hashlib

from pydantic import BaseModel, Field, ValidationError

from chalicelib.errors import InvalidRequest
from chalicelib.platform import objects
from chalicelib.settings import Settings

PREFIX = "incoming/"
LONGEST_NAME = 255


class UploadRequest(BaseModel):
    """A request for a form."""

    name: str = Field(max_length=LONGEST_NAME, pattern=r"^[^/\x00-\x1f]+$", description="the file, without its folder")


class UploadForm(BaseModel):
    """A form by which S3 takes one file: a POST of `fields`, then of the file as `file`, to `url`."""

    url: str
    fields: dict[str, str]
    limit: int = Field(description="the largest file, in bytes")
    expires: int = Field(description="for how many seconds the form works")


def key(provider: str, extension: int, recording: str) -> str:
    """Return the key in S3 of a file that is called `recording` by the provider's events."""
    return f"{PREFIX}{provider}/{extension}/{hashlib.sha256(recording.encode(errors='replace')).hexdigest()}"


def form(settings: Settings, provider: str, extension: int, body: bytes) -> UploadForm:
    """Return the form for the file that `body` names. Raises InvalidRequest when it names none."""
    try:
        name = UploadRequest.model_validate_json(body).name
    except ValidationError:
        raise InvalidRequest(
            f'The body is {{"name": "…"}}: the file\'s name without its folder, up to {LONGEST_NAME} characters'
        ) from None
    limit, seconds = settings.recording_limit, settings.upload_expires
    url, fields = objects.form(settings.bucket, key(provider, extension, name), limit, seconds)
    return UploadForm(url=url, fields=fields, limit=limit, expires=seconds)
