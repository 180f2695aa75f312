"""Calls to the CRM, each once: read from their sources, kept in a ledger until the CRM has answered for them."""
