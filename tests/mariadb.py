"""A private MariaDB with an Asterisk's `cdr` table, on a temporary folder."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

import pytest

from infra.local.gateway import bound
from tests.programs import missing

PROGRAMS = ("mariadb-install-db", "mariadbd", "mariadb")
START_SECONDS = 60
STOP_SECONDS = 30

USER = "testing"
PASSWORD = "testing"

#: The table of cdr_mysql, as Asterisk's documents have it.
CDR = """
CREATE TABLE cdr (
    calldate datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
    clid varchar(80) NOT NULL DEFAULT '',
    src varchar(80) NOT NULL DEFAULT '',
    dst varchar(80) NOT NULL DEFAULT '',
    dcontext varchar(80) NOT NULL DEFAULT '',
    channel varchar(80) NOT NULL DEFAULT '',
    dstchannel varchar(80) NOT NULL DEFAULT '',
    lastapp varchar(80) NOT NULL DEFAULT '',
    lastdata varchar(80) NOT NULL DEFAULT '',
    duration int(11) NOT NULL DEFAULT 0,
    billsec int(11) NOT NULL DEFAULT 0,
    disposition varchar(45) NOT NULL DEFAULT '',
    amaflags int(11) NOT NULL DEFAULT 0,
    accountcode varchar(20) NOT NULL DEFAULT '',
    uniqueid varchar(32) NOT NULL DEFAULT '',
    userfield varchar(255) NOT NULL DEFAULT ''
)
"""

_names = itertools.count(1)


@dataclass(frozen=True)
class MariaDb:
    """A running server; `user` has all rights over TCP from this machine."""

    host: str
    port: int
    socket: Path
    user: str = USER
    password: str = PASSWORD

    def run(self, statements: str, database: str = "") -> list[list[str]]:
        """Run `statements` and return their rows as texts."""
        command = [_program("mariadb"), "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch", "--raw"]
        words = [*command, "--skip-column-names", "--default-character-set=utf8mb4", database]
        done = subprocess.run(words, input=statements, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    def new_database(self, name: str = "") -> str:
        """Create an empty database and return its name; an existing one of the name `name` is dropped."""
        name = name or f"fresh_{next(_names)}"
        self.run(f"DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return name


@contextmanager
def running(folder: Path) -> Iterator[MariaDb]:
    """Run a new server in `folder` during the block."""
    with closing(bound("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    data, socket = folder / "data", folder / "socket"
    # It refuses to run as root unless told so.
    own = ("--no-defaults", f"--datadir={data}", f"--user={getuser()}")
    _install(own)
    words = [_program("mariadbd"), *own, f"--socket={socket}", f"--port={port}", "--bind-address=127.0.0.1"]
    small = ["--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*words, *small, f"--pid-file={folder / 'pid'}"], stdout=log, stderr=log)
    try:
        server = MariaDb("127.0.0.1", port, socket)
        _wait(process, server, folder / "log")
        server.run(f"CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO {USER}@'%'")
        yield server
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """Start one server for all tests; each test makes a database of its own."""
    absent = [name for name in PROGRAMS if not _program(name)]
    if absent:
        missing(f"needs MariaDB's server (Debian's package mariadb-server): there is no {', '.join(absent)}")
    with running(tmp_path_factory.mktemp("mariadb")) as server:
        yield server


def _program(name: str) -> str:
    return shutil.which(name, path="/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin") or ""


def _install(own: tuple[str, ...]) -> None:
    words = [_program("mariadb-install-db"), *own, "--auth-root-authentication-method=normal", "--skip-test-db"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _wait(process: subprocess.Popen[bytes], server: MariaDb, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            server.run("SELECT 1")
        except AssertionError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(log.read_text())
