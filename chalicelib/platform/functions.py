"""Lambda: a function of the bundle, invoked by name."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.errors import RingledgerError, Unavailable

# As long as a Lambda may run: a repeated migration would only wait for the first.
READ_SECONDS = 900


class FunctionFailed(RingledgerError):
    """The Lambda function ended with an error of its own; its log tells more."""

    code = "function-failed"


def invoke(name: str, event: dict[str, Any]) -> dict[str, Any]:
    """Run the function `name` on `event` and return its answer. Raises Unavailable and FunctionFailed."""
    import boto3  # noqa: PLC0415 - nothing else of the command line needs it
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    settings = Config(read_timeout=READ_SECONDS, retries={"total_max_attempts": 1})
    try:
        client: Any = boto3.client("lambda", config=settings)
        response = client.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    except (BotoCoreError, ClientError) as fault:
        raise Unavailable(f"The function {name} could not be invoked") from fault
    answer: dict[str, Any] = json.loads(response["Payload"].read())
    if "FunctionError" in response:
        raise FunctionFailed(f"{name} failed: {answer.get('errorMessage', 'it gave no reason')}")
    return answer
