"""Brings recordings from their providers into S3."""
