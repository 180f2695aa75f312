"""`ringledger-asterisk COMMAND [--config FILE]`: runs one command of the agent program until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Callable

from ringledger_asterisk import call_control
from ringledger_asterisk.agent_settings import AgentSettings, SettingsFault

DEFAULT_CONFIG = Path("/etc/ringledger-asterisk.ini")
#: The name of a command -> its function, which runs until it is cancelled, and its help.
COMMANDS: dict[str, tuple[Callable[[AgentSettings], Awaitable[None]], str]] = {
    "control": (call_control.run, "carry out the orders of Ringledger's call control over AMI"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the arguments name. Return the exit status: 0 after a signal, 2 for a wrong setting."""
    top = argparse.ArgumentParser(prog="ringledger-asterisk", description=__doc__)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (_, help_text) in COMMANDS.items():
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="the settings (%(default)s)")
        command.add_argument("--check", action="store_true", help="only check the settings")
    parsed = top.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        settings = AgentSettings.read(parsed.config)
    except SettingsFault as fault:
        sys.stderr.write(f"{fault}\n")
        return 2
    if not parsed.check:
        asyncio.run(_until_signal(COMMANDS[parsed.command][0](settings)))
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
