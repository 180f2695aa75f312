"""Recordings on their way to Ringledger: the right file, once it is whole, and only from the folder of recordings."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ringledger_asterisk.cel_records import CelRecord, record
from ringledger_asterisk.cel_settings import RecordingsSettings
from ringledger_asterisk.event_times import EventTimes
from ringledger_asterisk.recording_uploads import MISSING_SECONDS, RecordingUploads
from ringledger_asterisk.set_aside import SetAside
from ringledger_asterisk.spool import Spool
from ringledger_asterisk.web import WebFault

from tests.agents.asterisk.event_receiver import EventReceiver

SOUND = b"RIFF" + bytes(range(256)) * 1_000 + b"\r\n--"
NAME = "out-1130-1801-20261128.wav"
EVENT = {"eventtype": "ANSWER", "eventtime": "1633542834.1", "uniqueid": "1.1", "linkedid": "1.1"}


class RecordingPbx:
    """A PBX with a folder of recordings, and the uploads beside it."""

    def __init__(self, folder: Path, receiver: EventReceiver) -> None:
        """Upload to `receiver`."""
        self.folder, self._state = folder / "monitor", folder / "state"
        self.folder.mkdir(exist_ok=True)
        self.spool = Spool(self._state, 10_000_000, notes_recordings=True)
        settings = RecordingsSettings(self.folder, 20)
        self.uploads = RecordingUploads(receiver.address, settings, self.spool, SetAside(self._state / "set-aside"))

    def event(self, kind: str, **columns: str) -> None:
        """Store an event of the channel."""
        self.spool.store([record({**EVENT, "eventtype": kind, **columns}, EventTimes(None))])

    def recorded(self, path: str = NAME, *, ended: float = 100) -> None:
        """Store the events of a recording whose call ended some seconds ago."""
        self.event("APP_START", appname="MixMonitor", appdata=f"{path},b,/usr/bin/true")
        self.event("CHAN_END")
        self.spool.recordings("UPDATE recordings SET ended = :at, begun = :at", at=time.time() - ended)

    def file(self, path: str = NAME, content: bytes = SOUND, *, age: float = 100) -> None:
        """Write a file that was changed some seconds ago."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        os.utime(file, (time.time() - age,) * 2)

    def upload(self) -> None:
        """Upload what is due."""
        self.spool.recordings("UPDATE recordings SET due = 0")
        while not self.uploads.step():
            continue

    @property
    def reasons(self) -> list[str]:
        """Return why recordings were set aside."""
        file = self._state / "set-aside"
        return [json.loads(line)["reason"] for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def pbx(tmp_path: Path, receiver: EventReceiver) -> Iterator[RecordingPbx]:
    """Return a PBX."""
    pbx = RecordingPbx(tmp_path, receiver)
    yield pbx
    pbx.spool.close()


@pytest.mark.parametrize("path", [NAME, f"2026/11/28/{NAME}"])
def test_a_recording_is_uploaded_once_after_its_call(pbx: RecordingPbx, receiver: EventReceiver, path: str) -> None:
    """Its name is that of the file without the folder; more events about it change nothing."""
    pbx.file(path)
    pbx.recorded(path)
    pbx.upload()
    pbx.recorded(path)
    pbx.event("MIXMONITOR_START", extra=json.dumps({"filename": path}))
    pbx.upload()
    assert receiver.recordings == {NAME: [SOUND]}


@pytest.mark.parametrize(
    "columns",
    [
        {"eventtype": "APP_START", "appname": "MixMonitor", "appdata": f"/monitor/{NAME},ai(ID),/usr/bin/convert"},
        {"eventtype": "MIXMONITOR_START", "extra": json.dumps({"filename": f"/monitor/{NAME}"})},
        {"recordingfile": NAME},
        {"EventName": "APP_START", "Application": "MixMonitor", "AppData": NAME, "eventtype": "APP_START"},
    ],
    ids=["application", "event", "column", "AMI"],
)
def test_the_events_that_name_a_recording(columns: dict[str, str]) -> None:
    """The application MixMonitor, a MIXMONITOR_START with its file, or a column of the table."""
    read = record({**EVENT, **columns}, EventTimes(None))
    assert (read.recording.rpartition("/")[2], read.channel) == (NAME, "1.1")


@pytest.mark.parametrize(
    "columns", [{"appdata": ""}, {"appdata": "/"}, {"appname": "Dial"}, {"appdata": "", "extra": '{"filename": 3}'}]
)
def test_other_events_name_none(columns: dict[str, str]) -> None:
    """A MixMonitor without a file, another application, or details of another kind."""
    fields = {**EVENT, "eventtype": "APP_START", "appname": "MixMonitor", "appdata": "x.wav", **columns}
    assert record(fields, EventTimes(None)).recording == ""


def test_a_call_that_lasts_is_not_uploaded(pbx: RecordingPbx, receiver: EventReceiver) -> None:
    """The file could grow; only after hours without an end it counts as ended."""
    pbx.file()
    pbx.event("APP_START", appname="MixMonitor", appdata=NAME)
    pbx.upload()
    assert receiver.recordings == {}
    pbx.spool.recordings("UPDATE recordings SET begun = begun - 20000")
    pbx.upload()
    assert list(receiver.recordings) == [NAME]


def test_a_file_that_still_changes_waits(pbx: RecordingPbx, receiver: EventReceiver) -> None:
    """A command of MixMonitor may work on it after the call."""
    pbx.file(age=5)
    pbx.recorded()
    pbx.upload()
    assert receiver.recordings == {}
    pbx.file()
    pbx.upload()
    assert receiver.recordings == {NAME: [SOUND]}


def test_a_converted_file_has_the_name_of_the_recording(pbx: RecordingPbx, receiver: EventReceiver) -> None:
    """The file may have another extension by now; Ringledger knows it by the name that the events gave."""
    pbx.file(NAME.replace(".wav", ".mp3"))
    pbx.recorded()
    pbx.upload()
    assert receiver.recordings == {NAME: [SOUND]}


def test_a_missing_file_is_given_up_after_an_hour(pbx: RecordingPbx, receiver: EventReceiver) -> None:
    """Until then it may come."""
    pbx.recorded()
    pbx.upload()
    assert pbx.reasons == []
    pbx.recorded(ended=MISSING_SECONDS + 10)
    pbx.upload()
    assert (receiver.recordings, len(pbx.reasons)) == ({}, 1)
    assert "no such file" in pbx.reasons[0]


@pytest.mark.parametrize("path", ["../secret.wav", "/etc/passwd", "a/../../secret.wav", "link.wav"])
def test_files_outside_of_the_folder_stay_there(pbx: RecordingPbx, receiver: EventReceiver, path: str) -> None:
    """Callers may have a part in names: neither a path nor a link leads out of the folder."""
    secret = pbx.folder.parent / "secret.wav"
    secret.write_bytes(SOUND)
    (pbx.folder / "link.wav").symlink_to(secret)
    pbx.recorded(path)
    pbx.upload()
    assert receiver.recordings == {}
    assert "not in the folder" in pbx.reasons[0]


def test_faults_that_pass_are_repeated(pbx: RecordingPbx, receiver: EventReceiver) -> None:
    """Ringledger or the storage is away, the key is wrong, the form has expired: a later attempt succeeds."""
    receiver.form_failures = [500, 404, 429]
    receiver.storage_failures = [(503, "SlowDown"), (403, "AccessDenied: Policy expired")]
    pbx.file()
    pbx.recorded()
    for _ in range(5):
        with pytest.raises(WebFault):
            pbx.upload()
    pbx.upload()
    assert (receiver.recordings, pbx.reasons) == ({NAME: [SOUND]}, [])


def test_a_file_that_is_too_large_is_set_aside(pbx: RecordingPbx, receiver: EventReceiver) -> None:
    """The form states the limit; the storage refuses a larger file in any case. Other files are uploaded."""
    receiver.form_limit = 100
    pbx.file()
    pbx.recorded()
    pbx.upload()
    receiver.form_limit = 1_000_000
    receiver.storage_failures = [(400, "<Code>EntityTooLarge</Code>")]
    for name in ("b.wav", "c.wav"):
        pbx.file(name)
        pbx.recorded(name)
    pbx.upload()
    assert [list(receiver.recordings), len(pbx.reasons)] == [["c.wav"], 2]


def test_a_program_without_a_folder_notes_no_recordings(tmp_path: Path) -> None:
    """The list would grow without end."""
    spool = Spool(tmp_path, 1_000)
    spool.store([CelRecord("{}", "a.wav", "1.1", "")])
    assert spool.recordings("SELECT * FROM recordings") == []
    spool.close()
