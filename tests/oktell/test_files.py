"""Files: codes redirect to files, uploads are stored one by one, and other paths are refused."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4
from xml.etree.ElementTree import Element, fromstring

import boto3
import pytest
import requests

from chalicelib.edge import Request
from chalicelib.oktell import files, scripting
from chalicelib.oktell.asked import Asked
from chalicelib.oktell.refusals import Unknown
from chalicelib.recordings import links
from tests.admin.program import run_admin
from tests.oktell.bodies import MULTIPART, named, part
from tests.oktell.conftest import Client, Office

SECRETS = ((1, "s" * 32),)
LOCAL = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}


def _uploaded(answer: requests.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    root = fromstring(answer.content)  # noqa: S314 - our own answer
    assert (root.tag, root.attrib["count"]) == ("uploadfilesresult", str(len(root)))
    return [dict(each.attrib) for each in root]


def _stored(client: Client, path: str) -> bytes:
    s3 = boto3.client("s3", endpoint_url=client.facts["aws_endpoint_url"], region_name="us-east-1")
    return s3.get_object(Bucket=client.facts["bucket"], Key=path)["Body"].read()


def _operator(client: Client) -> dict[str, str]:
    whole = (Path(client.facts["data"]) / "environment").read_text()
    return LOCAL | dict(line.removeprefix("export ").replace("'", "").split("=", 1) for line in whole.splitlines())


@pytest.fixture(scope="module")
def code(client: Client) -> str:
    """Return the code of the demonstration's recording."""
    call = client.facts["recording"].partition("/calls/")[2].partition("/")[0]
    return run_admin(_operator(client), "recording", "code", call).stdout.strip()


@pytest.mark.parametrize("path", ["download/rec/{}", "Download/REC/{}", "downloadrecordbylink?recordlink={}"])
def test_the_recording_of_a_code_plays(client: Client, code: str, path: str) -> None:
    """`recording code` prints a code that redirects to the bytes of the recording."""
    place = urlsplit(path.format(code))
    answer = client.get(place.path, **dict(parse_qsl(place.query)))
    loaded = requests.get(answer.headers["Location"], timeout=60)

    assert (answer.status_code, loaded.status_code, loaded.content[:4]) == (302, 200, b"RIFF")


def test_a_code_leads_to_the_lasting_link(office: Office) -> None:
    """The code names the call with a MAC, and the permanent link signs each request."""
    settled = office.having(link_secrets=SECRETS, public_url="https://calls.example")
    call = uuid4()
    answer = settled.ask("downloadrecordbylink", recordlink=links.call_code(SECRETS, call))

    assert answer.status == 302
    assert answer.headers["Location"].startswith(f"https://calls.example/rest/v1/journal/calls/{call}/attachment1?key=")


@pytest.mark.parametrize("code", ["x", "../../etc/passwd", "A" * 44, "A" * 5_000, "%00", "ы"])
@pytest.mark.parametrize("kind", ["rec", "fax"])
def test_an_unknown_code_is_not_found(client: Client, kind: str, code: str) -> None:
    """An unknown code is 404."""
    answer = client.get(f"download/{kind}/{quote(code, safe='')}")
    assert (answer.status_code, "Location" in answer.headers) == (404, False)


def test_a_facsimile_is_added_and_loaded(client: Client, tmp_path: Path) -> None:
    """`fax add` prints a code that redirects to the file under its name. A recording's code does not."""
    fax = tmp_path / "Счёт 7.pdf"
    fax.write_bytes(b"%PDF-1.4 one page")
    added = run_admin(_operator(client), "fax", "add", str(fax))
    answer = client.get(f"download/fax/{added.stdout.strip()}")
    loaded = requests.get(answer.headers["Location"], timeout=60)

    assert (added.returncode, answer.status_code, loaded.content) == (0, 302, fax.read_bytes())
    assert (loaded.headers["Content-Type"], "%D0%A1%D1%87" in loaded.headers["Content-Disposition"]) == (
        "application/pdf",
        True,
    )
    assert "is no facsimile" in run_admin(_operator(client), "fax", "add", __file__).stderr


def test_a_script_names_a_file(client: Client) -> None:
    """The documented example downloads a table that the script has created."""
    answer = client.get("download/byscript", name="SvcScript1", startparam1="123")
    loaded = requests.get(answer.headers["Location"], timeout=60)
    assert (answer.status_code, loaded.text.splitlines()) == (302, ["number,calls,seconds", "123,0,0"])


