"""Accepts webhooks: each is put into the queue first, and interpreted later."""
