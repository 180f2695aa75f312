"""Every format that the recorder stores: served with its own type, under its own name, in parts."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from chalicelib.recordings.media_types import MEDIA_TYPES
from tests.recordings.conftest import REQUEST_SECONDS, Desk

FOLDER = Path(__file__).with_name("samples")
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.suffix[1:] in MEDIA_TYPES)


@pytest.mark.parametrize("name", NAMES)
def test_a_link_serves_the_format(desk: Desk, name: str) -> None:
    """GET and a range have the type and the file name that a player and a browser need, HEAD the type and the size."""
    content, media_type = (FOLDER / name).read_bytes(), MEDIA_TYPES[name.rpartition(".")[2]]
    inviteid = desk.call(callrecpath=f"formats/{name}")
    key = f"recordings/formats/{name}"
    desk.s3.put_object(Bucket=desk.facts["bucket"], Key=key, Body=content, ContentType=media_type)
    link = desk.url(inviteid, desk.key(inviteid))

    whole = requests.get(link, timeout=REQUEST_SECONDS)
    head = requests.head(link, allow_redirects=True, timeout=REQUEST_SECONDS)
    part = requests.get(link, headers={"Range": "bytes=10-19"}, timeout=REQUEST_SECONDS)

    assert whole.content == content
    assert {answer.headers["Content-Type"] for answer in (whole, head, part)} == {media_type}
    for answer in (whole, part):
        assert answer.headers["Content-Disposition"] == f"inline; filename*=UTF-8''{name}"
    assert head.headers["Content-Length"] == str(len(content))
    assert (part.status_code, part.content) == (206, content[10:20])
