"""The cost of an answer of 200 MB: memory above the idle process, and time next to a bare COPY of the same rows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from infra.bench.report import Figure
from infra.bench.testbed import ROOT, Testbed, request

#: Rows of about a kilobyte.
LARGE = "select s.* from calls.success s, generate_series(1, 60) g limit {rows}"
WARM_ROWS = 20_000
ROWS = 190_000
MEGABYTE = 1_000_000
MEMORY_BOUND = 40


def lines(place: Testbed) -> Iterator[Figure]:
    """Measure one large answer in a process of its own, like a Lambda's."""
    output = subprocess.run(
        [sys.executable, "-m", "infra.bench.large", str(place.data)], cwd=ROOT, stdout=subprocess.PIPE, check=True
    ).stdout
    seen = json.loads(output.splitlines()[-1])
    yield Figure("size of the answer in S3", f"{seen['bytes'] / MEGABYTE:.0f} MB")
    grown = (seen["peak"] - seen["idle"]) / MEGABYTE
    yield Figure("peak memory above idle", f"{grown:.0f} MB", f"{MEMORY_BOUND} MB", grown / MEMORY_BOUND, at_most=1)
    yield Figure("wall time until it can be fetched", f"{seen['seconds']:.1f} s")


def _measure(place: Testbed) -> dict[str, float]:
    app = place.enter()
    # Idle means a warm Lambda: connected, with its S3 client loaded.
    _ask(app, request(place, LARGE.format(rows=WARM_ROWS)))
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    idle = _memory("VmRSS")
    began = time.perf_counter()
    _ask(app, request(place, LARGE.format(rows=ROWS)))
    seconds = time.perf_counter() - began
    peak = _memory("VmHWM")
    from chalicelib.platform import objects  # noqa: PLC0415 - the bundle has loaded it already

    stored = objects.client().list_objects_v2(Bucket=place.facts["bucket"], Prefix="answers/")["Contents"]
    return {"idle": idle, "peak": peak, "seconds": seconds, "bytes": max(item["Size"] for item in stored)}


def _ask(app: object, event: dict[str, object]) -> None:
    answer = app.app(event, None)  # type: ignore[attr-defined]
    if answer["statusCode"] != 303:
        raise RuntimeError(f"not the answer that is measured: {answer}")


def _memory(name: str) -> int:
    """Return one figure of this process's memory, in bytes."""
    line = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    return int(line[1]) * 1024 if line else 0


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    facts = json.loads((folder / "stack.json").read_text("utf-8"))
    sys.stdout.write(json.dumps(_measure(Testbed(facts, folder))) + "\n")
