"""`ringledger-asterisk COMMAND [--config FILE]`: runs one command of the agent program until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Callable, NamedTuple

from ringledger_asterisk import call_control, cel
from ringledger_asterisk.agent_settings import AgentSettings
from ringledger_asterisk.cel_settings import CelSettings
from ringledger_asterisk.settings_reader import SettingsFault
from ringledger_asterisk.spool import SpoolInUse

DEFAULT_CONFIG = Path("/etc/ringledger-asterisk.ini")


class Command(NamedTuple):
    """A command: the reader of its settings, its function, which runs until it is cancelled, and its help."""

    read: Callable[[Path], Any]
    run: Callable[[Any], Awaitable[None]]
    help: str


COMMANDS = {
    "control": Command(
        AgentSettings.read, call_control.run, "carry out the orders of Ringledger's call control over AMI"
    ),
    "cel": Command(CelSettings.read, cel.run, "send the channel events of the PBX and its recordings to Ringledger"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the arguments name. Return the exit status: 0 after a signal, 2 for a fault."""
    top = argparse.ArgumentParser(prog="ringledger-asterisk", description=__doc__)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, each in COMMANDS.items():
        command = commands.add_parser(name, help=each.help, description=each.help)
        command.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="the settings (%(default)s)")
        command.add_argument("--check", action="store_true", help="only check the settings")
    parsed = top.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    chosen = COMMANDS[parsed.command]
    try:
        settings = chosen.read(parsed.config)
        if not parsed.check:
            asyncio.run(_until_signal(chosen.run(settings)))
    except (SettingsFault, SpoolInUse) as fault:
        sys.stderr.write(f"{fault}\n")
        return 2
    return 0


async def _until_signal(command: Awaitable[None]) -> None:
    task = asyncio.ensure_future(command)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        logging.getLogger(__name__).info("stopped")


if __name__ == "__main__":
    sys.exit(main())
