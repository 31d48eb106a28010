"""The types of a plan and of a record, as they are stored.

All are frozen dataclasses that `msgspec` encodes to JSON and checks on the way back. Units are in the names.
Histograms are HDR histograms (1 µs to 60 s, 3 significant digits) in the base64 V2 compressed encoding that
every HdrHistogram implementation reads; an empty string is an empty histogram.
"""

from dataclasses import dataclass
from typing import Literal

# History of the schema, newest first. `store.py` refuses newer ones and upgrades older ones step by step.
#   1  first version
SCHEMA_VERSION = 1

Interface = Literal["wsgi", "asgi"]
Variant = Literal["sync", "async"]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a server may use. A server that has no use for a part of it says so (`Server.uses`)."""

    workers: int
    threads: int
    connections: int
    server_cpus: tuple[int, ...]
    load_cpus: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How load is offered. Closed: each of `users` sends its next request when its last answer came."""

    kind: Literal["closed"] = "closed"
    users: int
    warmup_s: float
    duration_s: float
    timeout_s: float


@dataclass(frozen=True, kw_only=True)
class Case:
    """One server under one scenario, variant and profile."""

    server: str
    interface: Interface
    scenario: str
    variant: Variant
    profile: Profile

    @property
    def name(self) -> str:
        return f"{self.server}/{self.scenario}/{self.variant}"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One repeat of one case, at its place in the order of a plan."""

    case: int
    repeat: int


@dataclass(frozen=True, kw_only=True)
class App:
    """The Django project under test.

    `directory` is null for the bench's own `bench_app`, which is wherever the bench is; `environment` is what is
    set for its processes beside a short list of harmless variables (`runners/app.py`).
    """

    name: str
    python: str | None
    directory: str | None
    wsgi: str
    asgi: str
    environment: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The cases of a run and the order in which their repeats are measured."""

    schema: int
    name: str
    app: App
    budget: Budget
    cases: tuple[Case, ...]
    repeats: int
    seed: int
    start_timeout_s: float
    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where it ran: the machine as far as it bears on speed, and nothing that names its owner."""

    cpu_model: str
    cpus_online: int
    cpus_usable: tuple[int, ...]
    memory_bytes: int
    kernel: str
    virtualization: str
    governor: str
    cores: tuple[tuple[int, ...], ...]
    """The usable CPUs, grouped by the physical core whose threads they are."""

    @property
    def summary(self) -> str:
        """One line for captions."""
        gib = self.memory_bytes / 2**30
        return f"{self.cpu_model}, {self.cpus_online} CPUs, {gib:.0f} GiB, {self.kernel}"


@dataclass(frozen=True, kw_only=True)
class Second:
    """What became of the requests sent in one second of the window; the last one may be shorter.

    Those that were in flight when the window began count in its first second.
    `good_ended` counts the good answers that *came* in this second, whenever they were sent.
    """

    sent: int
    good: int
    failed: int
    unfinished: int
    good_ended: int
    latency: str
    """Histogram in µs of the good answers."""
    unanswered: str
    """Histogram in µs of how long requests waited that never got an answer: time-outs and unfinished ones."""
    failure_time: str
    """Histogram in µs of the failures other than time-outs."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What the users saw in the measured window, which starts when the warm-up ends."""

    window_s: float
    seconds: tuple[Second, ...]
    failures: dict[str, int]
    """Count by kind, as `timeout` or `status 500`; their sum is the sum of `failed`."""
    answered_per_user: tuple[int, ...]
    """Answers of any kind that came within the window, for each user."""
    longest_wait_us: tuple[int, ...]
    """For each user the longest time within the window in which no answer came to it."""
    latency_max_us: int
    """Largest latency, unrounded: of good answers, and of requests that got none, at their age; 0 without any."""
    failure_examples: dict[str, str]
    """The first of each kind: what was asked and what came."""
    connections_opened: int
    requests_issued: int
    """Every request that a user began from start to end of the load, counted by the recorder."""
    requests_settled: int
    """Every request whose end was recorded, from start to end of the load."""
    requests_answered: int
    """Those of them that were recorded as answered, rightly or wrongly."""
    answers_read: int
    """Every whole answer read from start to end of the load, counted by the connections."""
    cpu_s: float
    """CPU time of the load process in the window."""
    cpu_wait_s: float
    """How long the load process was ready to run in the window and had no CPU."""


@dataclass(frozen=True, kw_only=True)
class ServerUse:
    """What the server's processes used, all of them, children that ended included."""

    cpu_s: float | None
    """CPU time in the window; null if it could not be read at both ends of it."""
    memory_peak_bytes: int | None
    """Largest sum of the processes' PSS seen; null if it could not be read."""
    processes: int
    processes_lost: int
    """How many of the processes at the window's beginning were gone at its end."""
    threads_peak: int
    start_s: float
    """From starting it until it answered."""
    foreign_cpu_s: float
    """CPU time that others took on the server's CPUs in the window."""
    stolen_s: float
    """Time in the window that the hypervisor gave the server's CPUs to others."""


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """Why a repeat has no measurement."""

    stage: Literal["start", "load", "run"]
    message: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """One repeat of one case."""

    schema: int
    case: Case
    repeat: int
    budget: Budget
    app: App
    started_at: str
    """UTC, ISO 8601."""
    command: tuple[str, ...]
    """The server's argv, as run in the app's directory."""
    port: int
    path: str
    """What was asked, with its query."""
    protocols: tuple[str, ...]
    """What the server is said to speak beside plain HTTP/1.1."""
    sources: dict[str, str]
    """Digests of the bench's and of the app's source files."""
    environment: dict[str, str]
    """What the bench itself set for the server."""
    versions: dict[str, str]
    """Of all that ran in the server's processes."""
    load_versions: dict[str, str]
    """Of what made the load."""
    machine: Machine
    load: Load | None
    server: ServerUse | None
    breakdown: Breakdown | None
    log_tail: tuple[str, ...]
    """The server's last log lines, or those of the load process if it was what broke."""
