"""Accepts what PBXs post: into the queue first, understood later."""
