"""Connections to PostgreSQL, S3 and SQS, and nothing else: driver errors end here."""
