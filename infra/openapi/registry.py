"""All surfaces with their declarations. A new surface is one module here, and one line."""

from __future__ import annotations

from infra.openapi import (
    console_operations,
    documents_operations,
    health_operations,
    nimbox_operations,
    oktell_operations,
    operations_operations,
    recordings_operations,
    reports_operations,
    statistics_operations,
    webhooks_operations,
)
from infra.openapi.declarations import Surface

SURFACES: tuple[Surface, ...] = (
    statistics_operations.SURFACE,
    reports_operations.SURFACE,
    recordings_operations.SURFACE,
    webhooks_operations.SURFACE,
    nimbox_operations.SURFACE,
    oktell_operations.SURFACE,
    health_operations.SURFACE,
    documents_operations.SURFACE,
    console_operations.SURFACE,
    operations_operations.SURFACE,
)
