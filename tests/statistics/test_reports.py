"""Saved reports: their figures, their parameters, saving and removing them, and their addresses."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.errors import Forbidden, InvalidRequest, Refused, RingledgerError
from chalicelib.settings import Settings, load
from chalicelib.statistics import channel, report_definitions, report_queries, report_values
from chalicelib.statistics.context import Context, FileFailed
from chalicelib.statistics.own_reports import own_reports
from chalicelib.statistics.report_definitions import UnknownReport
from chalicelib.statistics.report_values import SiteClock
from tests.admin.program import run_here
from tests.ingest.telephony import Ledger
from tests.statistics.cases import ALLOWED, REFUSED, Case, named
from tests.statistics.test_metrics import ANSWERED, CALLED_BACK, LATE_ANSWER, MISSED, TRANSFERRED
from tests.statistics.timelines import DAY, ask, post

CLOCK = SiteClock(datetime(2026, 11, 21, 12, tzinfo=UTC), ZoneInfo("Europe/Moscow"))
COUNT: dict[str, Any] = {
    "name": "count-of-calls",
    "title": "Count",
    "psql": "select count(*) as calls from calls.success",
}


def run_report(site: Settings, name: str, **params: object) -> Any:
    """Return the rows of a report on the day of the timelines."""
    return ask(site, "reports", "run", name=name, params={**DAY, **params})


@pytest.mark.parametrize("name", own_reports())
def test_own_reports_run_on_an_empty_database(site: Settings, name: str) -> None:
    """Each of Ringledger's own reports passes the guard and runs without calls."""
    assert len(own_reports()) == 12
    assert run_report(site, name) == []


def test_not_called_back(ledger: Ledger, site: Settings) -> None:
    """The report lists a caller who was missed, and neither one who was called back nor one who called again."""
    waiting = MISSED.replace("+79031112233", "+79160000000")
    again = [MISSED.replace("+79031112233", "+79150000001"), LATE_ANSWER]
    post(ledger, "telphin", MISSED, CALLED_BACK, waiting, waiting.replace("00:", "03:"), *again)
    (row,) = run_report(site, "not-called-back")
    assert (row["number"], row["missed"], row["lines"]) == ("+79160000000", 2, "78005553535")
    assert row["last_missed"] == "2026-11-21T10:03:00"


def test_hours_of_the_site(ledger: Ledger, site: Settings) -> None:
    """Hours are those of the requested zone, and the queue is a filter."""
    post(ledger, "telphin", ANSWERED, MISSED, LATE_ANSWER)
    (row,) = run_report(site, "calls-per-hour", zone="Europe/Moscow")
    assert (row["hour"], row["incoming"], row["answered"], row["missed"]) == ("2026-11-21T13:00:00", 3, 2, 1)
    (row,) = run_report(site, "calls-per-hour", queue="13596*300")
    assert (row["incoming"], row["service_level"]) == (2, 50.0)


def test_transfers(ledger: Ledger, site: Settings) -> None:
    """A transfer is counted from one agent to the next one."""
    post(ledger, "telphin", TRANSFERRED, ANSWERED)
    (row,) = run_report(site, "transfers")
    assert (row["from_agent"], row["to_agent"], row["transfers"]) == ("13596*106", "13596*107", 1)


def test_calls_at_the_same_time(ledger: Ledger, site: Settings) -> None:
    """Two talks overlap, and a third call begins when both are over."""
    post(ledger, "telphin", ANSWERED, TRANSFERRED, LATE_ANSWER)
    (row,) = run_report(site, "concurrency")
    assert (row["most_calls"], row["most_talks"]) == (2, 2)


