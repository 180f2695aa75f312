"""Webhooks and calls in PostgreSQL: storing, correlating, quarantine, replay and erasure."""
