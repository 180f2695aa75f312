"""Ringledger: the code behind the entry points of app.py."""

from chalicelib import settings
from chalicelib.platform import cold_start

if settings.lambda_handler():
    # Before any of the libraries is imported. Elsewhere, older versions of Python may run several threads, which could
    # meet in a half-loaded module.
    cold_start.begin()
