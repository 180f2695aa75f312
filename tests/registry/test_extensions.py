"""The registry of extensions: one live row each, changed in place, revoked for good and in public."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from chalicelib.calls.events import Source
from chalicelib.errors import RingledgerError
from chalicelib.platform import runtime
from chalicelib.platform.postgres import Connection
from chalicelib.registry import extensions, revocations
from chalicelib.registry.extensions import ExtensionDescription, ExtensionRefused
from chalicelib.settings import Settings
from infra.local import aws
from tests.databases import run
from tests.loopback import aws_services


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Provide an S3 with the bundle's bucket, to which this process's settings point."""
    with aws_services(tmp_path_factory.mktemp("aws")) as url:
        aws.prepare(url)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", url)
            runtime.renew()
            yield boto3.client("s3")
        runtime.renew()


def _added(database: Settings, name: str, **fields: Any) -> extensions.Extension:
    return extensions.add(database.owner_database_url, ExtensionDescription("telphin", "13596", name, **fields))


def test_many_sources_are_read_in_one_query(database: Settings) -> None:
    """`senders` works under the writer's role and leaves out unknown ids."""
    phone = _added(database, "13596*100", owner="Anna", external_only=True, remote_id="1138100")
    queue = _added(database, "13596*200", type="queue")

    senders = extensions.senders(Connection(database.writer_database_url), [phone.id, queue.id, 999_999], [])

    assert {number: sender.source for number, sender in senders.items()} == {
        phone.id: Source(phone.id, "telphin", "13596", "13596*100", "phone", "Anna", external_only=True),
        queue.id: Source(queue.id, "telphin", "13596", "13596*200", "queue"),
    }
    assert extensions.senders(Connection(database.writer_database_url), [], []) == {}


@pytest.mark.parametrize(("client", "name"), [("13596", "13596*300"), ("acme", "13596*300"), ("acme", "300")])
def test_short_numbers_are_extensions_of_the_senders_client(database: Settings, client: str, name: str) -> None:
    """300 is an extension of the client whether its name has the prefix of the PBX or not."""
    url = database.owner_database_url
    sender, other = (
        extensions.add(url, ExtensionDescription("telphin", holder, own)).id
        for holder, own in ((client, f"13596*{client}{len(name)}"), (f"not-{client}-{len(name)}", "13596*301"))
    )
    extensions.add(url, ExtensionDescription("telphin", client, name))

    senders = extensions.senders(Connection(url), [sender, other], [(sender, "300"), (sender, "302"), (other, "300")])

    assert senders[sender].inner_numbers == {"300"}
    assert senders[other].inner_numbers == set()


def test_a_name_is_registered_once(database: Settings) -> None:
    """One client cannot register a name twice; another client can use the same name."""
    _added(database, "13596*101")

    with pytest.raises(ExtensionRefused, match=r"13596\*101 is registered already"):
        _added(database, "13596*101")
    assert extensions.add(database.owner_database_url, ExtensionDescription("telphin", "24680", "13596*101")).id


@pytest.mark.parametrize(
    ("description", "words"),
    [
        (ExtensionDescription("oktell", "1", "2"), "there are telphin, mtt, asterisk, native"),
        (ExtensionDescription("mtt", "1", "2", type="fax"), "Unknown type 'fax'; there are phone, ivr, queue"),
        (ExtensionDescription("mtt", "", "2"), "A client and a name are 1 to 128"),
        (ExtensionDescription("mtt", "1", " 2"), "without outer blanks"),
        (ExtensionDescription("mtt", "1", "a\0b"), "printable"),
        (ExtensionDescription("telphin", "1", "1*2@sip.example"), "goes without its @domain"),
        (ExtensionDescription("telphin", "1", "1*2", remote_id="../x"), "letters and digits"),
        (ExtensionDescription("telphin", "1", "1*2", owner="x" * 129), "An owner is up to 128"),
        (ExtensionDescription("native", "1", "feed", type="queue"), "stands for a whole PBX"),
        (ExtensionDescription("native", "1", "feed", remote_id="7"), "stands for a whole PBX"),
    ],
)
def test_wrong_descriptions_are_refused(database: Settings, description: ExtensionDescription, words: str) -> None:
    """The error says what is allowed."""
    with pytest.raises(ExtensionRefused, match=words):
        extensions.add(database.owner_database_url, description)


def test_all_are_registered_or_none(database: Settings) -> None:
    """`put` changes registered extensions, keeps their ids, and does nothing when one description is wrong."""
    url, known = database.owner_database_url, _added(database, "13596*102", owner="Anna")
    changed = ExtensionDescription("telphin", "13596", "13596*102", "ivr", "Boris")
    progress: list[int] = []

    with pytest.raises(ExtensionRefused):
        extensions.put(url, [changed, ExtensionDescription("telphin", "13596", "13596*103", "fax")], progress.append)
    assert progress == []
    put = extensions.put(url, [changed, ExtensionDescription("telphin", "13596", "13596*103")], progress.append)

    assert progress == [1, 2]
    assert put[0].id == known.id
    assert put[0].description == changed
    assert extensions.find(url, [known.id]) == [put[0]]


def test_a_revocation_is_final_and_published(database: Settings, s3: Any) -> None:
    """A revoked extension is on the list in S3, is still found by its id, and frees its name for a new one."""
    url, revoked = database.owner_database_url, _added(database, "13596*104")
    for _ in range(2):
        extensions.revoke(url, [revoked.id], aws.BUCKET)

    listed = json.loads(s3.get_object(Bucket=aws.BUCKET, Key=revocations.KEY)["Body"].read())
    assert revoked.id in listed["extensions"]
    assert extensions.senders(Connection(url), [revoked.id], [])[revoked.id].source.revoked_at
    assert _added(database, "13596*104").id != revoked.id
    assert next(each.id for each in extensions.listing(url) if each.description.name == "13596*104") == revoked.id


def test_the_list_keeps_earlier_revocations(database: Settings, s3: Any) -> None:
    """Each revocation publishes the complete list."""
    first, second = _added(database, "13596*105"), _added(database, "13596*106")
    for each in (first, second):
        extensions.revoke(database.owner_database_url, [each.id], aws.BUCKET)

    assert {first.id, second.id} <= set(
        json.loads(s3.get_object(Bucket=aws.BUCKET, Key=revocations.KEY)["Body"].read())["extensions"]
    )


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize("bucket", ["no-such-bucket", aws.BUCKET])
def test_a_failed_revocation_changes_nothing(database: Settings, bucket: str) -> None:
    """When the list cannot be written, or one id is unknown, no extension of the request is revoked."""
    known = _added(database, f"13596*{107 if bucket == aws.BUCKET else 108}")
    ids = [known.id, 999_999] if bucket == aws.BUCKET else [known.id]

    with pytest.raises(RingledgerError, match=r"There is no extension 999999|does not answer"):
        extensions.revoke(database.owner_database_url, ids, bucket)
    assert run(
        database.owner_database_url, "SELECT revoked_at FROM ledger.extensions WHERE id = %s", [known.id]
    ) == [(None,)]  # fmt: skip
