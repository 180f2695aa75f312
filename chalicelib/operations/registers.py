"""The registers that an operator looks into: extensions, tokens, users, contacts, faxes, months, calls."""

from __future__ import annotations

from dataclasses import asdict

from chalicelib.archive import archive_state
from chalicelib.authentication import tokens
from chalicelib.errors import RingledgerError
from chalicelib.nimbox import contacts, phonecalls, rejections
from chalicelib.oktell import directory, fax_list
from chalicelib.operations.operator_requests import AddressFilter, FindFilter
from chalicelib.operations.register_answers import (
    AddressAnswer,
    ArchiveAnswer,
    ContactCallsAnswer,
    ContactsAnswer,
    ExtensionLine,
    ExtensionsAnswer,
    FaxesAnswer,
    FaxLine,
    PhonecallsAnswer,
    RetiredMonthLine,
    TokenLine,
    TokensAnswer,
    UsersAnswer,
)
from chalicelib.platform import postgres
from chalicelib.platform.postgres import Connection
from chalicelib.registry import extensions, subscriptions, webhook_keys
from chalicelib.registry.extensions import Extension
from chalicelib.settings import Settings


class UnknownExtension(RingledgerError):
    """No live extension has this name."""

    code = "unknown-extension"
    status = 404


class AmbiguousExtension(RingledgerError):
    """Several extensions have this name."""

    code = "ambiguous-extension"
    status = 409


def registered(current: Settings) -> ExtensionsAnswer:
    """Return every extension with the events that were ordered for it, without addresses."""
    events = subscriptions.ordered(postgres.connection(current.operator_database_url))
    listed = extensions.listing(current.operator_database_url)
    return ExtensionsAnswer(extensions=[_line(each, events.get(each.id, [])) for each in listed])


def address(current: Settings, name: str, wanted: AddressFilter) -> AddressAnswer:
    """Return the address of the live extension with this name.

    Raises UnknownExtension, AmbiguousExtension, and Misconfigured without PUBLIC_URL or WEBHOOK_SECRETS.
    """
    found = [each for each in extensions.listing(current.operator_database_url) if _is_wanted(each, name, wanted)]
    if not found:
        raise UnknownExtension(f"No live extension is named {name[:128]!r}")
    if len(found) > 1:
        accounts = ", ".join(f"provider={each.description.provider}&client={each.description.client}" for each in found)
        raise AmbiguousExtension(f"Several extensions are named {name!r}; add one of {accounts}")
    (extension,) = found
    url = webhook_keys.address(current, extension.description.provider, extension.id)
    return AddressAnswer(id=extension.id, name=name, url=url)


def issued(current: Settings) -> TokensAnswer:
    """Return every token without its value."""
    lines = [TokenLine(**each._asdict()) for each in tokens.listing(current.operator_database_url)]
    return TokensAnswer(tokens=lines)


def users(current: Settings) -> UsersAnswer:
    """Return the directory of users."""
    return UsersAnswer(users=[asdict(each) for each in directory.all_users(current.operator_database_url)])


def known_contacts(database: Connection, wanted: FindFilter) -> ContactsAnswer:
    """Return contacts, their numbers, and how many phone calls they have."""
    return ContactsAnswer(contacts=[asdict(each) for each in contacts.listing(database, wanted.find, wanted.limit)])


def phonecall_service(database: Connection, limit: int) -> PhonecallsAnswer:
    """Return who created phone calls, what was deleted, and which numbers were refused."""
    return PhonecallsAnswer(
        owners=[each._asdict() for each in phonecalls.owners(database)],
        deletions=[each._asdict() for each in phonecalls.deletions(database, limit)],
        rejected=[each._asdict() for each in rejections.listing(database, limit)],
    )


def calls_of(database: Connection, contact: int, limit: int) -> ContactCallsAnswer:
    """Return the newest phone calls of a contact; a contact that is not there has none."""
    return ContactCallsAnswer(calls=[asdict(each) for each in contacts.calls(database, contact, limit)])


def received_faxes(database: Connection, limit: int) -> FaxesAnswer:
    """Return the faxes that were added last."""
    return FaxesAnswer(faxes=[FaxLine(**each._asdict()) for each in fax_list.newest(database, None, limit)])


def archive(database: Connection, limit: int) -> ArchiveAnswer:
    """Return the months whose retention is over, the newest first."""
    return ArchiveAnswer(months=[RetiredMonthLine(**each._asdict()) for each in archive_state.months(database, limit)])


def _line(extension: Extension, events: list[str]) -> ExtensionLine:
    return ExtensionLine(
        id=extension.id,
        **asdict(extension.description),
        events=events,
        mistyped=extension.mistyped,
        created_at=extension.created_at,
        revoked_at=extension.revoked_at,
    )


def _is_wanted(extension: Extension, name: str, wanted: AddressFilter) -> bool:
    each = extension.description
    return (
        extension.revoked_at is None
        and each.name == name
        and wanted.provider in ("", each.provider)
        and wanted.client in ("", each.client)
    )
