"""An Asterisk's CDR table in MariaDB and in PostgreSQL, with the older and the newer schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.errors import Misconfigured, Unavailable
from chalicelib.replication import cdr_database
from chalicelib.replication.replicate import Progress, SourceAway
from tests import databases
from tests.databases import Server
from tests.mariadb import CDR, MariaDb
from tests.replication.crm import Crm
from tests.replication.house import NOW, House

CARACAS, BERLIN = ZoneInfo("America/Caracas"), ZoneInfo("Europe/Berlin")
LINK = "http://192.168.128.96/recordings/{channel}"
#: Of Asterisk's ast-db-manage; it has no calldate.
NEWER = """
CREATE TABLE cdr (
    accountcode varchar(80), src varchar(80), dst varchar(80), dcontext varchar(80), clid varchar(80),
    channel varchar(80), dstchannel varchar(80), lastapp varchar(80), lastdata varchar(80), start timestamp,
    answer timestamp, "end" timestamp, duration integer, billsec integer, disposition varchar(45), amaflags varchar(45),
    userfield varchar(256), uniqueid varchar(150), linkedid varchar(150), peeraccount varchar(80), sequence integer
)
"""
INSERT = """
INSERT INTO cdr ({moment}, src, dst, channel, duration, disposition, uniqueid) VALUES
('2026-11-20 06:00:00', '7222', '92853348', 'SIP/7222-00/1', 45, 'ANSWERED', 'a'),
('2026-11-20 06:00:00', '7222', '902122853348', 'SIP/7222-00/1', 12, 'ANSWERED', 'a'),
('2026-11-20 06:01:00', '7222', '904141234567', 'SIP/ñ & 1', 20, 'NO ANSWER', 'b'),
('2026-11-20 06:02:00', '7222', '7223', 'SIP/7222-02', 20, 'ANSWERED', 'c'),
('2026-11-20 06:03:00', '7222', '13596*106', 'SIP/7222-03', 20, 'ANSWERED', 'd'),
('2026-11-20 07:44:30', '7222', '02122853349', 'SIP/7222-04', 60, 'ANSWERED', 'e'),
('2025-01-01 00:00:00', '7222', '02122853350', 'SIP/7222-05', 60, 'ANSWERED', 'f')
"""
EXPECTED = [
    ("2026-11-20T10:00:00Z", "02122853348", "45", "http://192.168.128.96/recordings/SIP%2F7222-00%2F1"),
    ("2026-11-20T10:01:00Z", "04141234567", "0", "http://192.168.128.96/recordings/SIP%2F%C3%B1%20%26%201"),
]

Serve = Callable[..., Crm]
Run = Callable[[str], object]


@dataclass(frozen=True)
class Pbx:
    """An Asterisk's database: its address, a way to write to it, and its time column."""

    url: str
    run: Run
    moment: str


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use pages of a hundred rows, so that few rows are several pages."""
    monkeypatch.setattr(cdr_database, "ROWS_AT_ONCE", 100)


@pytest.fixture(params=["mariadb", "postgresql"])
def pbx(request: pytest.FixtureRequest) -> Pbx:
    """Return each kind of database with the table that Asterisk creates."""
    if request.param == "mariadb":
        mariadb: MariaDb = request.getfixturevalue("mariadb")
        name = mariadb.new_database()
        mariadb.run(CDR, name)
        url = f"mysql://{mariadb.user}:{mariadb.password}@{mariadb.host}:{mariadb.port}/{name}"
        return Pbx(url, lambda sql: mariadb.run(sql, name), "calldate")
    server: Server = request.getfixturevalue("server")
    url = server.new_database()
    databases.run(url, NEWER)
    return Pbx(url, lambda sql: databases.run(url, sql), "start")


def given(pbx: Pbx, **facts: Any) -> dict[str, Any]:
    """Return the settings for this PBX and for the site in NiMbox's example."""
    told = {"replication_sources": ("cdr",), "cdr_url": pbx.url, "cdr_zone": CARACAS, "cdr_link": LINK}
    return told | {"replication_numbers": "caracas"} | facts


def told(crm: Crm) -> list[tuple[str, ...]]:
    """Return the CRM's calls in order of time."""
    return sorted(
        tuple(call.get(name, "") for name in ("initiated", "destination", "duration", "url")) for call in crm.effects
    )


