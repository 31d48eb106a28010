"""The types of a plan and of a record, as they are stored.

All are frozen dataclasses that `msgspec` encodes to JSON and checks on the way back. Units are in the names.
Histograms are HDR histograms (1 µs to 60 s, 3 significant digits) in the base64 V2 compressed encoding that
every HdrHistogram implementation reads; an empty string is an empty histogram.
"""

import math
import statistics
from dataclasses import dataclass
from typing import Literal

# History of the schema, newest first. `store.py` refuses newer ones; `upgrade.py` brings older ones up step by step.
#   2  open profiles, several load processes, targets that the bench did not start; seconds by endpoint; service and
#      connect times, send delays, loop lag, slices; each worker's CPU time, context switches, descriptors, extensions;
#      `host` apart from `server`; calibration
#   1  first version
SCHEMA_VERSION = 2

Interface = Literal["wsgi", "asgi"]
Variant = Literal["sync", "async"]
Arrivals = Literal["poisson", "uniform"]

SLICES_PER_S = 10


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a server may use. A server that has no use for a part of it says so (`Server.uses`)."""

    workers: int
    threads: int
    connections: int
    server_cpus: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How load is offered.

    Closed: each of `users` sends its next request when its last answer came. Open: requests arrive at `rate_rps`,
    whether or not answers come, and any of `users` connections that is free takes the next one.

    Attributes:
        users: users, or connections that share the arrivals.
        rate_rps, arrivals: of an open profile; null in a closed one.
        max_in_flight: when all connections are busy an arrival is dropped, and counted; null: it waits.
        keep_alive: false asks the server to close the connection after each answer.
        spawn_rate: users that are spawned in a second, at most.
        load_processes: on this machine, each with its share of users and arrivals.
        load_workers: load processes that join from other machines.
    """

    kind: Literal["closed", "open"] = "closed"
    users: int
    rate_rps: float | None = None
    arrivals: Arrivals | None = None
    max_in_flight: int | None = None
    warmup_s: float
    duration_s: float
    timeout_s: float
    connect_timeout_s: float
    keep_alive: bool = True
    spawn_rate: float = 500.0
    load_processes: int = 1
    load_workers: int = 0


@dataclass(frozen=True, kw_only=True)
class Case:
    """One server under one scenario, variant and profile.

    `interface` and `variant` are null for a target that the bench did not start. `point` tells cases apart that
    differ in their profile alone, as `500rps` or `64users`; empty where there is one profile.
    """

    server: str
    interface: Interface | None
    scenario: str
    variant: Variant | None
    profile: Profile
    point: str = ""

    @property
    def deployment(self) -> str:
        """What it is a case of, whatever its profile: as `uvicorn/sleep/async`."""
        return "/".join(part for part in (self.server, self.scenario, self.variant) if part)

    @property
    def name(self) -> str:
        return f"{self.deployment}/{self.point}" if self.point else self.deployment


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
class Target:
    """A server that is already running, and what its answers must be."""

    url: str
    paths: tuple[str, ...]
    expect_status: int
    expect_text: str | None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The cases of a run and the order in which their repeats are measured."""

    schema: int
    name: str
    app: App | None
    budget: Budget | None
    """App and budget are null where the bench starts no server, but loads a `target`."""
    target: Target | None = None
    load_cpus: tuple[int, ...]
    cases: tuple[Case, ...]
    repeats: int
    seed: int
    start_timeout_s: float
    sweep: Literal["rate", "users"] | None = None
    """What the cases of one deployment differ in, if they are a sweep."""
    objective: str | None = None
    """The service level objective, as `p99<100ms`, for which each case's highest rate is searched; there are no steps
    then, and the records are of rates that the search came by."""
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
    """What became of the requests whose intended start lies in one second of the window; the last may be shorter.

    Those that were in flight when the window began count in its first second.
    `good_ended` counts the good answers that *came* in this second, whenever they were sent. `dropped` are arrivals
    that found all connections busy; they are not among `sent`.
    """

    sent: int
    good: int
    failed: int
    unfinished: int
    dropped: int = 0
    good_ended: int
    latency: str
    """Histogram in µs of the good answers, from intended start to last byte."""
    service_time: str | None = None
    """Histogram in µs of the good answers, from actual start to last byte; null where it equals the latency."""
    unanswered: str
    """Histogram in µs of how long requests waited that never got an answer: time-outs and unfinished ones."""
    failure_time: str
    """Histogram in µs of the failures other than time-outs."""
    connect_time: str = ""
    """Histogram in µs of the time to make a connection, of those made in this second."""


@dataclass(frozen=True, kw_only=True)
class LoadProcess:
    """One of the processes that made the load."""

    cpu_s: float
    """CPU time in the window."""
    cpu_wait_s: float
    """How long it was ready to run in the window and had no CPU."""
    requests_issued: int
    answers_read: int
    users: int


@dataclass(frozen=True, kw_only=True)
class Load:
    """What the users saw in the measured window, which starts when the warm-up ends.

    Of several load processes it is the sum: counts and histograms added up, users side by side.
    """

    window_s: float
    endpoints: dict[str, tuple[Second, ...]]
    """By endpoint. Arrivals that were never sent, as no connection was free, are under `NEVER_SENT`."""
    rate_slices: tuple[float, ...]
    """Good answers in each whole tenth of a second of the window, each counted over the time that it took, so that
    users in step do not look like a server that stutters; empty where not known."""
    in_flight_slices: tuple[float, ...]
    """Requests in flight or waiting to be sent, averaged over each tenth of a second."""
    failures: dict[str, int]
    """Count by kind, as `timeout` or `status 500`; their sum is the sum of `failed`."""
    answered_per_user: tuple[int, ...]
    """Answers of any kind that came within the window, for each user."""
    longest_wait_us: tuple[int, ...]
    """For each user the longest time within the window in which no answer came to it."""
    latency_max_us: int
    """Largest latency, unrounded: of good answers, and of requests that got none, at their age; 0 without any."""
    in_flight_mean: float | None
    """Requests in flight or waiting to be sent, averaged over the window."""
    answered_latency_s: float | None
    """Sum of the latencies of all answers that came within the window."""
    send_delay: str
    """Histogram in µs, open profile: from intended to actual start, where a connection was free."""
    loop_lag: str
    """Histogram in µs of how late the load's event loop was to serve a timer."""
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
    processes: tuple[LoadProcess, ...]


