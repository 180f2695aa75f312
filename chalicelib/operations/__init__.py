"""The surface of operators: webhooks, calls, replication and recordings over HTTP, and the work that they order."""
