"""What is kept of webhooks and calls in PostgreSQL: storing, rebuilding, quarantine, replay, forgetting."""
