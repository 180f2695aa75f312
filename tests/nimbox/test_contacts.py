"""The contact that a number belongs to, and the registration of contacts."""

from __future__ import annotations

from functools import partial

import pytest

from chalicelib.ledger import forgetting
from chalicelib.nimbox import contacts
from chalicelib.nimbox.contacts import ContactRefused, Description
from chalicelib.nimbox.parameters import BadParameters
from chalicelib.recordings import retention
from chalicelib.settings import Settings
from tests.nimbox.service import Office


@pytest.mark.parametrize(
    ("stored", "dialled"),
    [
        ("02122853348", "0212 285 3348"),
        ("02122853348", "2853348"),
        ("2853348", "02122853348"),
        ("582122853348", "02122853348"),
        ("02122853348", "+58 212 285 33 48"),
        ("02122853348", "0058 212 2853348"),
        ("79214567892", "8 921 456-78-92"),
        ("104", "104"),
    ],
)
def test_a_number_is_found(office: Office, stored: str, dialled: str) -> None:
    """Equal digits, a shorter, a national and an international spelling match the contact."""
    contact = office.contact(stored)
    assert office.create(dialled).contact == contact


@pytest.mark.parametrize(
    ("stored", "dialled"),
    [
        ("02122853348", "853348"),
        ("02122853348", "04122853348"),
        ("582122853348", "584122853348"),
        ("104", "02122853104"),
        ("02122853348", "022122853348999"),
        ("2853348", "2853349"),
    ],
)
def test_the_number_of_another_person_does_not_match(office: Office, stored: str, dialled: str) -> None:
    """Fewer than seven common digits, or another area code, do not match."""
    office.contact(stored)
    with pytest.raises(BadParameters):
        office.create(dialled)


def test_equality_goes_first(office: Office) -> None:
    """Equal digits win, however many contacts have a common ending."""
    office.contact("582122853348")
    contact = office.contact("2853348")
    assert office.create("2853348").contact == contact


def test_the_longest_ending_goes_before_a_shorter(office: Office) -> None:
    """A longer common ending wins."""
    office.contact("2853348")
    contact = office.contact("582122853348")
    assert office.create("02122853348").contact == contact


def test_an_ending_of_two_contacts_matches_neither(office: Office) -> None:
    """An ending of two contacts matches neither."""
    office.contact("02122853348")
    office.contact("02612853348")
    with pytest.raises(BadParameters):
        office.create("2853348")


def test_an_ending_of_two_numbers_of_one_contact_is_its_own(office: Office) -> None:
    """Two spellings of one number may belong to the same contact."""
    contact = office.contact("02122853348", "582122853348")
    assert office.create("2853348").contact == contact


def test_an_ending_is_found_by_its_index(office: Office) -> None:
    """The search uses an index, however many contacts there are."""
    office.rows("INSERT INTO ledger.contacts (id) SELECT generate_series(1, 5000)")
    office.rows(
        "INSERT INTO ledger.contact_numbers (digits, contact)"
        " SELECT '58212' || 1000000 + n, n FROM generate_series(1, 5000) AS n"
    )
    office.rows("ANALYZE ledger.contact_numbers")
    before = office.rows("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'contact_numbers'")
    assert office.rows("SELECT ledger.contact_of('02121004711')") == [(4711,)]
    plan = office.rows(
        "EXPLAIN SELECT contact FROM ledger.contact_numbers WHERE reversed ~>=~ reverse('1004711')"
        " AND reversed ~<~ (reverse('1004711') || ':')"
    )
    assert "contact_numbers_reversed" in str(plan)
    assert office.rows("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'contact_numbers'") == before


def test_registering_again_changes(office: Office) -> None:
    """A contact with one of the numbers takes the new name and keeps its other numbers."""
    told: list[int] = []
    first = [Description("Ana", {"02122853348": "Work"}), Description("Luis", {"04121111111": ""})]
    again = [Description("Ana María", {"02122853348": "Office", "04122222222": ""})]

    assert contacts.put(office.owner, first, told.append) == 2
    assert contacts.put(office.owner, again, told.append) == 0
    assert [(each.name, each.numbers) for each in contacts.listing(office.owner, "", 9)] == [
        ("Ana María", "Office:02122853348; 04122222222"),
        ("Luis", "04121111111"),
    ]
    assert told == [1, 2, 1]


@pytest.mark.parametrize(
    "described",
    [
        [Description("both", {"02122853348": "", "04121111111": ""})],
        [Description("one", {"02122853348": ""}), Description("two", {"04123333333": ""})],
    ],
)
def test_a_contact_is_not_split_nor_joined(office: Office, described: list[Description]) -> None:
    """Numbers of two contacts in one row, or of one contact in two rows, are refused."""
    office.contact("02122853348", "04123333333")
    office.contact("04121111111")
    with pytest.raises(ContactRefused):
        contacts.put(office.owner, [Description("new", {"1": ""}), *described], lambda _: None)
    assert office.count("ledger.contacts") == 2


def test_thousands_are_registered_together(office: Office) -> None:
    """One import runs in batches and reports its progress."""
    told: list[int] = []
    many = [Description(f"number {n}", {str(10_000_000 + n): ""}) for n in range(2_500)]
    assert contacts.put(office.owner, many, told.append) == 2_500
    assert told == list(range(1, 2_501))


def test_a_forgotten_number_matches_no_contact(office: Office) -> None:
    """A lawful request erases a number. A contact without any number loses its name."""
    office.contact("79214567892", name="Ольга")
    office.create("79214567892", url="http://x/79214567892")

    touched = forgetting.forget(
        office.owner, "+7 921 456-78-92", partial(retention.erase, office.owner, Settings()), lambda _: None
    )

    assert (touched["ledger.phonecalls"], touched["ledger.contact_numbers"], touched["calls.success"]) == (1, 1, 1)
    assert office.rows("SELECT name FROM ledger.contacts") == [("",)]
    held = office.rows("SELECT phonecalls.*::text || success.*::text FROM ledger.phonecalls, calls.success")
    assert "9214567892" not in str(held)