NEVER_SENT = "(never sent)"


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
    descriptors_peak: int | None
    """Largest sum of the processes' open files seen."""
    switches_voluntary: int | None
    switches_involuntary: int | None
    """Context switches in the window, of all threads that were there at both its ends."""
    cpu_s_per_process: tuple[float, ...]
    """CPU time in the window of each process that was there at both its ends, the largest first."""
    extensions: tuple[str, ...] | None = None
    """Packages whose compiled parts its processes had mapped, as `httptools`, `uvloop`; null where nobody could
    look."""
    start_s: float
    """From starting it until it answered."""


@dataclass(frozen=True, kw_only=True)
class HostUse:
    """What else happened on the machine in the window."""

    foreign_cpu_s: float | None
    """CPU time that others took on the server's CPUs; null where those are not known."""
    stolen_s: float | None
    """Time that the hypervisor gave the server's CPUs to others."""
    load_stolen_s: float | None
    """The same of the load's CPUs."""
    throttled_s: float | None
    """How long the bench's control group was stopped for having used up its CPU quota; null where there is none."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What the load generator can do on this machine, with these CPUs, measured against the `null` server.

    Attributes:
        fingerprint: digest of everything that bears on it.
        measured_at: UTC, ISO 8601.
        closed_rps: throughput of a closed profile at which the generator gives out, each repeat's.
        open_ceiling_rps: the largest offered rate tried that was sent in time and answered; 0 if none was.
        open_refused_rps: the smallest that was not; null if none was.
        floor: histogram in µs of the latency of a single user.
        send_error: histogram in µs from intended to actual start, at `send_error_rps`.
        cpu_us_per_request: CPU time of the load processes per request, in the closed profile.
        disturbed: whether others took part of the CPUs meanwhile, or the repeats differ too much, so that the generator
            may well do more.
    """

    fingerprint: str
    measured_at: str
    closed_rps: tuple[float, ...]
    open_ceiling_rps: float
    open_refused_rps: float | None
    floor: str
    send_error: str
    send_error_rps: float
    cpu_us_per_request: float
    disturbed: bool

    @property
    def ceiling_rps(self) -> float:
        """The median of the repeats."""
        return statistics.median(self.closed_rps)

    @property
    def most_rps(self) -> float:
        """The highest rate that the generator is known to be able to offer; without end where that is not known."""
        return math.inf if self.disturbed else self.open_ceiling_rps


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
    budget: Budget | None
    load_cpus: tuple[int, ...]
    app: App | None
    started_at: str
    """UTC, ISO 8601."""
    command: tuple[str, ...] | None
    """The server's argv, as run in the app's directory; null for a target that the bench did not start."""
    port: int
    path: str
    """What was asked, with its query; of several, the first."""
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
    calibration: Calibration | None
    """Of the load generator, when it was measured."""
    load: Load | None
    server: ServerUse | None
    host: HostUse | None
    breakdown: Breakdown | None
    log_tail: tuple[str, ...]
    """The server's last log lines, or those of the load process if it was what broke."""
