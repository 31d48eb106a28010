"""The types of a plan, as they are stored: what is to be measured, of what, with how much, under which load.

All are frozen dataclasses that `msgspec` encodes to JSON and checks on the way back. Units are in the names.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Literal

# History of the schema, newest first. `store.py` refuses newer ones; `upgrade.py` brings older ones up step by step.
#   5  context switches are null where threads came or went
#   4  repeats that others disturbed are measured again
#   3  variants by any name, parameters, `work` and its check; backends, their CPUs and use; what was left out; first
#      bytes, good requests by unsafe methods
#   2  open profiles, several load processes, targets that the bench did not start; seconds by endpoint; service and
#      connect times, send delays, loop lag, slices; each worker's CPU time, context switches, descriptors, extensions;
#      `host` apart from `server`; calibration
#   1  first version
SCHEMA_VERSION = 5

Interface = Literal["wsgi", "asgi"]
ViewKind = Literal["sync", "async"]
Variant = str
"""Name of one of a scenario's views: its kind, or its kind and what sets it apart, as `sync-threads`."""
Parameters = dict[str, int | str]
Protocol = Literal["keep-alive", "http/2", "websocket"]
"""What a server may speak besides plain HTTP/1.1."""
Database = Literal["sqlite", "postgresql"]
HttpVersion = Literal["http/1.1", "h2", "h2c"]
"""As ALPN names them: HTTP/2 is `h2` over TLS and `h2c` in clear text."""
Arrivals = Literal["poisson", "uniform"]


DIRECTORIES = re.compile(r"(?<=\s)/(?:[^\s/]+/)+")
"""Before the name of a file."""


def view_kind(variant: Variant) -> ViewKind:
    """The kind of view that a variant's name says."""
    return "async" if variant.partition("-")[0] == "async" else "sync"


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
        http: what users speak.
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
    http: HttpVersion = "http/1.1"
    keep_alive: bool = True
    spawn_rate: float = 500.0
    load_processes: int = 1
    load_workers: int = 0


@dataclass(frozen=True, kw_only=True)
class Case:
    """One server under one scenario, variant and profile.

    `interface` and `variant` are null for a target that the bench did not start. `parameters` are the scenario's, all
    of them, and `settings` those that are not at their defaults, as `depth=8,stack=sync`. `point` tells cases apart
    that differ in their profile alone, as `500rps` or `64users`; empty where there is one profile.
    """

    server: str
    interface: Interface | None
    scenario: str
    variant: Variant | None
    parameters: Parameters = field(default_factory=dict, hash=False)
    settings: str = ""
    profile: Profile
    point: str = ""

    @property
    def connections(self) -> int:
        """How many its users hold: one each, or as many as the parameter `sockets` says."""
        return self.profile.users * int(self.parameters.get("sockets", 1))

    @property
    def kind(self) -> ViewKind | None:
        """What kind of view is asked; null for a target."""
        return None if self.variant is None else view_kind(self.variant)

    @property
    def deployment(self) -> str:
        """What it is a case of, whatever its profile: as `uvicorn/sleep/async`."""
        return "/".join(part for part in (self.server, self.scenario, self.variant, self.settings) if part)

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
class Asked:
    """What is asked where no scenario says it.

    Attributes:
        paths: asked in turn.
        expect_status, expect_text: what their answers must be.
        locustfile: what is asked instead, and held to what, in a file of the user's; `paths` are then only what
            readiness is probed with, and what two versions must answer alike.
    """

    paths: tuple[str, ...]
    expect_status: int
    expect_text: str | None
    locustfile: str | None = None


@dataclass(frozen=True, kw_only=True)
class Target(Asked):
    """A server that is already running, and what it is asked."""

    url: str


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What is no case though it was asked for by `all`, and why."""

    server: str
    """Empty: all servers."""
    scenario: str
    """Empty: all scenarios."""
    why: str

    @property
    def elsewhere(self) -> "LeftOut":
        """The same for whoever reads it on another machine: commands without the directories of this one."""
        return replace(self, why=DIRECTORIES.sub("", self.why))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The cases of a run and the order in which their repeats are measured."""

    schema: int
    name: str
    app: App | None
    budget: Budget | None
    """App and budget are null where the bench starts no server, but loads a `target`."""
    target: Target | None = None
    asked: Asked | None = None
    """What the app is asked where that is no scenario."""
    load_cpus: tuple[int, ...]
    backend_cpus: tuple[int, ...] = ()
    """Of what the app calls: databases, other services, background workers; empty where the bench starts none."""
    database: Database | None = None
    """What scenarios that need a database have; null where none does."""
    cases: tuple[Case, ...]
    left_out: tuple[LeftOut, ...] = ()
    repeats: int
    retries: int = 0
    """How often a repeat is measured again in which others took CPU time from server or load."""
    seed: int
    start_timeout_s: float
    sweep: Literal["rate", "users"] | None = None
    """What the cases of one deployment differ in, if they are a sweep."""
    objective: str | None = None
    """The service level objective, as `p99<100ms`, for which each case's highest rate is searched; there are no steps
    then, and the records are of rates that the search came by."""
    steps: tuple[Step, ...]
