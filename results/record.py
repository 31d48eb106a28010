"""The types of a record, as it is stored: one repeat of one case, all that was seen of it, and where.

All are frozen dataclasses that `msgspec` encodes to JSON and checks on the way back. Units are in the names.
Histograms are HDR histograms (1 µs to 60 s, 3 significant digits) in the base64 V2 compressed encoding that
every HdrHistogram implementation reads; an empty string is an empty histogram.
"""

import statistics
from dataclasses import dataclass
from typing import Literal

from results.plan import App, Budget, Case

SLICES_PER_S = 10


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
    first_byte: str = ""
    """Histogram in µs of the good answers whose first byte was timed, from intended start to first byte of the body."""


@dataclass(frozen=True, kw_only=True)
class LoadProcess:
    """One of the processes that made the load."""

    cpu_s: float
    """CPU time in the window; of an open profile without that in which it only watched for the next arrival."""
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
    requests_good: int | None
    """Those of them that were good; null where that was not counted."""
    requests_unsafe: int | None = None
    """The good ones by a method that is not safe (RFC 9110, section 9.2.1), as POST; null where not counted."""
    answers_read: int
    """Every whole answer read from start to end of the load, counted by the connections."""
    drained_s: float | None = None
    """From the window's end until the last answer to what was sent before came or was given up; null if not timed."""
    processes: tuple[LoadProcess, ...]

    @property
    def work_given(self) -> int | None:
        """How many of its good requests gave the app work to do: the unsafe ones; all where these were not counted."""
        return self.requests_good if self.requests_unsafe is None else self.requests_unsafe


NEVER_SENT = "(never sent)"
FAR_TIMES = 3.0
"""So many times what it got through in a closed profile no generator offers, however it was disturbed then."""


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
    """Context switches in the window; null where a thread came or went in it, as what that one did is not known."""
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
        """The highest rate that the generator is known to be able to offer; where that is not known, one far beyond."""
        return FAR_TIMES * max(self.closed_rps) if self.disturbed else self.open_ceiling_rps


@dataclass(frozen=True, kw_only=True)
class BackendUse:
    """What the app called, and how it was used."""

    name: str
    version: str
    started: bool
    """Whether the bench started it; otherwise the user said where it is, and what it used is not known."""
    settings: dict[str, str]
    """What was set that bears on its speed."""
    cpu_s: float | None
    """CPU time of its processes in the window."""
    connections_peak: int | None
    """The most connections of the app that were seen, looking once a second; null where nobody could look."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What the app itself says of the work that requests gave it, once the load was over.

    `done` and `pending` count it since the server started, null if the app did not say: `problem` says why then.
    `waited_s` is how long it was waited for what was pending.
    """

    done: int | None
    pending: int | None
    waited_s: float
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """Why a repeat has no measurement."""

    stage: Literal["start", "load", "run", "backend"]
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
    backend_cpus: tuple[int, ...]
    app: App | None
    started_at: str
    """UTC, ISO 8601."""
    set_aside: tuple[str, ...] = ()
    """When other tries of this repeat began, which were disturbed more than this one and do not count."""
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
    """What the bench itself set for the server, but for where its backends are."""
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
    backends: tuple[BackendUse, ...]
    work: Work | None
    """What the app itself says was done; null where it does not count."""
    breakdown: Breakdown | None
    log_tail: tuple[str, ...]
    """The server's last log lines, or those of the load process if it was what broke."""
