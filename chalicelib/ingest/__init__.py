"""The consumer of the queue `call-events`: stores accepted webhooks and brings their calls up to date."""
