"""The registers and lists of operators that the command line has, too: contacts, faxes, the archive, corrections."""

from __future__ import annotations

import json

import pytest

from tests.databases import refusal
from tests.ingest.telephony import Ledger
from tests.operations.conftest import Ask


def test_a_contact_leads_to_its_phone_calls(ask: Ask, ledger: Ledger) -> None:
    """The calls of one contact are listed; a contact that is not there has none."""
    ledger.column("INSERT INTO ledger.contacts (id, name) VALUES (17, 'Anna') RETURNING 1")
    ledger.column(
        "INSERT INTO ledger.phonecalls (inviteid, own, initiated, source, destination, duration, contact)"
        " VALUES (gen_random_uuid(), true, '2026-11-20 09:00', '201', '79161234567', 45, 17) RETURNING 1"
    )

    (call,) = ask("GET", "contacts/17/calls")[1]["calls"]
    assert (call["source"], call["destination"], call["duration"]) == ("201", "79161234567", 45)
    assert ask("GET", "contacts/18/calls")[1]["calls"] == []


def test_faxes_are_listed_without_their_codes(ask: Ask, ledger: Ledger) -> None:
    """The code of a fax lets anyone download it, so the list has none."""
    ledger.column(
        "INSERT INTO ledger.faxes (id, key, name, content_type)"
        " VALUES (gen_random_uuid(), 'faxes/1', 'invoice.pdf', 'application/pdf') RETURNING 1"
    )

    (fax,) = ask("GET", "faxes")[1]["faxes"]
    assert (fax["name"], fax["content_type"]) == ("invoice.pdf", "application/pdf")
    assert set(fax) == {"id", "name", "content_type", "added_at"}


def test_months_of_the_archive_have_their_figures(ask: Ask, ledger: Ledger) -> None:
    """The files of a month are counted; a month that waits for the archive has no figures yet."""
    files = [{"rows": 7, "bytes": 700}, {"rows": 3, "bytes": 300}]
    ledger.column(
        "INSERT INTO ledger.retirements (kind, month, state, manifest, archived_at) VALUES"
        f" ('calls', '2024_01', 'archived', '{json.dumps({'files': files})}', now()),"
        " ('calls', '2024_02', 'closed', NULL, NULL) RETURNING 1"
    )

    newest, oldest = ask("GET", "archive")[1]["months"]
    assert (newest["month"], newest["state"], newest["rows"], newest["files"]) == ("2024-02", "closed", None, None)
    assert (oldest["month"], oldest["rows"], oldest["files"], oldest["bytes"]) == ("2024-01", 10, 2, 1_000)


def test_an_extension_has_the_events_that_were_ordered_for_it(ask: Ask, ledger: Ledger) -> None:
    """Events of its subscriptions are listed, and their addresses, which have the extension's key, cannot be read."""
    ledger.column(
        "INSERT INTO ledger.subscriptions (extension, resource, remote_id, event, url)"
        f" SELECT {ledger.ids['106']}, 'phone', event, event, 'https://x'"
        " FROM unnest('{hangup,answer}'::text[]) AS event RETURNING 1"
    )

    events = {each["id"]: each["events"] for each in ask("GET", "extensions")[1]["extensions"]}
    assert events[ledger.ids["106"]] == ["answer", "hangup"]
    assert refusal(ledger.settings.operator_database_url, "SELECT url FROM ledger.subscriptions") == "42501"


#: How a correction ended, in the database -> its state in the list.
CORRECTIONS = {
    "'deleted', now(), now()": "corrected",
    "'refused', now(), now()": "refused",
    "'repeated', now(), now()": "repeated",
    "'', now() + interval '1 hour', NULL": "at-work",
    "'', now() - interval '1 hour', NULL": "broke-off",
}


@pytest.mark.parametrize("ending", CORRECTIONS)
def test_corrections_of_days_are_listed_with_their_state(ask: Ask, ledger: Ledger, ending: str) -> None:
    """A correction has its day, its figures, its state and the CRM's words."""
    ledger.column("DELETE FROM ledger.replication_corrections RETURNING 1")
    ledger.column(
        "INSERT INTO ledger.replication_corrections"
        " (target, day, since, until, holder, known, deleted, reason, outcome, held_until, ended_at)"
        " VALUES ('crm', '2026-11-20', '2026-11-19', '2026-11-22', gen_random_uuid(), 12, 11, 'no', "
        f"{ending}) RETURNING 1"
    )

    (line,) = ask("GET", "replication")[1]["corrections"]
    assert (line["target"], line["day"], line["known"], line["deleted"]) == ("crm", "2026-11-20", 12, 11)
    assert (line["state"], line["reason"]) == (CORRECTIONS[ending], "no")