@pytest.mark.parametrize(
    "named",
    [
        "recordings/secret.mp3",
        "script-files/../recordings/secret.mp3",
        "script-files//etc",
        "script-files\\..\\x",
        "/script-files/x",
        "C:\\Oktell\\x.wav",
        "script-files/a\r\nSet-Cookie: x",
        "script-files/",
        "",
    ],
)
def test_a_script_names_what_is_not_its_own(office: Office, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    """A path outside of the prefix is 404."""
    monkeypatch.setattr(scripting, "path", lambda _asked: named)
    with pytest.raises(Unknown):
        files.by_script(_asked(office))


def _asked(office: Office) -> Asked:
    return Asked("download", {}, Request("1", "GET", {}, {}, {}, b""), "a-script", office.settings, {})


def test_several_files_are_kept(client: Client) -> None:
    """Each file has its own key with its name, and its bytes are unchanged."""
    every = bytes(range(256)) * 40
    uploads = {"a": ("1.jpg", every), "b": ("note.txt", b""), "c": ("../../Отчёт за 2026?.txt", b"x")}
    found = _uploaded(client.post("upload", files=uploads))

    assert [(each["name"], each["saved"], each["size"]) for each in found] == [
        ("1.jpg", "1", "10240"),
        ("note.txt", "1", "0"),
        ("Отчёт за 2026_.txt", "1", "1"),
    ]
    assert [each["path"].startswith("uploads/") for each in found] == [True] * 3
    assert _stored(client, found[0]["path"]) == every


def test_one_file_alone_is_kept(client: Client) -> None:
    """`application/octet-stream` is accepted with and without a name in Content-Disposition."""
    headers = {"Content-Type": "application/octet-stream", "Content-Disposition": 'attachment; filename="a.bin"'}
    named = _uploaded(client.post("upload", data=b"\x00\xff\r\n", headers=headers))
    nameless = _uploaded(client.post("upload", data=b"1", headers={"Content-Type": "application/octet-stream"}))

    assert (named[0]["name"], _stored(client, named[0]["path"])) == ("a.bin", b"\x00\xff\r\n")
    assert nameless[0]["name"].startswith("file-")


def test_what_fails_is_told_beside_what_is_kept(client: Client) -> None:
    """A file that is too large, damaged or cut off has `saved="0"` without size and path."""
    body = part(named("big.bin"), b"x" * 4_000_001)
    body += part(named("bad.bin") + "\r\nContent-Transfer-Encoding: base64", b"abc")
    body += part(named("good.bin") + "\r\nContent-Transfer-Encoding: base64", base64.b64encode(b"good"))
    body += part(named("cut.bin"), b"never ends")
    found = _uploaded(client.post("upload", data=body, headers={"Content-Type": MULTIPART}))

    assert found[:2] == [{"name": "big.bin", "saved": "0"}, {"name": "bad.bin", "saved": "0"}]
    assert (found[2]["size"], _stored(client, found[2]["path"])) == ("4", b"good")
    assert found[3] == {"name": "cut.bin", "saved": "0"}


def test_a_large_file_goes_by_a_form(client: Client) -> None:
    """`presigned=1` returns the address and fields of a form, and S3 stores the file under the path."""
    root: Element = client.xml("upload", presigned="1", name="big.wav")
    fields = {each.attrib["name"]: each.attrib["value"] for each in root}
    put = requests.post(root.attrib["url"], data=fields, files={"file": b"large"}, timeout=60)

    assert put.ok, put.text
    assert root.attrib["path"].endswith("/big.wav")
    assert _stored(client, root.attrib["path"]) == b"large"


def test_a_password_may_be_a_field_of_the_form(client: Client) -> None:
    """It is not stored as a file, and a wrong one is refused."""
    for password, status in ((client.facts["tokens"]["oktell"], 200), ("wrong", 403)):
        field = part("Content-Disposition: form-data; name=password\r\nContent-Type: text/plain", password.encode())
        body, headers = field + part(named("a.txt"), b"x"), {"Content-Type": MULTIPART}
        answer = requests.post(client.url("upload"), data=body, headers=headers, timeout=60)
        assert answer.status_code == status
        if status == 200:
            assert [each["name"] for each in _uploaded(answer)] == ["a.txt"]
    broken = requests.post(client.url("upload"), data=b"x", headers={"Content-Type": MULTIPART}, timeout=60)
    assert broken.status_code == 403


def test_a_form_that_is_no_multipart_is_no_file(client: Client) -> None:
    """Its body is parameters with the password, and must not be stored."""
    token = client.facts["tokens"]["oktell"]
    for headers in ({"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": ""}):
        answer = requests.post(client.url("upload"), data=f"password={token}", headers=headers, timeout=60)
        assert (answer.status_code, "multipart/form-data" in answer.text) == (400, True)
