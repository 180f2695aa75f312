"""The deployment from zero, as infra/README.md describes it, on moto and a local PostgreSQL."""
