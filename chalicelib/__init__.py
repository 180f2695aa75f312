"""Ringledger: the code behind the entry points of app.py."""

from chalicelib import settings
from chalicelib.platform import lazy_modules

if settings.lambda_handler():
    # Before any of the libraries is imported. Elsewhere, older versions of Python may run several threads, which could
    # meet in a half-loaded module.
    lazy_modules.install()
