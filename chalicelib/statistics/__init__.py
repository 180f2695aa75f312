"""The statistics channel: guarded SELECTs over the chronological tables."""
