"""The settings of the command `cel`: an INI file whose sections and keys the README explains."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ringledger_asterisk.agent_settings import Ami
from ringledger_asterisk.settings_reader import SettingsReader

_OTHERS = (
    "eventtime,cid_name,cid_num,cid_ani,cid_rdnis,cid_dnid,exten,context,channame,appname,appdata,amaflags,accountcode,"
    "uniqueid,linkedid,peer,userfield,userdeftype,extra"
)
#: The columns of Asterisk's samples of cel_custom.conf; newer ones have an example of a literal.
COLUMNS = (f"eventtype,{_OTHERS}", f"eventtype,-,{_OTHERS}")
FILES = {"csv": "/var/log/asterisk/cel-custom/Master.csv", "sqlite": "/var/log/asterisk/master.db"}
SOURCES = ("ami", "csv", "sqlite", "mysql", "postgresql")
STATE = "/var/lib/ringledger-asterisk/cel"
MEGABYTE = 1_000_000

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?")


@dataclass(frozen=True)
class Table:
    """The table of CEL in a database. `number` is the column whose values grow; `host` and others may be empty."""

    database: str
    table: str
    number: str
    host: str
    port: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class CelSource:
    """The place of the events: `kind` is one of SOURCES, and only its own fields count.

    `layouts` are the columns that lines of a CSV file may have.
    `zone` is that of times without one, None for the machine's. With `history`, the events from before the first start
    are sent, too.
    """

    kind: str
    zone: ZoneInfo | None
    history: bool
    ami: Ami | None
    file: Path
    layouts: tuple[tuple[str, ...], ...]
    table: Table

    @property
    def name(self) -> str:
        """Return the name under which its place is stored: another file or table begins anew."""
        if self.ami:
            return f"{self.kind} {self.ami.host}:{self.ami.port}"
        place = str(self.file) if self.kind in FILES else f"{self.table.host} {self.table.database}"
        return f"{self.kind} {place}" + (f" {self.table.table}" if self.kind != "csv" else "")


@dataclass(frozen=True)
class RecordingsSettings:
    """The folder of recordings that are uploaded, and the seconds after which a file no longer changes."""

    folder: Path
    settled_seconds: int


@dataclass(frozen=True)
class CelSettings:
    """All settings. `address` is that of the webhook, with its key; `spool_bytes` limits the events on disk.

    Without `recordings`, none are uploaded.
    """

    address: str = field(repr=False)
    source: CelSource
    recordings: RecordingsSettings | None
    state: Path
    spool_bytes: int

    @staticmethod
    def read(path: Path) -> CelSettings:
        """Return the settings in a file. Raise SettingsFault."""
        reader = SettingsReader.open(path)
        return CelSettings(
            reader.address("cel", "address"),
            _source(reader),
            _recordings(reader),
            Path(reader.text("cel", "state", os.environ.get("STATE_DIRECTORY", STATE))),
            reader.whole("cel", "spool_megabytes", "500") * MEGABYTE,
        )


def _recordings(reader: SettingsReader) -> RecordingsSettings | None:
    folder, seconds = reader.text("recordings", "folder", ""), reader.whole("recordings", "settled_seconds", "20")
    return RecordingsSettings(Path(folder), seconds) if folder else None


def _source(reader: SettingsReader) -> CelSource:
    kind = reader.choice("cel", "source", SOURCES)
    return CelSource(
        kind,
        _zone(reader),
        reader.choice("cel", "history", ("no", "yes"), "no") == "yes",
        Ami.read(reader) if kind == "ami" else None,
        Path(reader.text("cel", "file", FILES.get(kind, "-"))),
        _layouts(reader.text("cel", "columns", "")),
        _table(reader),
    )


def _layouts(columns: str) -> tuple[tuple[str, ...], ...]:
    texts = (columns,) if columns else COLUMNS
    return tuple(tuple(name.strip() for name in text.split(",")) for text in texts)


def _zone(reader: SettingsReader) -> ZoneInfo | None:
    name = reader.text("cel", "time_zone", "local")
    if name == "local":
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        reader.refuse("cel", "time_zone", f"local or a name such as Europe/Madrid or UTC, not {name}")


def _table(reader: SettingsReader) -> Table:
    names = {key: reader.text("cel", key, default) for key, default in (("table", "cel"), ("number", "id"))}
    for key, name in names.items():
        # Names become part of a query.
        if not _NAME.fullmatch(name):
            reader.refuse("cel", key, f"the name of a table or a column, not {name}")
    return Table(
        reader.text("cel", "database", "asteriskcdrdb"),
        names["table"],
        names["number"],
        *(reader.text("cel", key, "") for key in ("host", "port", "user", "password")),
    )
