"""Calls whose ids a new release computes differently: the CRM receives nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tests.replication.crm import Crm
from tests.replication.house import NOW, House, identity

Serve = Callable[..., Crm]
HOUR = timedelta(hours=1)


def test_a_call_whose_id_changed_is_the_same_call(house: House, serve: Serve) -> None:
    """The tombstone of the former id names the new one. Nothing is corrected or sent again."""
    for name in ("former", "former, twice"):
        house.call(name, NOW - HOUR)
    crm = serve()
    house.replicate(crm)
    for former, successor, is_gone in (
        ("former", "present", True),
        ("former, twice", "between", True),
        ("between", "present, twice", True),
        ("present", None, False),
        ("present, twice", None, False),
    ):
        house.sql(
            "INSERT INTO ledger.records (inviteid, provider, client, call_id, complete, facts, changed_at, gone_at,"
            " successor) VALUES (%s, 'telphin', '', '', true, '{}', '2026-01-01Z',"
            " CASE WHEN %s THEN now() END, %s)",
            [str(identity(former)), is_gone, str(identity(successor)) if successor else None],
        )
    for former, present in (("former", "present"), ("former, twice", "present, twice")):
        house.sql(
            "UPDATE calls.success SET inviteid = %s WHERE inviteid = %s",
            [str(identity(present)), str(identity(former))],
        )

    run = house.replicate(crm)

    assert (run.counts["corrected"], run.counts["sent"]) == (0, 0)
    references = {reference for (reference,) in house.sql("SELECT reference FROM ledger.replication")}
    assert references == {str(identity("present")), str(identity("present, twice"))}
