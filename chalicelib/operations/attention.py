"""The rules of what needs an operator, for the command `status` and for the page."""

from __future__ import annotations

from chalicelib.operations.operator_answers import Attention, Overview

#: More webhooks than this wait only when they are not worked off.
QUEUE_LIMIT = 10_000
#: Figure -> the highest number that needs no attention, and what to do above it.
RULES: dict[str, tuple[int, str]] = {
    "webhooks queued": (QUEUE_LIMIT, "webhooks are not worked off: look at the log and the alarms of `ingest`"),
    "dead letters": (0, "see why: `ringledger dead-letter list`, then `dead-letter redrive`"),
    "quarantined": (0, "see why webhooks cannot be read: `ringledger quarantine list`, then `quarantine retry ID`"),
    "calls set aside": (0, "see why calls cannot be written: `ringledger call list`, then `call replay`"),
    "recordings failed": (0, "see why: `ringledger recording list --state failed`, then `recording retry --failed`"),
    "calls refused by a CRM": (0, "see the CRM's reasons: `ringledger replication list`, then `replication retry`"),
    "calls maybe delivered": (0, "compare with the CRM: `ringledger replication list --state maybe_delivered`"),
    "calls that differ": (0, "the CRM has older versions: `ringledger replication list --state differs`"),
    "orders that no agent took": (0, "is the agent program beside the PBX running? See `ringledger order list`"),
}


def figures(now: Overview) -> dict[str, int | None]:
    """Return each figure; None where a queue does not answer or is not configured."""

    def of_crms(name: str) -> int:
        return sum(int(target.counts.get(name, 0)) for target in now.replication)

    return {
        "webhooks queued": now.queued,
        "dead letters": now.dead_letters,
        "quarantined": now.quarantined,
        "calls set aside": now.set_aside,
        "calls open": now.open_calls,
        "recordings pending": now.recordings.get("pending", 0),
        "recordings failed": now.recordings.get("failed", 0),
        "calls for a CRM pending": of_crms("pending"),
        "calls refused by a CRM": of_crms("rejected"),
        "calls maybe delivered": of_crms("maybe_delivered"),
        "calls that differ": of_crms("differs"),
        "orders that wait": now.orders_waiting,
        "orders that no agent took": now.orders_not_taken,
    }


def needed(now: Overview) -> list[Attention]:
    """Return what is above its limit."""
    counted = figures(now)
    return [
        Attention(name=name, figure=figure, advice=advice)
        for name, (highest, advice) in RULES.items()
        if (figure := counted[name] or 0) > highest
    ]
