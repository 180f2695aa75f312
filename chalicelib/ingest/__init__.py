"""Takes accepted webhooks from the queue and brings the calls up to date."""
