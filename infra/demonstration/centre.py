"""The call centre that the demonstration shows: its people, outer lines and queues, and its clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from infra.demonstration.row_sender import RowTaker

DAY = 86_400
DOMAIN = "centre.example"
RECORDS_KEPT_DAYS = 365

FIRST_NAMES = ("Анна", "Иван", "Мария", "Олег", "Ольга", "Павел", "Vera", "Max", "Nina", "Leon")
LAST_NAMES = ("Ковалёва", "Новик", "Савич", "Жук", "Лис", "Мороз", "Weber", "Novak", "Stone", "Reed")


@dataclass(frozen=True)
class Speaker:
    """One side of a call; `provider` is set where the side is an outer line."""

    number: str
    username: str
    domain: str
    display: str
    address: str
    representative: str | None = None
    provider: str | None = None

    @property
    def outer(self) -> bool:
        """Return True when this side is reached over an outer line."""
        return self.provider is not None


@dataclass(frozen=True)
class Trunk:
    """An outer SIP line: the provider's code, its side's domain and address, our number there."""

    code: str
    domain: str
    address: str
    number: str

    def party(self, number: str) -> Speaker:
        """Return an outside person who calls, or is called, over this line."""
        return Speaker(number, number, self.domain, number, self.address, provider=self.code)


LINES = (
    Trunk("north", "sip.north.example", "198.51.100.10", "375173001010"),
    Trunk("south", "sip.south.example", "198.51.100.20", "375173002020"),
    Trunk("mobile", "sip.mobile.example", "203.0.113.30", "375293003030"),
)

QUEUES = ("sales", "support", "billing")


@dataclass
class Agent:
    """A subscriber who takes and makes calls; `free_at` is the first second at which nothing occupies them."""

    login: str
    id: str
    name: str
    devices: tuple[str, ...]
    free_at: int = 0
    breaks: list[int] = field(default_factory=list)
    state: str = ""
    since: int = 0

    def party(self) -> Speaker:
        """Return this agent as a side of a call."""
        return Speaker(self.login, self.login, DOMAIN, self.name, self.devices[0], representative=LINES[0].number)


class CentreClock:
    """The clock of the period: it writes seconds since the start as timestamps."""

    def __init__(self, start: date, days: int) -> None:
        self.start = start
        self.end = days * DAY
        # One year more, for the expiry of recordings.
        self._dates = [(start + timedelta(day)).isoformat() for day in range(days + RECORDS_KEPT_DAYS + 2)]
        self._times = [f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}" for second in range(DAY)]

    def __call__(self, second: int) -> str:
        """Return the timestamp at `second`."""
        day, rest = divmod(second, DAY)
        return f"{self._dates[day]} {self._times[rest]}"


class Centre:
    """The state of the call centre: random numbers, clock, people, and the sender of rows."""

    def __init__(self, rng: Random, clock: CentreClock, rows: RowTaker, agents: int, first_event: int = 0) -> None:
        self.rng = rng
        self.clock = clock
        self.rows = rows
        self.agents = [self._agent(200 + index) for index in range(1, agents + 1)]
        self.customers = [f"37529{rng.randrange(10**6, 10**7)}" for _ in range(max(2_000, (agents - 90) * 200))]
        self._last_event = first_event

    def uuid(self) -> str:
        """Return a new identifier in PostgreSQL's spelling, since some columns hold it as text."""
        digits = f"{self.rng.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def call_id(self, address: str) -> str:
        """Return a new SIP Call-ID of `address`."""
        return f"{self.rng.getrandbits(64):016x}@{address}"

    def next_event(self) -> int:
        """Return the next number of an event row."""
        self._last_event += 1
        return self._last_event

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to `limit` - 1; randrange takes four times as long."""
        return int(self.rng.random() * limit)

    def chance(self, share: float) -> bool:
        """Return True in `share` of the cases."""
        return self.rng.random() < share

    def customer(self) -> str:
        """Return the number of an outside person."""
        return self.customers[self.below(len(self.customers))]

    def _agent(self, number: int) -> Agent:
        name = f"{FIRST_NAMES[self.below(len(FIRST_NAMES))]} {LAST_NAMES[self.below(len(LAST_NAMES))]}"
        devices = tuple(f"10.0.{device}.{number % 250 + 1}" for device in range(2 if self.chance(0.4) else 1))
        return Agent(str(number), self.uuid(), name, devices)
