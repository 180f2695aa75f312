"""The place of the OpenAPI document, which `python -m infra.openapi` writes."""

from __future__ import annotations

from pathlib import Path

OPENAPI = Path(__file__).with_name("openapi.json")
