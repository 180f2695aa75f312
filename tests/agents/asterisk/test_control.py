"""The command `control` between a running bundle and a small PBX: clients get the result of their orders."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ringledger_asterisk.__main__ import main
from ringledger_asterisk.agent_settings import AgentSettings
from ringledger_asterisk.settings_reader import SettingsFault

from infra.local import environment
from tests.agents.asterisk.ami_server import SECRET, USERNAME, AmiServer
from tests.oktell.conftest import Client

PACKAGE = Path(__file__).parents[3] / "infra/agents/asterisk"
CONFIG = """
[ringledger]
url = {url}
token = {token}
[ami]
port = {port}
username = {username}
secret = {secret}
[queue]
url = {queue}
region = us-east-1
access_key_id = local
secret_access_key = local
endpoint = {endpoint}
"""


def _config(stack: dict[str, Any], port: int) -> str:
    return CONFIG.format(
        url=stack["url"],
        token=stack["tokens"]["control"],
        port=port,
        username=USERNAME,
        secret=SECRET,
        queue=stack["queues"]["call-control"],
        endpoint=stack["aws_endpoint_url"],
    )


@pytest.fixture
def client(stack: dict[str, Any]) -> Client:
    """Return a client of the running bundle, whose queue of orders is empty."""
    environment.prepare_clients()
    client = Client(stack)
    client.orders()
    return client


@pytest.fixture
def pbx(client: Client, tmp_path: Path) -> Iterator[AmiServer]:
    """Run a small PBX, and the program beside it."""
    server, config = AmiServer(), tmp_path / "agent.ini"
    config.write_text(_config(client.facts, server.port))
    command = [sys.executable, "-m", "ringledger_asterisk", "control", "--config", str(config)]
    with subprocess.Popen(command, cwd=PACKAGE, stderr=subprocess.PIPE) as program:
        until = time.monotonic() + 20
        while not server.logins and time.monotonic() < until:
            time.sleep(0.05)
        yield server
        program.terminate()
        assert program.wait(30) == 0
    server.stop()


@pytest.mark.verify
def test_an_order_of_a_client_rings_the_phone(client: Client, pbx: AmiServer) -> None:
    """The command is answered when the PBX has accepted the call, and the id of the call is stored."""
    answer = client.get("wp_autocallstart", user="ivan", number="89991112233", sequence="back")
    (action,) = pbx.named("Originate")

    assert (answer.status_code, action["Channel"], action["Exten"]) == (200, "PJSIP/13596*538", "89991112233")
    calls = client.rows("SELECT id::text FROM ledger.started_calls WHERE call_id = %s", action["ChannelId"])
    assert [f"__CallBackID={order}" for (order,) in calls] == [action["Variable"]]


@pytest.mark.verify
def test_a_refusal_of_the_pbx_is_the_answer(client: Client, pbx: AmiServer) -> None:
    """The client reads the words of the PBX. Without a connection to the PBX no order is taken."""
    pbx.refusals = {"Originate": "Extension does not exist."}
    answer = client.get("wp_autocallstart", user="ivan", number="538")
    assert (answer.status_code, "Extension does not exist." in answer.text) == (502, True)


def test_the_settings_are_checked(client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` says what is missing, and secrets are not shown."""
    config = tmp_path / "agent.ini"
    config.write_text(_config(client.facts, 5038))
    assert main(["control", "--config", str(config), "--check"]) == 0
    shown = repr(AgentSettings.read(config))
    assert [secret in shown for secret in (SECRET, client.facts["tokens"]["control"])] == [False, False]
    config.write_text("[ringledger]\nurl = https://calls.example\n")
    assert main(["control", "--config", str(config)]) == 2
    assert "[ringledger] token is not set" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("url = http://127.0.0.1", "url = http://calls.example"), "https://"),
        (("[ami]", "[ami]\nhost = a\x07b"), "printable"),
        (("port = 5038", "port = 0"), "whole number"),
        (("[ami]", "[dial]\nline = PJSIP/{name}\n[ami]"), "{extension}"),
        (("[ami]", "ami"), "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named(client: Client, tmp_path: Path, change: tuple[str, str], words: str) -> None:
    """The message names the section and the key, and what would be right."""
    config = tmp_path / "agent.ini"
    config.write_text(_config(client.facts, 5038).replace(*change, 1))
    with pytest.raises(SettingsFault, match=words.replace("{", r"\{")):
        AgentSettings.read(config)


@pytest.mark.parametrize("path", sorted((PACKAGE / "ringledger_asterisk").glob("*.py")), ids=lambda path: path.name)
def test_the_program_runs_on_python_3_9(path: Path) -> None:
    """Its syntax is that of Python 3.9, and it imports the standard library alone."""
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 9))
    names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert {name.partition(".")[0] for name in names} <= {*sys.stdlib_module_names, "ringledger_asterisk"}