@pytest.mark.parametrize(
    ("value", "since", "until"),
    [
        ("2026-11-20", "2026-11-19T21:00:00", "2026-11-20T21:00:00"),
        ("2026-11", "2026-10-31T21:00:00", "2026-11-30T21:00:00"),
        ("2026-12", "2026-11-30T21:00:00", "2026-12-31T21:00:00"),
        ("2026-11-20T08:30", "2026-11-20T05:30:00", "2026-11-20T05:30:00"),
        ("2026-11-20 08:30:15", "2026-11-20T05:30:15", "2026-11-20T05:30:15"),
        ("2026-11-20T08:30:00Z", "2026-11-20T08:30:00", "2026-11-20T08:30:00"),
        ("2026-11-20T08:30:00 05:00", "2026-11-20T03:30:00", "2026-11-20T03:30:00"),
        ("today", "2026-11-20T21:00:00", "2026-11-21T21:00:00"),
        ("yesterday", "2026-11-19T21:00:00", "2026-11-20T21:00:00"),
        ("-7d", "2026-11-13T21:00:00", "2026-11-14T21:00:00"),
        ("now", "2026-11-21T12:00:00", "2026-11-21T12:00:00"),
    ],
)
def test_times(value: str, since: str, until: str) -> None:
    """Dates and months are whole ones of the site's zone: the beginning for `from`, the end for `to`."""
    definition = own_reports()["concurrency"]
    assert report_values.values(definition, {"from": value, "to": "2099-01-01"}, CLOCK)["from"] == since
    assert report_values.values(definition, {"from": "2020-01-01", "to": value}, CLOCK)["to"] == until


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"from": "tomorrow"}, "parameter from must be a date or time"),
        ({"from": "2026-13-01"}, "parameter from must be a date or time"),
        ({"to": "9999-12-31"}, "parameter to must be a date or time"),
        ({"from": "0001-01-01"}, "parameter from must be a date or time"),
        ({"from": "-99999d"}, ""),
        ({"from": "2026-11-21", "to": "2026-11-01"}, "is later than to"),
        ({"zone": "Mars/Olympus"}, "parameter zone must be a time zone"),
        ({"zone": "../../etc/passwd"}, "parameter zone must be a time zone"),
        ({"rows": "5; drop table calls.success"}, "parameter rows must be a whole number"),
        ({"rows": "1e9"}, "parameter rows must be a whole number"),
        ({"rows": True}, "parameter rows must be a whole number"),
        ({"line": "x" * 1_001}, "parameter line must be a text of up to 1000 characters"),
        ({"line": ["a"]}, "parameter line must be a text"),
        ({"querty": "1"}, "unknown parameter 'querty'; this report takes from, to, rows, line, queue, agent"),
    ],
)
def test_wrong_values(given: dict[str, object], words: str) -> None:
    """A wrong value is refused with the name of its parameter and a right form."""
    if not words:
        assert report_values.values(own_reports()["longest-waits"], given, CLOCK)
        return
    with pytest.raises(InvalidRequest, match=words.replace("(", r"\(")):
        report_values.values(own_reports()["longest-waits"], given, CLOCK)


@pytest.mark.parametrize("value", ["' or true --", "x'; select 1; --", "$1", ":from", "\\'; --", "{}", "null"])
def test_a_value_is_never_sql(ledger: Ledger, site: Settings, value: str) -> None:
    """A text that looks like SQL is compared as a text."""
    post(ledger, "telphin", ANSWERED)
    assert run_report(site, "longest-waits", line=value) == []
    assert len(run_report(site, "longest-waits")) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Count of calls"}, "name must be 1 to 63 lower-case letters"),
        ({"name": "count\n"}, "name must be 1 to 63 lower-case letters"),
        ({"psql": 5}, "psql must be a text"),
        ({"psql": "select :other"}, "the query uses :other, which parameters does not declare"),
        ({"parameters": [{"name": "line"}]}, "line is declared, and the query does not use it"),
        ({"parameters": [{"name": "token"}]}, "token is a word with a meaning of its own"),
        ({"parameters": [{"name": "a", "type": "money"}]}, r"parameters.0.type"),
        ({"surprise": 1}, "surprise"),
        ({"psql": "delete from calls.success"}, "DELETE"),
        ({"psql": "select * from ledger.tokens"}, "ledger.tokens"),
        ({"psql": "select nosuch from calls.success"}, "nosuch"),
        (
            {"psql": "select :n::int", "parameters": [{"name": "n", "type": "integer", "default": "many"}]},
            "parameter n must be a whole number",
        ),
    ],
)
def test_reports_that_are_not_saved(site: Settings, changes: dict[str, object], words: str) -> None:
    """A report is checked as a whole before it is stored: its name, its parameters, and its query by the guard."""
    with pytest.raises(RingledgerError, match=words):
        ask(site, "reports", "save", **{**COUNT, **changes})
    assert len(ask(site, "reports", "list")) == 12


