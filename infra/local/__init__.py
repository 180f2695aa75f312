"""The whole bundle on one machine, for development and tests."""
