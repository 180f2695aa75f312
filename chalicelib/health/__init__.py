"""The health check of the API and of the services that it uses."""
