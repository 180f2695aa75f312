"""`python -m infra.local.invocation NAME SECONDS`: one invocation of a function of `app.py`, as by Lambda's runtime.

The event comes from standard input, and only the answer goes to standard output. The exit status is 1 when the function
raises; then the answer is Lambda's description of the error.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from importlib import import_module
from typing import Any

from chalice.local import LambdaContext

MEMORY_MEGABYTES = 128


def main(name: str, seconds: float) -> int:
    """Run the function and return the exit status."""
    # The function's prints go to the stack's log, so that standard output has the answer alone.
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with answer:
        try:
            answer.write(json.dumps(_run(name, seconds, json.load(sys.stdin))))
        except Exception as fault:  # noqa: BLE001 - every exception of a function becomes its answer
            traceback.print_exc()
            json.dump({"errorMessage": str(fault), "errorType": type(fault).__name__}, answer)
            return 1
    return 0


def _run(name: str, seconds: float, event: Any) -> Any:  # noqa: ANN401 - any JSON
    context = LambdaContext(name, MEMORY_MEGABYTES, round(seconds * 1_000))
    return getattr(import_module("app"), name)(event, context)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
