"""What an answer of 200 MB costs: memory beyond the idle process, and time beside a bare COPY of the same rows."""

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

#: About a kilobyte a row.
LARGE = "select s.* from calls.success s, generate_series(1, 60) g limit {rows}"
WARM_ROWS = 20_000
ROWS = 190_000
MEGABYTE = 1_000_000
MEMORY_BOUND = 40


def lines(place: Testbed) -> Iterator[Figure]:
    """One large answer in a process of its own, as a Lambda has one."""
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
    # Idle is a warm Lambda: connected, and with its S3 client loaded.
    _ask(app, request(place, LARGE.format(rows=WARM_ROWS)))
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    idle = _memory("VmRSS")
    began = time.perf_counter()
    _ask(app, request(place, LARGE.format(rows=ROWS)))
    seconds = time.perf_counter() - began
    peak = _memory("VmHWM")
    from chalicelib.platform import objects  # noqa: PLC0415 - loaded by the bundle by now

    stored = objects.client().list_objects_v2(Bucket=place.facts["bucket"], Prefix="answers/")["Contents"]
    return {"idle": idle, "peak": peak, "seconds": seconds, "bytes": max(item["Size"] for item in stored)}


def _ask(app: object, event: dict[str, object]) -> None:
    answer = app.app(event, None)  # type: ignore[attr-defined]
    if answer["statusCode"] != 303:
        raise RuntimeError(f"not the answer that is measured: {answer}")


def _memory(name: str) -> int:
    """One figure of the kernel's account of this process, in bytes."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    facts = json.loads((folder / "stack.json").read_text("utf-8"))
    sys.stdout.write(json.dumps(_measure(Testbed(facts, folder))) + "\n")
