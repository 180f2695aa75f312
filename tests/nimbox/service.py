"""The phone-call service as clients see it, and the contents of its database."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import requests

from chalicelib.nimbox import contacts, phonecalls
from chalicelib.nimbox.contacts import Description
from chalicelib.nimbox.parameters import Clock, phonecall
from chalicelib.nimbox.phonecalls import Created
from chalicelib.platform.postgres import Connection
from chalicelib.settings import Settings
from tests.databases import run

ANSWER_SECONDS = 30
PATH = "/direct/items/phonecalls/"
INTEGRATION = "crm"
UTC = Clock(ZoneInfo("UTC"))
TABLES = (
    "ledger.phonecalls",
    "ledger.phonecall_deletions",
    "ledger.rejected_phonecalls",
    "ledger.token_guesses",
    "ledger.contact_numbers",
    "ledger.contacts",
    "ledger.records",
    "calls.success",
    "calls.cancelled",
    "calls.failed",
)

# Deleting the few rows there are is far faster than truncating.
_FORGET = "; ".join(
    [
        *(f"DELETE FROM {table}" for table in TABLES),
        "ALTER SEQUENCE ledger.contacts_id_seq RESTART",
        "ALTER SEQUENCE ledger.phonecalls_id_seq RESTART",
    ]
)

#: The example of the service's document.
EXAMPLE = {
    "initiated": "2012-08-23T12:20:33",
    "source": "7222",
    "destination": "02122853348",
    "duration": "45",
    "url": "http://192.168.128.96/recordings/SIP/7222-0001",
}


@dataclass(frozen=True)
class Service:
    """The service of a running stack."""

    url: str
    token: str
    database_url: str

    def get(self, command: str, **parameters: str) -> Any:
        """Return the answer to a GET, which has status 200."""
        return self._content(requests.get(self._address(command), self._with_token(parameters), timeout=ANSWER_SECONDS))

    def post(self, command: str, **parameters: str) -> Any:
        """Return the answer to a form, which has status 200."""
        return self._content(
            requests.post(self._address(command), self._with_token(parameters), timeout=ANSWER_SECONDS)
        )

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a statement."""
        return run(self.database_url, statement, list(values))

    def _address(self, command: str) -> str:
        return f"{self.url}{PATH}{command}"

    def _with_token(self, parameters: dict[str, str]) -> dict[str, str]:
        return {"token": self.token} | parameters

    @staticmethod
    def _content(response: requests.Response) -> Any:
        assert response.status_code == 200, response.text
        return response.json()


class Office:
    """A migrated database with contacts, without HTTP before it."""

    def __init__(self, settings: Settings) -> None:
        """Connect with the surface's rights."""
        self.settings = settings
        self.writer = Connection(settings.writer_database_url)
        self.owner = Connection(settings.owner_database_url)
        self._seconds = itertools.count()

    def clear(self) -> None:
        """Forget every call and contact."""
        self.owner.execute(_FORGET)

    def contact(self, *numbers: str, name: str = "") -> int:
        """Return the id of the contact with these digits, and create it if necessary."""
        contacts.put(self.owner, [Description(name, dict.fromkeys(numbers, ""))], lambda _: None)
        return int(self.rows("SELECT contact FROM ledger.contact_numbers WHERE digits = %s", numbers[0])[0][0])

    def create(
        self, destination: str, initiated: str = "", *, new_contacts: bool = False, clock: Clock = UTC, **more: str
    ) -> Created:
        """Create a call, at a second of its own unless a time is given."""
        at = initiated or f"2012-08-23T12:{next(self._seconds) % 3600 // 60:02}:{next(self._seconds) % 60:02}"
        told = {"source": "7222", "destination": destination, "initiated": at} | more
        call = phonecall(told, clock)
        return phonecalls.create(self.writer, call, INTEGRATION, new_contacts=new_contacts)

    def delete(self, since: datetime, until: datetime, integration: str = INTEGRATION) -> int:
        """Delete an integration's calls between two moments."""
        return phonecalls.delete(self.writer, integration, since, until).calls

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of an owner's statement."""
        return self.owner.execute(statement, list(values))

    def count(self, table: str) -> int:
        """Return the number of rows in a table."""
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])
