"""A deterministic small call centre that fills the chronological tables."""
