"""The commands for extensions: who may post webhooks, and which events their PBX posts."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime

from chalicelib import providers
from chalicelib.admin import questions
from chalicelib.admin.extension_table import COLUMNS, read
from chalicelib.admin.words import Subparsers, add, add_group, database_url, note, progress, say, table
from chalicelib.errors import Misconfigured, RingledgerError
from chalicelib.platform import configuration
from chalicelib.platform.postgres import connection
from chalicelib.providers.telphin_client import ProviderRefused, Telphin
from chalicelib.registry import extensions, subscriptions, webhook_keys
from chalicelib.registry.extensions import Extension, ExtensionDescription, ExtensionRefused
from chalicelib.registry.subscriptions import Changes, LimitReached

HEAD = ("ID", "PROVIDER", "CLIENT", "NAME", "TYPE", "OWNER", "SETTINGS", "CREATED", "REVOKED")

#: So many names stand in a question.
NAMED = 10


class SubscriptionsIncomplete(RingledgerError):
    """Some extensions could not be subscribed or unsubscribed."""

    code = "subscriptions-incomplete"
    status = 409


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the command `extension` and its subcommands."""
    under = add_group(
        commands, "extension", "extensions that post webhooks", "Administer the extensions that post webhooks."
    )
    _add_add(under)
    imported = add(under, "import", _import, "register all extensions of a CSV on standard input, or none")
    imported.epilog = (
        f"The first line names the columns, of {', '.join(COLUMNS.all)}. Registered extensions are changed."
    )
    questions.add_options(imported)
    listed = add(under, "list", _list, "list the extensions")
    listed.add_argument("--json", action="store_true", help="print JSON, with times in ISO 8601")
    listed.add_argument(
        "--urls", action="store_true", help="print the address to give to the PBX, under the newest secret"
    )
    revoke = add(under, "revoke", _revoke, "revoke addresses for good, within a minute")
    revoke.add_argument("id", type=int, nargs="+", metavar="ID", help="as `extension list` shows it")
    questions.add_options(revoke)
    shown = add(under, "address", _show_address, "print the address of one extension, under the newest secret")
    shown.add_argument("id", type=int, metavar="ID", help="as `extension list` shows it")
    for name, function, help_text in (
        ("subscribe", _subscribe, "order the recommended events from the PBX, through its REST API"),
        ("unsubscribe", _unsubscribe, "cancel own events at the PBX, and leave those of others"),
    ):
        command = add(under, name, function, help_text)
        which = command.add_mutually_exclusive_group(required=True)
        which.add_argument("id", type=int, nargs="*", default=[], metavar="ID", help="as `extension list` shows it")
        which.add_argument("--all", action="store_true", help="every live extension with a --remote-id")


def _add_add(under: Subparsers[argparse.ArgumentParser]) -> None:
    command = add(under, "add", _add, "register an extension and print the address to give to its PBX")
    command.add_argument("provider", metavar="PROVIDER", help=f"one of {', '.join(providers.NAMES)}")
    command.add_argument("client", metavar="CLIENT", help="the account at the provider, such as the prefix 13596")
    command.add_argument("name", metavar="NAME", help="as the PBX writes it without its domain, such as 13596*106")
    command.add_argument("--type", default="phone", help=f"one of {', '.join(extensions.TYPES)}; phone by default")
    command.add_argument("--owner", default="", help="the person or team behind it")
    command.add_argument("--external-only", action="store_true", help="leave out calls between two extensions")
    command.add_argument("--remote-id", default="", metavar="ID", help="the provider's own id of the extension")
    command.add_argument("--agent-id", default="", metavar="ID", help="the provider's own id of the queue agent on it")
    command.add_argument(
        "--trunks", default="", metavar="NAMES", help="a whole PBX's lines to the outside, separated by blanks"
    )


