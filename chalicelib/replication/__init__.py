"""Replication of calls to a CRM. A ledger holds each call until the CRM has answered for it."""
