"""The whole bundle in one process, for development and tests."""
