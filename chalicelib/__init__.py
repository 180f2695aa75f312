"""Ringledger: a serverless hub for telephone-call statistics."""