def test_saving_and_removing(site: Settings) -> None:
    """A saved report is listed and runs, replaces an own one of its name, and removing it brings that one back."""
    ask(site, "reports", "save", **COUNT)
    assert ask(site, "reports", "run", name="count-of-calls") == [{"calls": 0}]
    assert ask(site, "reports", "show", name="count-of-calls")["changed_by"] == "tester"
    ask(site, "reports", "save", **COUNT | {"name": "heat-map"})
    assert ask(site, "reports", "run", name="heat-map") == [{"calls": 0}]
    assert ask(site, "reports", "remove", name="heat-map") == {"name": "heat-map", "restored": True}
    assert ask(site, "reports", "show", name="heat-map")["origin"] == "ringledger"
    ask(site, "reports", "remove", name="count-of-calls")
    with pytest.raises(UnknownReport):
        ask(site, "reports", "run", name="count-of-calls")


def test_scopes(site: Settings) -> None:
    """Saving needs the scope `reports`; a token with that scope alone asks no queries."""
    for scopes, action in ((("statistics",), "save"), (("statistics",), "remove"), (("reports",), "run")):
        body = json.dumps({"entity": "reports", "action": action, "options": COUNT}).encode()
        with pytest.raises(Forbidden):
            channel.answer(body, Context("test", site, {}, scopes=scopes))


#: Queries that PostgreSQL refuses, for a parameter `seconds` of the type integer.
WRONG_QUERIES = {
    "select nosuch from calls.success where duration > :seconds": 'column "nosuch" does not exist',
    "select * from calls.nosuch where duration > :seconds": "calls.nosuch",
    "select count(*) from calls.success where anumber > :seconds": "operator does not exist",
    "select round(anumber, :seconds) from calls.success": "round",
    "select sum(duration), anumber from calls.success where duration > :seconds": "GROUP BY",
    "select :seconds + from calls.success": "syntax error",
}
REQUIRED = [
    ("text", "select * from calls.success where inviteid = :value"),
    ("text", "select * from calls.success where invitedt > :value::timestamp"),
    ("text", "select * from calls.success where anumber like :value || '%'"),
    ("text", "select to_char(invitedt, :value) as day from calls.success"),
    ("text", "select date_trunc(:value, invitedt) as day from calls.success"),
    ("integer", "select * from calls.success limit :value"),
    ("number", "select round(duration * :value, 2) as share from calls.success"),
    ("boolean", "select * from calls.success where aouter = :value"),
    ("time", "select * from calls.success where invitedt > :value"),
]


@pytest.mark.parametrize("query", WRONG_QUERIES)
def test_queries_that_postgresql_refuses(site: Settings, query: str) -> None:
    """A token's report is run without rows before it is stored, by the same check as the command line's."""
    parameters = [{"name": "seconds", "type": "integer", "default": 600}]
    with pytest.raises(RingledgerError, match=re.escape(WRONG_QUERIES[query])):
        ask(site, "reports", "save", name="wrong", title="Wrong", psql=query, parameters=parameters)


@pytest.mark.parametrize(("kind", "query"), REQUIRED)
def test_required_values_of_each_type(site: Settings, kind: str, query: str) -> None:
    """A report whose parameters have no values yet is checked all the same, by a token and by the command line."""
    parameters = [{"name": "value", "type": kind, "required": True}]
    ask(site, "reports", "save", name="needs-a-value", title="Needs a value", psql=query, parameters=parameters)
    ask(site, "reports", "remove", name="needs-a-value")
    environment = {"DATABASE_URL": site.owner_database_url}
    words = ("report", "add", "needs-a-value", "--parameter", f"value:{kind}!", "--psql", query)
    saved = run_here(environment, *words)
    assert saved.returncode == 0, saved.stderr
    run_here(environment, "report", "remove", "needs-a-value", "--yes")


