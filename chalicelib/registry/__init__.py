"""Who may post webhooks: extensions, the keys in their addresses, their subscriptions, and who was revoked."""
