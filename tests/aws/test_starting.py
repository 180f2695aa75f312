"""The packages that Lambdas load at their start: a set instead of a time, so that the test is stable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from infra.bench import starting
from infra.bench.starting import Start

ROOT = Path(__file__).parents[2]
_SHOW = """
import sys
at_start = set(sys.modules)
import app
loaded = set(sys.modules) - at_start
import json
print(json.dumps(sorted(loaded)))
"""
#: The packages that Chalice and the log load for every surface.
FRAME = {"app", "aws_lambda_powertools", "chalice", "chalicelib", "snapshot_restore_py"}
#: Lambda -> its further packages, and its first-level modules of the bundle.
LOADED = {
    "webhooks": ({"urllib3"}, {"calls", "platform", "envelope", "macs", "providers", "registry", "texts", "webhooks"}),
    "recordings": ({"psycopg2", "urllib3"}, {"authentication", "ledger", "macs", "platform", "recordings"}),
    "statistics": (
        {
            "annotated_types",
            "orjson",
            "pglast",
            "psycopg2",
            "pydantic",
            "pydantic_core",
            "typing_extensions",
            "typing_inspection",
            "urllib3",
        },
        {"authentication", "catalog", "platform", "statistics"},
    ),
}
#: The modules of the bundle that every Lambda loads.
OURS = {"application", "edge", "errors", "platform", "setting_values", "settings"}
# A round figure above their number of modules; one careless import of a package adds about a hundred.
MODULES_LIMIT = {"webhooks": 250, "recordings": 250, "statistics": 350}


def modules(name: str) -> set[str]:
    """Return every module that the start of the Lambda `name` loads."""
    environment = {"PATH": os.environ["PATH"], "_HANDLER": f"app.{name}", "LAMBDA_TASK_ROOT": "/var/task"}
    shown = subprocess.run([sys.executable, "-c", _SHOW], cwd=ROOT, env=environment, capture_output=True, check=True)
    return set(json.loads(shown.stdout))


@pytest.mark.parametrize("name", LOADED)
def test_a_cold_start_loads_this_and_no_more(name: str) -> None:
    """The start loads exactly these packages; boto3 comes with the first use of a client."""
    packages, ours = LOADED[name]
    loaded = modules(name)
    installed = {module.partition(".")[0] for module in loaded} - sys.stdlib_module_names

    # Generated and compiled modules have names of their own.
    assert {each for each in installed if not each.startswith(("_", "cython"))} == FRAME | packages
    assert {module.split(".")[1] for module in loaded if module.startswith("chalicelib.")} == OURS | ours
    assert "botocore.session" not in loaded
    assert len(loaded) <= MODULES_LIMIT[name]


def test_a_start_beyond_its_budget_is_measured_again() -> None:
    """A busy machine delays a start, so its budget is missed only when many starts agree."""
    late = {"app.statistics": 2 * starting.ROUNDS, "app.webhooks": 10**6}
    seen: Counter[str] = Counter()

    def started(name: str) -> Start:
        seen[name] += 1
        return Start(0.9 if seen[name] <= late.get(name, 0) else 0.1, 0, 0)

    starts = starting.confirmed([starting.EMPTY, "app.statistics", "app.webhooks", "app.oktell"], started)

    assert starting.missed(starts) == ["app.webhooks starts in 9.0 times an empty handler, not 4.2"]
    assert (seen["app.oktell"], seen["app.statistics"]) == (starting.ROUNDS, 3 * starting.ROUNDS)
    assert seen["app.webhooks"] == seen[starting.EMPTY] == (1 + starting.REPETITIONS) * starting.ROUNDS


def test_a_lambda_beyond_its_budget_is_reported() -> None:
    """Budgets are multiples of an empty handler's start; those without one of their own share the last."""
    starts = {
        starting.EMPTY: Start(0.1, 0, 0),
        starting.NEWCOMER: Start(9, 0, 0),
        "app.webhooks": Start(0.43, 0, 0),
        "app.statistics": Start(0.59, 0, 0),
        "app.oktell": Start(0.71, 0, 0),
    }
    assert starting.missed(starts) == [
        "app.webhooks starts in 4.3 times an empty handler, not 4.2",
        "app.oktell starts in 7.1 times an empty handler, not 7.0",
    ]
