"""The command `cel` and the bundle: the tables are those of an undisturbed run, and links play the recordings."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from chalicelib.registry import extensions, webhook_keys
from chalicelib.registry.extensions import ExtensionDescription
from infra.local import environment
from tests.agents.asterisk.ami_server import AmiServer
from tests.agents.asterisk.cel_cases import Columns, internal_call
from tests.agents.asterisk.cel_program import EVENTS, configured, disturb, running, wait
from tests.agents.asterisk.event_receiver import EventReceiver
from tests.agents.asterisk.test_csv_source import line
from tests.databases import run

pytestmark = pytest.mark.verify

SECONDS = 30
BATCH = 100
RECORDING = "out-1130-1801-20260302-090000.wav"
TABLES = ("calls.success", "calls.cancelled", "calls.failed", "calls.forks", "calls.holds")
_ROWS = """
SELECT (to_jsonb(call) - %s::text[])::text FROM {table} AS call JOIN ledger.records USING (inviteid)
WHERE records.client = %s
"""
_TAKEN = """
SELECT sum(jsonb_array_length(convert_from(body, 'UTF8')::jsonb -> 'events'))::integer
FROM ledger.events WHERE provider = 'asterisk' AND client = %s
"""
#: Columns that contain the client.
OWN = ["inviteid", "eventid", "esgdlg", "recdomain"]


class OfficePbx:
    """An Asterisk of a client of its own, at a running bundle."""

    def __init__(self, stack: dict[str, Any], client: str) -> None:
        """Register it."""
        self.stack, self._client = stack, client
        described = ExtensionDescription("asterisk", client, "pbx")
        (extension,) = extensions.put(stack["database_url"], [described], lambda _: None)
        secret = json.loads((Path(stack["data"]) / "secrets.json").read_text("utf-8"))["webhook"]
        key = webhook_keys.issue(((1, secret),), "asterisk", extension.id)
        self.address = f"{stack['url']}/webhooks/asterisk/{key}"

    def post(self, events: list[Columns]) -> None:
        """Post events in order."""
        for start in range(0, len(events), BATCH):
            body = {"events": events[start : start + BATCH]}
            requests.post(self.address, json=body, timeout=SECONDS).raise_for_status()

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        return run(self.stack["database_url"], query, list(values))

    def rows(self) -> dict[str, list[str]]:
        """Return the documented rows of the client's calls, without columns that contain the client."""
        return {
            table: sorted(str(row) for (row,) in self.ask(_ROWS.format(table=table), OWN, self._client))
            for table in TABLES
        }

    def has_taken(self, events: list[Columns]) -> bool:
        """Return True if all of these events have become rows. Other clients' messages may still be in the queue."""
        return self.ask(_TAKEN, self._client) == [(len(events),)]


@pytest.fixture
def receiver() -> Iterator[EventReceiver]:
    """Run a small Ringledger, which passes on what it takes."""
    environment.prepare_clients()
    receiver = EventReceiver()
    yield receiver
    receiver.stop()


def test_tables_are_those_of_an_undisturbed_run(
    stack: dict[str, Any], tmp_path: Path, asterisk: AmiServer, receiver: EventReceiver
) -> None:
    """The program is killed and restarted in the middle, connections are lost, and every row is as it should be."""
    calm, disturbed = OfficePbx(stack, "calm"), OfficePbx(stack, "disturbed")
    calm.post(EVENTS)
    receiver.onward = disturbed.address
    disturb(configured(tmp_path, receiver.address, "ami", asterisk.port), asterisk, receiver)
    wait(lambda: calm.has_taken(EVENTS))
    rows = calm.rows()
    assert len(rows["calls.success"]) > 5
    wait(lambda: disturbed.rows() == rows)


def sound() -> bytes:
    """Return two seconds of a recording."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(range(256)) * 125)
    return out.getvalue()


def test_a_recording_plays(stack: dict[str, Any], tmp_path: Path) -> None:
    """MixMonitor's file is uploaded after the call, and the link of the call plays it."""
    pbx, folder = OfficePbx(stack, "recorded"), tmp_path / "monitor"
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / RECORDING).write_bytes(sound())
    events = list(internal_call(500))
    events.insert(5, {**events[4], "eventtype": "APP_START", "appname": "MixMonitor", "appdata": f"2026/{RECORDING},b"})
    (tmp_path / "Master.csv").write_text("".join(map(line, events)), "utf-8")
    config = configured(tmp_path, pbx.address, "csv")
    config.write_text(f"{config.read_text()}[recordings]\nfolder = {folder}\nsettled_seconds = 1\n")
    query = "SELECT inviteid::text FROM ledger.recordings WHERE client = 'recorded' AND state = 'ready'"
    with running(config):
        wait(lambda: bool(pbx.ask(query)))
    ((inviteid,),) = pbx.ask(query)
    token = {"Authorization": f"Bearer {stack['tokens']['recordings']}"}
    address = f"{stack['url']}/rest/v1/journal/calls/{inviteid}/attachment1"
    answer = requests.get(address, headers=token, timeout=SECONDS)
    assert (answer.content, answer.headers["Content-Type"]) == (sound(), "audio/wav")
    assert RECORDING in requests.head(address, headers=token, timeout=SECONDS).headers["Location"]
