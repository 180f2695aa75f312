"""Ringledger: the code behind the entry points of app.py."""

from chalicelib.platform import lazy_modules

# Before any of the libraries is imported.
lazy_modules.install()
