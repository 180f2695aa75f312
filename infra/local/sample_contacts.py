"""The local stack's contacts, with the one that the phone-call service's example calls."""

from __future__ import annotations

from chalicelib.nimbox import contacts
from chalicelib.nimbox.contacts import Description
from chalicelib.platform.postgres import connection

CONTACTS = (
    Description("Ricardo Blanco", {"02122853348": "Work", "04122345678": "Mobile"}),
    Description("Inversiones Altamira", {"582617918020": "Work"}),
    Description("Ольга Смирнова", {"79214567892": "Mobile"}),
)


def register(database_url: str) -> None:
    """Add the contacts to a database that has none."""
    owner = connection(database_url)
    if not contacts.listing(owner, "", 1):
        contacts.put(owner, CONTACTS, lambda _: None)
