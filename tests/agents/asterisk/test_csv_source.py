"""The CSV file of cel_custom: values with line breaks, lines that were cut off, rotations, restarts."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ringledger_asterisk.cel_files import CsvReader
from ringledger_asterisk.cel_settings import COLUMNS, CelSource, Table
from ringledger_asterisk.event_intake import EventIntake
from ringledger_asterisk.set_aside import SetAside
from ringledger_asterisk.spool import Spool, SpoolFault

from tests.agents.asterisk.cel_cases import Columns, internal_call

LAYOUTS = tuple(tuple(text.split(",")) for text in COLUMNS)
NAMES = LAYOUTS[0]
TABLE = Table("", "cel", "id", "", "", "", "")


def line(event: Columns, layout: Sequence[str] = NAMES) -> str:
    """Return the line that cel_custom writes for an event."""
    out = io.StringIO()
    values = [event.get(name, "My Literal" if name == "-" else "") for name in layout]
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(values)
    return out.getvalue()


class Folder:
    """The folder of the file with the program's reader, which can begin anew as after a kill."""

    def __init__(self, folder: Path, limit: int = 10_000_000) -> None:
        """Read `Master.csv` in `folder`."""
        self.file, self._state, self._limit = folder / "Master.csv", folder / "state", limit
        self.spool = Spool(self._state, self._limit)
        self._begin(history=True)

    def restart(self, *, history: bool = True) -> None:
        """Begin anew with what is on the disk."""
        self.spool.close()
        self.spool = Spool(self._state, self._limit)
        self._begin(history=history)

    def _begin(self, *, history: bool) -> None:
        self.set_aside = SetAside(self._state / "set-aside.jsonl")
        source = CelSource("csv", ZoneInfo("UTC"), history, None, self.file, LAYOUTS, TABLE)
        self.reader = CsvReader(source, EventIntake(source.name, source.zone, self.spool, self.set_aside))

    def write(self, *texts: str) -> None:
        """Append to the file."""
        with self.file.open("a", encoding="utf-8") as file:
            file.write("".join(texts))

    def read(self) -> list[dict[str, Any]]:
        """Read until nothing comes, and return the events in the spool."""
        while self.reader.step():
            continue
        return [json.loads(text) for text in self.spool.batch(100_000, 100_000_000).texts]

    @property
    def refused(self) -> list[str]:
        """Return the texts that were set aside."""
        file = self._state / "set-aside.jsonl"
        return [json.loads(text)["content"] for text in file.read_text("utf-8").splitlines()] if file.exists() else []


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """Return a folder whose file is read from its beginning."""
    folder = Folder(tmp_path)
    yield folder
    folder.spool.close()


EVENTS = [event for number in (1, 2, 3) for event in internal_call(number)]


def same(read: Sequence[dict[str, str]], written: Sequence[Columns]) -> bool:
    """Return True if the read events are the written ones in their order, apart from empty columns."""
    return [{name: value for name, value in event.items() if value} for event in read] == [
        {name: value for name, value in event.items() if value} for event in written
    ]


def test_every_event_is_read_once(folder: Folder) -> None:
    """The file grows, the program begins anew again and again, and each event comes once and in order."""
    for event in EVENTS:
        folder.write(line(event))
        folder.restart()
        folder.read()
    assert same(folder.read(), EVENTS)


def test_either_sample_of_asterisk_is_read(folder: Folder) -> None:
    """Newer samples of cel_custom.conf have a column with a literal, which is left out."""
    folder.write(line(EVENTS[0], LAYOUTS[1]), line(EVENTS[1], LAYOUTS[0]))
    assert same(folder.read(), EVENTS[:2])


def test_half_a_line_is_completed_later(folder: Folder) -> None:
    """A line is read when it is whole, wherever the first look has cut it."""
    text = line(EVENTS[0])
    for half in (1, 20, len(text) - 1):
        start = len(folder.read())
        folder.write(text[:half])
        assert len(folder.read()) == start
        folder.write(text[half:])
        assert len(folder.read()) == start + 1


def test_values_may_have_line_breaks(folder: Folder) -> None:
    """A quoted value over several lines is one value."""
    event = {**EVENTS[0], "userfield": 'first\nsecond, "third"\n'}
    folder.write(line(event), line(EVENTS[1]))
    assert same(folder.read(), [event, EVENTS[1]])


