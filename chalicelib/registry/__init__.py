"""The registry of webhook senders: extensions, the keys in their addresses, subscriptions and revocations."""
