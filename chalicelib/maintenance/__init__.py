"""Scheduled work on the ledger: partitions, retention, calls without an end, and recordings."""
