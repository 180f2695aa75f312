"""The clients of boto3, which a cold start pays for only where one is used."""

from __future__ import annotations

from typing import Any

from chalicelib import settings


def made(service: str, region: str = "", **config: Any) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    """Return a new client of an AWS service with these options of botocore's Config.

    Without `region`, it is that of AWS_REGION or AWS_DEFAULT_REGION; boto3 itself reads only the second.
    """
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    own = region or settings.aws_access(service).region
    # boto3's stubs know the services by their names, but not a name in a variable.
    make: Any = boto3.client
    return make(service, region_name=own or None, config=Config(**config))
