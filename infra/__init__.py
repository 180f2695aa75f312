"""The bundle's surroundings: its database, the local stack, AWS, measurements and demonstration data."""
