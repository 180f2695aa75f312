"""Files: codes redirect to their files and to no other file, and each uploaded file is stored."""

from __future__ import annotations

import base64
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit
from uuid import uuid4
from xml.etree.ElementTree import Element, fromstring

import boto3
import pytest
import requests

from chalicelib.authentication import tokens
from chalicelib.edge import Request
from chalicelib.oktell import files, scripting
from chalicelib.oktell.refusals import NotFound
from chalicelib.oktell.request import CommandRequest
from chalicelib.recordings import links
from chalicelib.recordings.links import LinkVerdict
from tests.admin.program import run_here
from tests.oktell.bodies import MULTIPART, named, part
from tests.oktell.conftest import Client, Office
from tests.programs import missing

SECRETS = ((1, "s" * 32),)
LOCAL = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}


def _uploaded(answer: requests.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    root = fromstring(answer.content)  # noqa: S314 - our own answer
    assert (root.tag, root.attrib["count"]) == ("uploadfilesresult", str(len(root)))
    return [dict(each.attrib) for each in root]


def _content(client: Client, path: str) -> bytes:
    s3 = boto3.client("s3", endpoint_url=client.facts["aws_endpoint_url"], region_name="us-east-1")
    return s3.get_object(Bucket=client.facts["bucket"], Key=path)["Body"].read()


def _operator(client: Client) -> dict[str, str]:
    whole = (Path(client.facts["data"]) / "environment").read_text()
    return LOCAL | dict(line.removeprefix("export ").replace("'", "").split("=", 1) for line in whole.splitlines())


@pytest.fixture(scope="module")
def code(client: Client) -> str:
    """Return the code of the demonstration's recording."""
    call = client.facts["recording"].partition("/calls/")[2].partition("/")[0]
    return run_here(_operator(client), "recording", "code", call).stdout.strip()


@pytest.mark.parametrize("path", ["download/rec/{}", "Download/REC/{}", "downloadrecordbylink?recordlink={}"])
def test_the_recording_of_a_code_plays(client: Client, code: str, path: str) -> None:
    """The command `recording code` prints a code that redirects to a link to the recording."""
    place = urlsplit(path.format(code))
    answer = client.get(place.path, **dict(parse_qsl(place.query)))
    loaded = requests.get(answer.headers["Location"], timeout=60)

    assert (answer.status_code, loaded.status_code, loaded.content[:4]) == (302, 200, b"RIFF")


def test_a_client_that_sends_its_password_on(client: Client, code: str) -> None:
    """With `redirect=0` the address of the file is the text of the answer: S3 refuses an Authorization header."""
    for path, parameters in ((f"download/rec/{code}", {}), ("download/byscript", {"name": "SvcScript1"})):
        answer = client.get(path, redirect="0", **parameters)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
        assert requests.get(answer.text, timeout=60).status_code == 200


def test_a_code_redirects_to_a_short_link(office: Office) -> None:
    """The code contains the id of the call and a MAC, and it lasts. The link ends after minutes."""
    configured = office.having(link_secrets=SECRETS, public_url="https://calls.example")
    call = uuid4()
    answer = configured.run("downloadrecordbylink", recordlink=links.call_code(SECRETS, call))

    assert answer.status == 302
    link = answer.headers["Location"]
    assert link.startswith(f"https://calls.example/rest/v1/journal/calls/{call}/attachment1?key=")
    key, now = parse_qs(urlsplit(link).query)["key"][0], datetime.now(UTC).replace(tzinfo=None)
    verdicts = [links.verify(SECRETS, call, key, now + timedelta(seconds=after)) for after in (0, 299, 301)]
    assert verdicts == [LinkVerdict.GENUINE, LinkVerdict.GENUINE, LinkVerdict.EXPIRED]


@pytest.mark.parametrize("code", ["x", "../../etc/passwd", "A" * 44, "A" * 5_000, "%00", "ы"])
@pytest.mark.parametrize("kind", ["rec", "fax"])
def test_an_invalid_code_is_not_found(client: Client, kind: str, code: str) -> None:
    """Any invalid code is answered with 404."""
    answer = client.get(f"download/{kind}/{quote(code, safe='')}")
    assert (answer.status_code, "Location" in answer.headers) == (404, False)


def test_a_fax_is_added_and_downloaded(client: Client, tmp_path: Path) -> None:
    """`fax add` prints a code that redirects to the file under its name. A file that is no PDF or TIFF is refused."""
    fax = tmp_path / "Счёт 7.pdf"
    fax.write_bytes(b"%PDF-1.4 one page")
    added = run_here(_operator(client), "fax", "add", str(fax))
    answer = client.get(f"download/fax/{added.stdout.strip()}")
    loaded = requests.get(answer.headers["Location"], timeout=60)

    assert (added.returncode, answer.status_code, loaded.content) == (0, 302, fax.read_bytes())
    assert (loaded.headers["Content-Type"], "%D0%A1%D1%87" in loaded.headers["Content-Disposition"]) == (
        "application/pdf",
        True,
    )
    assert "is not a fax" in run_here(_operator(client), "fax", "add", __file__).stderr


def test_a_script_returns_a_file(client: Client) -> None:
    """The documented example redirects to a table that the script has just written."""
    answer = client.get("download/byscript", name="SvcScript1", startparam1="123")
    loaded = requests.get(answer.headers["Location"], timeout=60)
    assert (answer.status_code, loaded.text.splitlines()) == (302, ["number,calls,seconds", "123,0,0"])


@pytest.mark.parametrize(
    "key",
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
def test_a_script_cannot_return_other_files(office: Office, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """A key outside of the prefix is answered with 404."""
    monkeypatch.setattr(scripting, "path", lambda _request: key)
    with pytest.raises(NotFound):
        files.by_script(_request(office))


def _request(office: Office) -> CommandRequest:
    return CommandRequest("download", {}, Request("1", "GET", {}, {}, {}, b""), "a-script", office.settings, {})


def test_several_files_are_stored(client: Client) -> None:
    """Each file has its own key, which contains its name. The bytes do not change."""
    all_bytes = bytes(range(256)) * 40
    uploads = {"a": ("1.jpg", all_bytes), "b": ("note.txt", b""), "c": ("../../Отчёт за 2026?.txt", b"x")}
    stored = _uploaded(client.post("upload", files=uploads))

    assert [(each["name"], each["saved"], each["size"]) for each in stored] == [
        ("1.jpg", "1", "10240"),
        ("note.txt", "1", "0"),
        ("Отчёт за 2026_.txt", "1", "1"),
    ]
    assert [each["path"].startswith("uploads/") for each in stored] == [True] * 3
    assert _content(client, stored[0]["path"]) == all_bytes


def test_a_single_file_is_stored(client: Client) -> None:
    """The body is `application/octet-stream`, with or without a name in Content-Disposition."""
    headers = {"Content-Type": "application/octet-stream", "Content-Disposition": 'attachment; filename="a.bin"'}
    with_name = _uploaded(client.post("upload", data=b"\x00\xff\r\n", headers=headers))
    nameless = _uploaded(client.post("upload", data=b"1", headers={"Content-Type": "application/octet-stream"}))

    assert (with_name[0]["name"], _content(client, with_name[0]["path"])) == ("a.bin", b"\x00\xff\r\n")
    assert nameless[0]["name"].startswith("file-")


def test_curl_uploads_files_with_russian_names(client: Client, tmp_path: Path) -> None:
    """It sends the bytes of the name as they are, and escapes quotes."""
    curl = shutil.which("curl") or missing("curl is not installed")
    paths = [tmp_path / "Отчёт №7.txt", tmp_path / 'a"b.txt']
    for path in paths:
        path.write_text(path.name)
    url = f"{client.url('upload')}?password={client.facts['tokens']['oktell']}"
    fields = [word for number, path in enumerate(paths) for word in ("-F", f"f{number}=@{path}")]
    xml = subprocess.run([curl, "-sS", *fields, url], capture_output=True, check=True, timeout=60).stdout
    stored = [dict(each.attrib) for each in fromstring(xml)]  # noqa: S314 - our own answer

    assert [each["name"] for each in stored] == ["Отчёт №7.txt", "a_b.txt"]
    assert [_content(client, each["path"]).decode() for each in stored] == [path.name for path in paths]


def test_a_failed_file_does_not_affect_the_others(client: Client) -> None:
    """A file that is too large, damaged or cut off has `saved="0"` and a reason, and neither size nor path."""
    body = part(named("big.bin"), b"x" * 4_000_001)
    body += part(named("bad.bin") + "\r\nContent-Transfer-Encoding: base64", b"abc")
    body += part(named("good.bin") + "\r\nContent-Transfer-Encoding: base64", base64.b64encode(b"good"))
    body += part(named("cut.bin"), b"never ends")
    stored = _uploaded(client.post("upload", data=body, headers={"Content-Type": MULTIPART}))

    refused = [each for each in stored if each["saved"] == "0"]
    assert [each.keys() for each in refused] == [{"name", "saved", "reason"}] * 3
    assert ["4000000 are allowed" in refused[0]["reason"], "base64" in refused[1]["reason"]] == [True, True]
    assert refused[2] == {"name": "cut.bin", "saved": "0", "reason": "the body ends inside this file"}
    assert (stored[2]["size"], _content(client, stored[2]["path"])) == ("4", b"good")


def test_a_large_file_is_posted_to_s3(client: Client) -> None:
    """`presigned=1` returns the address and the fields of a form. S3 stores the file under the returned path."""
    root: Element = client.xml("upload", presigned="1", name="big.wav")
    fields = {each.attrib["name"]: each.attrib["value"] for each in root}
    answer = requests.post(root.attrib["url"], data=fields, files={"file": b"large"}, timeout=60)

    assert answer.ok, answer.text
    assert root.attrib["path"].endswith("/big.wav")
    assert _content(client, root.attrib["path"]) == b"large"


def test_a_password_may_be_a_field_of_the_form(client: Client) -> None:
    """The password is not stored as a file. A wrong password is refused."""
    for password, status in ((client.facts["tokens"]["oktell"], 200), ("wrong", 403)):
        field = part("Content-Disposition: form-data; name=password\r\nContent-Type: text/plain", password.encode())
        body, headers = field + part(named("a.txt"), b"x"), {"Content-Type": MULTIPART}
        answer = requests.post(client.url("upload"), data=body, headers=headers, timeout=60)
        assert answer.status_code == status
        if status == 200:
            assert [each["name"] for each in _uploaded(answer)] == ["a.txt"]
    broken = requests.post(client.url("upload"), data=b"x", headers={"Content-Type": MULTIPART}, timeout=60)
    assert broken.status_code == 403


def test_an_urlencoded_form_is_not_a_file(client: Client) -> None:
    """Its body is the parameters, with the password among them, and is not stored."""
    token = client.facts["tokens"]["oktell"]
    for headers in ({"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": ""}):
        answer = requests.post(client.url("upload"), data=f"password={token}", headers=headers, timeout=60)
        assert (answer.status_code, "multipart/form-data" in answer.text) == (400, True)


def _get_with(client: Client, scopes: list[str], command: str, **parameters: str) -> requests.Response:
    token = tokens.create(client.facts["database_url"], f"codes-{uuid4()}", scopes)
    return requests.get(
        client.url(command), params={"password": token, **parameters}, timeout=60, allow_redirects=False
    )


def test_an_integration_gets_the_code_of_a_recording(client: Client) -> None:
    """The code is that of the command `recording code`, and its recording can be downloaded at once."""
    call = client.facts["recording"].partition("/calls/")[2].partition("/")[0]
    answer = _get_with(client, ["oktell", "recordings"], "getrecordlink", inviteid=call)
    code = answer.json()["recordlink"]

    assert answer.json() == {"inviteid": call, "recordlink": code, "state": "ready"}
    assert client.get("downloadrecordbylink", recordlink=code).status_code == 302


@pytest.mark.parametrize(
    ("scopes", "call", "status"),
    [
        (["oktell"], "1b4e28ba-2fa1-11d2-883f-0016d3cca427", 403),
        (["oktell", "recordings"], "1b4e28ba-2fa1-11d2-883f-0016d3cca427", 404),
        (["oktell", "recordings"], "x", 400),
        (["oktell", "recordings"], "", 400),
    ],
)
def test_a_code_is_refused(client: Client, scopes: list[str], call: str, status: int) -> None:
    """The token needs the scope of recordings, too, since a code opens one; unknown calls have none."""
    answer = _get_with(client, scopes, "getrecordlink", inviteid=call)
    assert (answer.status_code, "recordlink" in answer.text) == (status, False)


def test_an_integration_gets_the_codes_of_faxes(client: Client, tmp_path: Path) -> None:
    """The newest is the first. Each code downloads its file."""
    fax = tmp_path / "second.pdf"
    fax.write_bytes(b"%PDF-1.4 two")
    added = run_here(_operator(client), "fax", "add", str(fax)).stdout.strip()
    answer = _get_with(client, ["oktell", "recordings"], "getfaxlinks", since="2026-01-01T00:00:00Z")

    newest = answer.json()["faxes"][0]
    assert (newest["faxlink"], newest["name"], newest["type"]) == (added, "second.pdf", "application/pdf")
    assert _get_with(client, ["oktell", "recordings"], "getfaxlinks", since="yesterday").status_code == 400
    assert _get_with(client, ["oktell"], "getfaxlinks").status_code == 403
