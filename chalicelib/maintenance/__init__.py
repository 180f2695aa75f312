"""What the ledger needs from time to time: partitions ahead, retention, and calls that never ended."""
