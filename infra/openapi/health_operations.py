"""The operation of `health`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from infra.openapi.declarations import INTERNAL, JSON, Operation, Parameter, Response, Surface


class HealthAnswer(BaseModel):
    """The state of the API and, after a deep check, of each service behind it."""

    status: Literal["ok", "failing"]
    parts: dict[str, str] | None = Field(
        default=None, description="`postgresql`, `sqs` and `s3`, each `ok` or the code of its error"
    )


SURFACE = Surface(
    "health",
    "Monitoring.",
    (
        Operation(
            "GET",
            "/health",
            "State of the API",
            {
                200: Response("The API is up.", {JSON: HealthAnswer}),
                503: Response("A service is away.", {JSON: HealthAnswer}),
                500: INTERNAL,
            },
            parameters=(Parameter("deep", "1 asks PostgreSQL, SQS and S3, too", example="1"),),
        ),
    ),
)