def test_the_table_of_the_example(house: House, serve: Serve, pbx: Pbx) -> None:
    """Local times become UTC, and numbers follow the preset. Unsettled, short and old rows stay."""
    pbx.run(INSERT.format(moment=pbx.moment))
    crm = serve()

    first, second = (house.replicate(crm, **given(pbx)) for _ in range(2))

    assert told(crm) == EXPECTED
    assert {call["source"] for call in crm.effects} == {"7222"}
    assert (first.outcome, first.counts["read"], first.counts["left_out"]) == ("done", 6, 4)
    assert (second.counts["sent"], second.counts["existing"], second.counts["corrected"]) == (0, 2, 0)
    house.replicate(crm, now=NOW + timedelta(hours=1), **given(pbx))
    assert told(crm)[-1][:3] == ("2026-11-20T11:44:30Z", "02122853349", "60")


@pytest.mark.parametrize(("word", "expected"), [("whole", ["20"]), ("skip", []), ("zero", ["0"])])
def test_unanswered_calls_of_the_table(house: House, serve: Serve, pbx: Pbx, word: str, expected: list[str]) -> None:
    """They have no duration, are sent as NiMbox's script does, or are skipped. Numeric dispositions count."""
    pbx.run(
        f"INSERT INTO cdr ({pbx.moment}, src, dst, duration, disposition) VALUES"
        " ('2026-11-20 06:01:00', '1', '02122853348', 20, '0'), ('2026-11-20 06:01:00', '1', '02122853349', 7, '8')"
    )
    crm = serve()

    house.replicate(crm, **given(pbx, cdr_unanswered=word, cdr_link=""))

    assert [call["duration"] for call in crm.effects if call["destination"] == "02122853348"] == expected
    assert [call["duration"] for call in crm.effects if call["destination"] == "02122853349"] == ["7"]


def test_rows_that_the_crm_cannot_tell_apart(house: House, serve: Serve, pbx: Pbx) -> None:
    """They are one call, the longest, in any order and over pages and runs."""
    rows = ", ".join(f"('2026-11-20 06:00:00', '1', '74950000001', {n * 7 % 101}, '{n % 2}')" for n in range(101))
    pbx.run(f"INSERT INTO cdr ({pbx.moment}, src, dst, duration, uniqueid) VALUES {rows}")
    crm = serve()
    facts = given(pbx, replication_numbers="minimum:7", cdr_link="", cdr_unanswered="whole")

    stopped = house.replicate(crm, "full", remaining=lambda: 1.0, **facts)
    ended = [house.resumed(crm, **facts), house.replicate(crm, **facts)]

    assert stopped.outcome == ""
    assert [run.counts["corrected"] for run in ended] == [0, 0]
    assert [call["duration"] for call in crm.effects] == ["100"]


def test_calls_of_the_night_when_the_clock_is_put_back(house: House, serve: Serve, pbx: Pbx) -> None:
    """Both passages of the hour arrive with their own times, over pages and whatever the window begins with."""
    begin = datetime(2026, 10, 24, 23)  # noqa: DTZ001 - UTC
    moments = [begin + timedelta(minutes=minutes) for minutes in range(240)]
    rows = ", ".join(
        f"('{at.replace(tzinfo=UTC).astimezone(BERLIN):%Y-%m-%d %H:%M:%S}', '7222', '02122853348', 5, 'ANSWERED',"
        f" '{int(at.replace(tzinfo=UTC).timestamp())}.1')"
        for at in moments
    )
    pbx.run(f"INSERT INTO cdr ({pbx.moment}, src, dst, duration, disposition, uniqueid) VALUES {rows}")
    facts = given(pbx, cdr_zone=BERLIN, cdr_link="", replication_settled_seconds=1)
    crm, late = serve(), serve()

    for minutes in (75, 130, 150, 190, 240):
        house.replicate(
            crm,
            "full" if minutes == 75 else "incremental",
            now=begin + timedelta(minutes=minutes),
            replication_hours=1,
            **facts,
        )
    assert sorted(call["initiated"] for call in crm.effects) == [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in moments]

    since = begin + timedelta(minutes=100)
    house.replicate(late, "since", since=since, now=begin + timedelta(hours=8), crm_name="late", **facts)
    assert sorted(call["initiated"] for call in late.effects) == [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in moments[100:]]


