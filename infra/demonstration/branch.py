"""The branch office: a PBX of its own, which exports each day's rows for the documented tables in the night."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random

from chalicelib.catalog import TABLES
from chalicelib.oktell import directory
from chalicelib.oktell.directory import User
from infra.demonstration import scenes, surroundings
from infra.demonstration.centre import DAY, Agent, Centre, CentreClock
from infra.demonstration.days import play, quotas
from infra.demonstration.row_sender import Value
from infra.demonstration.scenes import Day
from infra.demonstration.webhooks.posts import Post

PROVIDER, SENDER = "native", "old-pbx"
#: A day more than the month, so that its first export comes before everything else.
DAYS = 31
AGENTS = 8
#: The export begins five minutes after midnight; each table follows the one before by a second.
EXPORT = 300
ROWS_A_POST = 1_000
#: Seconds between the end of a live call and the next one.
LIVE_SECONDS = 40
_DOCUMENTS = frozenset(
    (schema, table, column)
    for schema, tables in TABLES.items()
    for table, columns in tables.items()
    for column, kind in columns
    if kind == "jsonb"
)


class ExportedRows:
    """The rows that the PBX has collected since its last export."""

    def __init__(self) -> None:
        """Begin without rows."""
        self._rows: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)

    def add(self, schema: str, table: str, **values: Value) -> None:
        """Append one row to its table; a column without a value is null."""
        self._rows[schema, table].append(
            {name: _content((schema, table, name), value) for name, value in values.items() if value is not None}
        )

    def export(self, at: float, size: int = ROWS_A_POST) -> Iterator[Post]:
        """Return the webhooks of an export that begins at `at`, of `size` rows at most, and forget the rows."""
        exported, self._rows = self._rows, defaultdict(list)
        contents = (
            {"table": f"{schema}.{table}", "rows": rows[begin : begin + size]}
            for (schema, table), rows in exported.items()
            for begin in range(0, len(rows), size)
        )
        for place, content in enumerate(contents):
            yield Post(at + place, PROVIDER, SENDER, "", "rows", json.dumps(content).encode())


def posts(seed: int, calls: int, end: date) -> Iterator[Post]:
    """Return the exports of the month before `end`, with this number of calls."""
    rows = ExportedRows()
    centre = _centre(seed, end, rows)
    start = datetime.combine(end - timedelta(DAYS), datetime.min.time(), UTC).timestamp()
    surroundings.reference(centre)
    for number, quota in enumerate(quotas(centre.clock, DAYS, calls, level=False)):
        play(centre, number * DAY, quota)
        # The first rows of a table are then those of the protocol's example, in its order.
        yield from rows.export(start + (number + 1) * DAY + EXPORT, ROWS_A_POST if number else 1)


def live(seed: int, now: float) -> Iterator[Post]:
    """Return exports from now on without an end: each call's rows as soon as it is over."""
    rows, today = ExportedRows(), datetime.fromtimestamp(now, UTC).date()
    midnight = datetime.combine(today, datetime.min.time(), UTC).timestamp()
    centre = _centre(seed, today + timedelta(DAYS), rows, first_event=int(now))
    # The people are those of the month; the calls are others.
    centre.rng.seed(now)
    day, at = Day(centre, centre.agents), now
    while True:
        at += centre.rng.expovariate(1 / LIVE_SECONDS)
        begun = int(at - midnight)
        for agent in centre.agents:
            agent.free_at = min(agent.free_at, begun - 1)
        scenes.play(day, begun)
        at = midnight + max(agent.free_at for agent in centre.agents) + 2
        yield from rows.export(at)


def closing(logins: Mapping[str, str], at: float) -> Iterator[Post]:
    """Return that people leave at `at`: their logins, and the ids under which they are agents."""
    rows, moment = ExportedRows(), f"{datetime.fromtimestamp(at, UTC).replace(tzinfo=None)}"
    for login, agent in logins.items():
        rows.add("sipuserevents", "sipuser_state_changed", login=login, state="out_of_service", eventts=moment)
        rows.add("userevents", "usr_state_changed", user_id=agent, state="offline", changed_by=agent, eventts=moment)
    yield from rows.export(at)


def users(seed: int, end: date) -> list[User]:
    """Return the people of the office for the directory, under the ids that its rows have."""
    return [_user(agent) for agent in _centre(seed, end, ExportedRows()).agents]


def _centre(seed: int, end: date, rows: ExportedRows, first_event: int = 0) -> Centre:
    clock = CentreClock(end - timedelta(DAYS), DAYS)
    return Centre(Random(seed), clock, rows, AGENTS, first_event)  # noqa: S311 - rows, not secrets


def _user(agent: Agent) -> User:
    return directory.user(
        {"id": agent.id, "login": agent.login, "name": agent.name, "department": "Филиал", "number": agent.login}
    )


def _content(place: tuple[str, str, str], value: Value) -> object:
    return json.loads(value) if place in _DOCUMENTS and isinstance(value, str) else value
