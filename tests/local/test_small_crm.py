"""The small CRM of the demonstration behaves as the protocol says."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date, datetime

from chalicelib.nimbox.client import Client, DeletionVerdict, PhoneCall, Service, Timing
from infra.local.crm import Crm

CALLS = [PhoneCall(datetime.fromisoformat(f"2026-11-{day}T23:59:59"), "7222", "02122853348", 9) for day in (19, 20, 21)]


def test_a_day_is_deleted_and_created_again() -> None:
    """Both dates of a deletion are exclusive, repeated calls keep their ids, and deleted ones get new ids."""
    crm = Crm("a-token")
    with ExitStack() as stack:
        url = crm.start(0)
        client = Client(Service(url, "a-token"), Timing())
        stack.callback(crm.stop)
        stack.callback(client.close)
        first = [client.create(call) for call in CALLS]

        assert client.delete(date(2026, 11, 20)) == DeletionVerdict("deleted", deleted=1)
        assert client.delete(date(2026, 11, 20)) == DeletionVerdict("deleted", deleted=0)
        again = [client.create(call).phonecall_id for call in CALLS]

        assert [verdict.phonecall_id for verdict in first] == ["1", "2", "3"]
        assert again == ["1", "4", "3"]
        stranger = Client(Service(url, "another"), Timing())
        stack.callback(stranger.close)
        assert stranger.delete(date(2026, 11, 20)).state == "refused"


def test_some_numbers_have_no_contact() -> None:
    """One number of twenty is refused with a reason, and every second of these is accepted when it is offered again."""
    crm = Crm("a-token")
    calls = [{"initiated": "2026-11-19T23:59:59", "source": "7222", "destination": str(number)} for number in range(60)]

    refused = [[call for call in calls if crm.create(call)["error"]] for _ in range(2)]

    assert [len(each) for each in refused] == [3, 1]
    assert crm.create(refused[1][0])["errors"].keys() == {"destination"}