def test_columns_of_fixed_width(house: House, serve: Serve, server: Server) -> None:
    """The padding of `char(n)` is no part of a number, of an id, of a disposition or of a link."""
    url = server.new_database()
    databases.run(
        url,
        "CREATE TABLE cdr (calldate timestamp, src char(20), dst char(20), duration char(9), disposition char(45),"
        " uniqueid char(32), channel char(80));"
        "INSERT INTO cdr VALUES ('2026-11-20 06:00', '7222', '92853348', '45', 'ANSWERED', 'u', 'SIP/1')",
    )
    crm = serve()

    house.replicate(crm, **given(Pbx(url, lambda _: None, "calldate")))

    assert crm.effects == [
        {
            "initiated": "2026-11-20T10:00:00Z",
            "source": "7222",
            "destination": "02122853348",
            "duration": "45",
            "url": "http://192.168.128.96/recordings/SIP%2F1",
        }
    ]
    assert house.sql("SELECT reference FROM ledger.replication") == [("u",)]


def test_many_rows_are_streamed_and_taken_up_where_reading_ended(house: House, serve: Serve, pbx: Pbx) -> None:
    """A reader that stops leaves a position, and the next reader reads the rest from there."""
    rows = ", ".join(
        f"('2026-11-20 01:{n // 60:02}:{n % 60:02}', '{n}', '7495{n:07}', 5, 'ANSWERED', '{n}')" for n in range(150)
    )
    pbx.run(f"INSERT INTO cdr ({pbx.moment}, src, dst, duration, disposition, uniqueid) VALUES {rows}")
    crm = serve()
    facts = given(pbx, replication_numbers="minimum:7", cdr_link="")

    stopped = house.replicate(crm, "full", remaining=lambda: 1.0, **facts)
    assert (stopped.outcome, stopped.counts["read"], crm.effects) == ("", 100, [])
    ended = house.resumed(crm, **facts)

    assert ended.outcome == "done"
    assert len(crm.keys) == 150 == ended.counts["delivered"]
    assert set(crm.keys.values()) == {1}


def test_a_table_that_fails_half_way(house: House, serve: Serve, server: Server) -> None:
    """The rows read so far are sent, and the resumed run continues from there, with each call once."""
    url = server.new_database()
    databases.run(
        url,
        "CREATE TABLE cdr AS SELECT timestamp '2026-11-20 01:00:00' + n * interval '1 second' AS calldate, '1' AS src,"
        " '7495' || lpad(n::text, 7, '0') AS dst, 5 AS duration FROM generate_series(1, 150) AS n",
    )
    crm = serve()
    facts = given(Pbx(url, lambda _: None, "calldate"), replication_numbers="minimum:7", cdr_link="")

    def fail(progress: Progress) -> None:
        if progress.step == "read":
            databases.run(
                url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )

    with pytest.raises(SourceAway) as raised:
        house.replicate(crm, "full", report=fail, **facts)
    assert (raised.value.origin, "connection" in str(raised.value.__cause__)) == ("cdr", True)
    # The last second that was read may have more rows.
    assert len(crm.effects) == 99
    assert house.sql("SELECT count(*) FROM ledger.replication_cursors WHERE acknowledged IS NOT NULL") == [(0,)]

    assert house.resumed(crm, **facts).outcome == "done"
    assert (len(crm.keys), set(crm.keys.values())) == (150, {1})


def test_a_table_that_cannot_be_read(house: House, serve: Serve, pbx: Pbx) -> None:
    """The error names a missing column or table. A database that is away is tried again later."""
    with_link = house.replicate(serve(), **given(pbx, cdr_link="https://a/{recordingfile}"))
    assert with_link.outcome == "The table cdr has no column recordingfile"
    assert house.replicate(serve(), **given(pbx, cdr_table="cdr; DROP TABLE cdr")).outcome.endswith(
        "is no name of a table or a column"
    )
    with pytest.raises(Unavailable):
        house.replicate(serve(), **given(pbx, cdr_table="elsewhere"))
    with pytest.raises(Unavailable):
        house.replicate(serve(), **given(pbx, cdr_url=f"{pbx.url.partition('://')[0]}://nobody@127.0.0.1:9/none"))


def test_a_source_that_is_not_set_up(house: House, serve: Serve) -> None:
    """No run begins before every setting is right."""
    for facts in (
        {"replication_sources": ("cdr",)},
        {"replication_sources": ("x",)},
        {"cdr_unanswered": "x"},
        {"crm_token": ""},
        {"crm_seconds": 26},
        {"crm_url": "https://calls.example", "public_url": "https://calls.example:443"},
    ):
        with pytest.raises(Misconfigured):
            house.replicate(serve(), **facts)
    assert house.sql("SELECT count(*) FROM ledger.replication_runs") == [(0,)]
