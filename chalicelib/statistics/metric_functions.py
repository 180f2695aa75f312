"""The functions of schema `metrics` that queries may call in FROM, where a join by a range of times would be slow."""

from __future__ import annotations

#: The functions' names, as a query writes them, and the columns that each returns.
METRIC_FUNCTIONS: dict[str, tuple[str, ...]] = {
    "metrics.concurrency": ("moment", "calls"),
    "metrics.agent_slots": ("slot", "agent", "calls", "seconds"),
}
#: What a query may write instead of a slow join, by the purpose.
EXAMPLES = {
    "calls in progress at each moment": "select * from metrics.concurrency('2026-10-01', '2026-11-01', '1 minute')",
    "talks of agents in slots of time": "select * from metrics.agent_slots('2026-10-01', '2026-11-01', '15 minutes')",
}
