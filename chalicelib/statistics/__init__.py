"""The statistics channel: guarded SELECT queries over the chronological tables."""
