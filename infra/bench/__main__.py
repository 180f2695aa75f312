"""`python -m infra.bench [--largest] [part …]`: take every measurement, or those named."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence

from infra.bench import (
    answering,
    click_cost,
    day_report,
    format_cost,
    guarding,
    ingesting,
    large,
    oktell,
    one_row,
    page_load,
    phonecall_cost,
    replicating,
    report_growth,
    rules_cost,
    throughput,
    webhook_cost,
    writer_ceiling,
)
from infra.bench.grown_places import GrownPlace, grown
from infra.bench.report import Figure, say, show
from infra.bench.testbed import Testbed, opened

Part = Callable[[Testbed], Iterator[Figure]]
PARTS: dict[str, tuple[str, Part]] = {
    "guard": ("The guard on the corpus of allowed queries", lambda _: guarding.lines()),
    "answer": ("An answer of 10,000 rows and 17 columns", answering.lines),
    "formats": ("Forms of that answer: compressed, as CSV, several queries, unchanged", format_cost.lines),
    "row": ("A query of one row", one_row.lines),
    "page": ("The page's first load", page_load.lines),
    "accept": ("Accepting a webhook", webhook_cost.lines),
    "throughput": ("Accepting webhooks on the local stack", throughput.lines),
    "play": ("A click on a recording's link", click_cost.lines),
    "ingest": ("Taking accepted webhooks from the queue", ingesting.lines),
    "rules": ("Working out calls from webhooks, without a database", lambda _: rules_cost.lines()),
    "phonecall": ("Creating a phone call", phonecall_cost.lines),
    "large": ("An answer that goes to S3", large.lines),
    # It deletes the calls of the demonstration, so it runs after the measurements that need them.
    "replicate": ("Replicating calls to a CRM", replicating.lines),
    "oktell": ("Commands of the Oktell interface", oktell.lines),
}
#: Parts that measure databases with many calls.
GROWN_PARTS: dict[str, tuple[str, Callable[[Sequence[GrownPlace]], Iterator[Figure]]]] = {
    "day": ("A day's report", day_report.lines),
    "reports": ("The own reports of a month and a year, and the present state", report_growth.lines),
    "ceiling": ("The ceiling of one writer", writer_ceiling.lines),
}
EVERY_PART = (*PARTS, *GROWN_PARTS)


def main() -> int:
    """Take the named measurements; return exit status 1 when a bound is missed."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench", description="Measures Ringledger.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(EVERY_PART)}; all without one")
    parser.add_argument("--largest", action="store_true", help="the grown parts on ten million calls too")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - {*EVERY_PART}
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(EVERY_PART)}")
    names = arguments.parts or EVERY_PART
    kept = _in_one_place([name for name in names if name in PARTS])
    kept &= _in_grown_places([name for name in names if name in GROWN_PARTS], largest=arguments.largest)
    say("\nEvery bound was kept.\n" if kept else "\nA bound was MISSED: see above.\n")
    return 0 if kept else 1


def _in_one_place(names: list[str]) -> bool:
    if not names:
        return True
    say("Starting a database and an S3 for the measurements …\n")
    with opened() as place:
        # A list instead of a generator: every part is measured, even after a missed bound.
        return all([show(title, part(place)) for title, part in map(PARTS.__getitem__, names)])  # noqa: C419


def _in_grown_places(names: list[str], *, largest: bool) -> bool:
    if not names:
        return True
    say("\nMaking databases with many calls …\n")
    with grown(largest=largest) as places:
        return all([show(title, part(places)) for title, part in map(GROWN_PARTS.__getitem__, names)])  # noqa: C419


if __name__ == "__main__":
    sys.exit(main())