def _add(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    _check_settings()
    description = ExtensionDescription(**{column: getattr(arguments, column) for column in COLUMNS.all})
    extension = extensions.add(database_url(), description)
    # Standard output has the address alone, so that a script can read it.
    say(_address(extension), id=extension.id, url=_address(extension))
    note(f"Registered as {extension.id}. Whoever knows this address can post in its name: give it to the PBX alone.")


def _import(arguments: argparse.Namespace, read_input: Callable[[], str]) -> None:
    _check_settings()
    descriptions = read(read_input())
    replaced = _replaced(descriptions)
    question = f"Change {len(replaced)} registered extensions: {', '.join(replaced[:NAMED])}?"
    effects: dict[str, object] = {"extensions": len(descriptions), "changed": replaced}
    if (replaced or arguments.dry_run) and not questions.agreed(arguments, question, effects):
        return
    for extension in extensions.put(database_url(), descriptions, progress("registered", len(descriptions))):
        url, name = _address(extension), extension.description.name
        say(f"{extension.id}\t{name}\t{url}", extensions=[{"id": extension.id, "name": name, "url": url}])


def _replaced(descriptions: Sequence[ExtensionDescription]) -> list[str]:
    """Return the names of live extensions that are registered in another form."""
    live = [each.description for each in extensions.listing(database_url()) if not each.revoked_at]
    stored = {(each.provider, each.client, each.name): each for each in live}
    return [each.name for each in descriptions if stored.get((each.provider, each.client, each.name), each) != each]


def _show_address(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    (extension,) = extensions.find(database_url(), [arguments.id])
    if extension.revoked_at:
        raise ExtensionRefused(f"Extension {extension.id} is revoked: its address is refused")
    say(_address(extension), id=extension.id, name=extension.description.name, url=_address(extension))


def _list(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    listing = extensions.listing(database_url())
    if arguments.json:
        objects = [_object(each) | ({"url": _address(each)} if arguments.urls else {}) for each in listing]
        say(json.dumps(objects, default=datetime.isoformat, ensure_ascii=False))
    elif arguments.urls:
        table((*HEAD, "URL"), [(*_row(each), _address(each)) for each in listing])
    else:
        table(HEAD, [_row(each) for each in listing])


def _revoke(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    bucket = configuration.current().bucket
    if not bucket:
        raise Misconfigured("BUCKET is not set: it holds the list of revoked extensions")
    names = [each.description.name for each in extensions.find(database_url(), arguments.id)]
    question = f"Refuse for good what {', '.join(names)} post?"
    if not questions.agreed(arguments, question, {"revoked": names}):
        return
    extensions.revoke(database_url(), arguments.id, bucket)
    say(
        f"Revoked {', '.join(map(str, arguments.id))}; what they post is refused within a minute.", revoked=arguments.id
    )
    subscribed = [each for each in extensions.find(database_url(), arguments.id) if each.description.remote_id]
    if subscribed:
        ids = " ".join(str(each.id) for each in subscribed)
        note(f"Their PBX still has the events that were ordered: `extension unsubscribe {ids}` cancels them")


def _subscribe(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    api, owner = Telphin(configuration.current()), connection(database_url())
    _with_each(_chosen(arguments), lambda each: subscriptions.subscribe(owner, api, each, _address(each)))


def _unsubscribe(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    api, owner = Telphin(configuration.current()), connection(database_url())
    _with_each(_chosen(arguments), lambda each: subscriptions.unsubscribe(owner, api, each))


def _with_each(chosen: Sequence[Extension], act: Callable[[Extension], Changes]) -> None:
    """Continue after a refused extension; stop when the provider is unavailable."""
    failed = 0
    for extension in chosen:
        try:
            _report(extension, act(extension))
        except (ExtensionRefused, LimitReached, ProviderRefused) as fault:
            failed += 1
            note(f"{extension.id} {extension.description.name}: {fault.message}")
    if failed:
        raise SubscriptionsIncomplete(f"{failed} of {len(chosen)} extensions failed, for the reasons above")


def _chosen(arguments: argparse.Namespace) -> list[Extension]:
    if not arguments.all:
        return extensions.find(database_url(), arguments.id)
    return [each for each in extensions.listing(database_url()) if each.description.remote_id and not each.revoked_at]


def _report(extension: Extension, changes: Changes) -> None:
    parts = [
        f"{word} {', '.join(items)}"
        for word, items in (("ordered", changes.ordered), ("kept", changes.kept), ("cancelled", changes.cancelled))
        if items
    ]
    say(
        f"{extension.id} {extension.description.name}: {'; '.join(parts) or 'nothing to do'}",
        extensions=[{"id": extension.id, **asdict(changes)}],
    )


def _check_settings() -> None:
    """Raise Misconfigured now if no address can be made, so that no extension is registered without one."""
    webhook_keys.address(configuration.current(), providers.NAMES[0], 0)


def _address(extension: Extension) -> str:
    return webhook_keys.address(configuration.current(), extension.description.provider, extension.id)


def _row(extension: Extension) -> tuple[object, ...]:
    each = extension.description
    facts = [
        *(["external only"] if each.external_only else []),
        *(["sends Bridged: an IVR or a queue"] if extension.mistyped else []),
        *(f"{word} {value}" for word, value in _named(each) if value),
    ]
    times = (extension.created_at, extension.revoked_at)
    return (extension.id, each.provider, each.client, each.name, each.type, each.owner, ", ".join(facts), *times)


def _named(each: ExtensionDescription) -> tuple[tuple[str, str], ...]:
    return ("remote", each.remote_id), ("agent", each.agent_id), ("trunks", each.trunks)


def _object(extension: Extension) -> dict[str, object]:
    times = {"created_at": extension.created_at, "revoked_at": extension.revoked_at}
    return {"id": extension.id, **asdict(extension.description), **times, "mistyped": extension.mistyped}
