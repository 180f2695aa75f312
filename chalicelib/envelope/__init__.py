"""The messages of the queue `call-events`: written by `webhooks`, read by `ingest`."""
