"""Whether the bundle and what it stands on answer."""