@pytest.mark.parametrize("cut", [5, 40, 70])
@pytest.mark.parametrize("end", ["", "\n"], ids=["glued", "broken off"])
def test_a_line_that_was_cut_off_harms_no_other(folder: Folder, cut: int, end: str) -> None:
    """When the PBX was killed while it wrote, the rest of the line never comes; it is set aside with the reason."""
    half = line(EVENTS[0])[:cut]
    folder.write(half, end, *map(line, EVENTS[1:3]))
    assert same(folder.read(), EVENTS[1:3])
    assert [text.strip() for text in folder.refused] == [half]


def test_lines_with_other_columns_are_set_aside(folder: Folder) -> None:
    """The settings name the columns; a line with more or fewer of them is kept with the reason."""
    folder.write('"ANSWER","too few"\n', line(EVENTS[0])[:-1] + ',"one","more"\n', line(EVENTS[1]), "\n")
    assert same(folder.read(), [EVENTS[1]])
    assert len(folder.refused) == 2


def test_an_event_without_a_time_is_set_aside(folder: Folder) -> None:
    """It could not be put into order, and does not stop the others."""
    folder.write(line({**EVENTS[0], "eventtime": "soon"}), line(EVENTS[1]))
    assert same(folder.read(), [EVENTS[1]])
    assert json.loads(folder.refused[0])["eventtime"] == "soon"


def _renamed(file: Path, number: int) -> None:
    file.rename(file.with_name(f"Master.csv.{number}"))


def _copied(file: Path, number: int) -> None:
    shutil.copy2(file, file.with_name(f"Master.csv-2026030{number}"))
    file.write_text("")


def _compressed(file: Path, number: int) -> None:
    with gzip.open(file.with_name(f"Master.csv-2026030{number}.gz"), "wb") as packed:
        packed.write(file.read_bytes())
    file.unlink()


@pytest.mark.parametrize("rotate", [_renamed, _copied, _compressed])
@pytest.mark.parametrize("is_running", [True, False], ids=["running", "stopped"])
def test_rotations_lose_nothing(folder: Folder, rotate: Any, *, is_running: bool) -> None:
    """Files are renamed, copied and emptied, or compressed, also twice while the program is down."""
    folder.write(*map(line, EVENTS[:5]))
    folder.read()
    for number, events in enumerate((EVENTS[5:10], EVENTS[10:20], EVENTS[20:30]), start=1):
        folder.write(*map(line, events))
        rotate(folder.file, number)
        if is_running:
            folder.read()
    folder.restart()
    folder.write(*map(line, EVENTS[30:]))
    assert same(folder.read(), EVENTS)
    assert not folder.refused


def test_other_files_beside_it_do_not_matter(folder: Folder) -> None:
    """Neither a folder, nor a file that is no compressed one, nor one that another program writes."""
    folder.write(line(EVENTS[0]))
    folder.read()
    (folder.file.parent / "Master.csv.d").mkdir()
    (folder.file.parent / "Master.csv.1.gz").write_bytes(b"not compressed\n")
    (folder.file.parent / "Master.csv.swp").write_bytes(b"binary")
    _renamed(folder.file, 1)
    folder.write(line(EVENTS[1]))
    assert same(folder.read(), EVENTS[:2])


def test_a_last_line_without_its_end_counts_when_the_file_is_rotated(folder: Folder) -> None:
    """Nothing more can come in a file that was renamed."""
    folder.write(line(EVENTS[0]), line(EVENTS[1])[:-1])
    assert same(folder.read(), EVENTS[:1])
    _renamed(folder.file, 1)
    folder.write(line(EVENTS[2]))
    assert same(folder.read(), EVENTS[:3])


def test_a_file_that_vanished_is_reported(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    """When nothing is left of the file, the log says so, and reading goes on with the present one."""
    folder.write(line(EVENTS[0]))
    folder.read()
    folder.file.write_text(line(EVENTS[1]), "utf-8")
    assert same(folder.read(), EVENTS[:2])
    assert "was rotated away or emptied" in caplog.text


def test_old_events_are_left_out_unless_they_are_asked_for(folder: Folder) -> None:
    """Without `history`, reading begins at the end of the present file."""
    folder.write(*map(line, EVENTS[:5]))
    folder.restart(history=False)
    folder.read()
    folder.write(*map(line, EVENTS[5:7]))
    assert same(folder.read(), EVENTS[5:7])


def test_a_full_spool_leaves_events_in_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log says that the limit is reached, and reading goes on when Ringledger has taken some."""
    folder = Folder(tmp_path, limit=2_000)
    folder.write(*map(line, EVENTS[:30]))
    with pytest.raises(SpoolFault):
        folder.read()
    assert "its limit" in caplog.text
    folder.spool.close()
    folder = Folder(tmp_path)
    assert same(folder.read(), EVENTS[:30])
    folder.spool.close()