def test_operators_administer_reports(site: Settings) -> None:
    """The command line saves, lists, shows, removes and restores reports, and refuses what the guard refuses."""
    environment = {"DATABASE_URL": site.owner_database_url}
    query = "select count(*) from calls.success where invitedt >= :from and duration > :seconds"
    words = ("report", "add", "long-calls", "--title", "Long calls", "--parameter", "seconds:integer=600", "--psql")
    assert run_here(environment, *words, query).returncode == 0
    assert "long-calls" in run_here(environment, "report", "list").stdout
    shown = json.loads(run_here(environment, "report", "show", "long-calls").stdout)
    assert [(each["name"], each["default"]) for each in shown["parameters"]] == [("from", "-29d"), ("seconds", "600")]
    refused = run_here(environment, *words, query.replace("calls.success", "ledger.tokens"))
    assert refused.returncode == 1
    assert "ledger.tokens" in refused.stderr
    for wrong, reason in WRONG_QUERIES.items():
        refused = run_here(environment, *words, wrong)
        assert (refused.returncode, reason in refused.stderr) == (1, True), refused.stderr
    assert run_here(environment, "report", "remove", "long-calls", "--yes").returncode == 0
    assert run_here(environment, "report", "remove", "heat-map", "--yes").returncode == 0
    assert "heat-map" not in run_here(environment, "report", "list").stdout
    assert run_here(environment, "report", "restore", "heat-map").returncode == 0
    assert "heat-map" in run_here(environment, "report", "list").stdout


def test_a_report_is_checked_again_when_it_runs(ledger: Ledger, site: Settings) -> None:
    """A query that reached the database in another way is refused when it runs."""
    ask(site, "reports", "save", **COUNT)
    ledger.owner.execute(
        """UPDATE ledger.reports SET definition = jsonb_set(definition, '{psql}', '"table ledger.tokens"')"""
    )
    with pytest.raises(Refused):
        ask(site, "reports", "run", name="count-of-calls")


#: Without those that only the first words forbid at the protocol's address.
ATTACKS = [case for case in REFUSED if case.kind != "prefix"]


@pytest.mark.parametrize("case", ATTACKS, ids=named)
def test_no_query_of_attackers_is_saved(case: Case) -> None:
    """A report whose query the guard refuses elsewhere is refused, also beside parameters."""
    for psql in (case.sql, f"select :from as since, q.* from ({case.sql}\n) q", f"{case.sql}\n -- :from"):
        with pytest.raises((Refused, InvalidRequest)):
            report_definitions.read({**COUNT, "psql": psql})


@pytest.mark.parametrize("case", ALLOWED, ids=named)
def test_every_query_of_reports_can_be_saved(case: Case) -> None:
    """A query that the guard accepts elsewhere is a report, and runs with the very same text."""
    definition = report_definitions.read({**COUNT, "psql": case.sql})
    assert str(report_queries.bound(definition, {}, Context("test", load({}), {})).text) == case.sql


def test_a_query_of_attackers_that_reached_the_database(ledger: Ledger, site: Settings) -> None:
    """The guard refuses it when the report runs, in each format."""
    ask(site, "reports", "save", **COUNT)
    for place, case in enumerate(ATTACKS[::16]):
        if "\0" in case.sql:
            continue
        ledger.owner.execute(
            "UPDATE ledger.reports SET definition = jsonb_set(definition, '{psql}', to_jsonb(%s::text))", [case.sql]
        )
        with pytest.raises((Refused, FileFailed, InvalidRequest)):
            ask(site, "reports", "run", name="count-of-calls", format=("json", "columns", "csv", "ndjson")[place % 4])


def test_definitions_are_valid() -> None:
    """Each own report has a title in both languages, and parameters that its query uses."""
    for definition in own_reports().values():
        report_definitions.check(definition)
        assert definition.title.en
        assert definition.title.ru
