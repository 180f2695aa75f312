"""What surrounds the bundle: its database, the local stack, benches and demonstration data."""
