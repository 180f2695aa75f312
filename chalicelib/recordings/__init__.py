"""Recordings of calls: fetched from their provider, kept for their time, and played through lasting links."""
