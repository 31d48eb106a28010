"""What the parent tells the load process, and what it is told back. Imports neither Locust nor gevent."""

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from results.blocks import Failures, Side, Slice, Turn
from results.plan import Asked, Parameters, Profile, Variant
from results.record import Load

Kind = Literal["repeat", "turns"]


@dataclass(frozen=True, kw_only=True)
class Users:
    """A locustfile's users, and what they ask.

    Attributes:
        locustfile: its path, relative to the bench's own directory if it is below that.
        variant: which of the scenario's paths to ask for; null where that is no scenario.
        parameters: of the scenario, all of them.
        asked: what to ask where that is no scenario; else null.
        host: of the server, or servers.
    """

    locustfile: str
    variant: Variant | None
    parameters: Parameters = field(default_factory=dict)
    asked: Asked | None = None
    host: str


@dataclass(frozen=True, kw_only=True)
class Job(Users):
    """One repeat's load: users against one address.

    Attributes:
        port: of the server.
        profile: how.
        authority: file of the authority whose certificate the server has; empty where there is no TLS.
        seed: of the arrivals of an open profile.
        cpus: the load processes' CPUs on this machine.
        early: whether to wake before an arrival, to watch for it.
        listen: for load processes on other machines: where they join, as HOST:PORT; empty where there are none.
    """

    port: int
    profile: Profile
    authority: str = ""
    seed: int = 1
    cpus: tuple[int, ...] = ()
    early: bool = True
    listen: str = ""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The measured window on the machine's monotonic clock, in ns."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the load process says at the end: its load, or in a line why there is none and what to do."""

    load: Load | None
    problem: str = ""
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class TurnsJob(Users):
    """The load of a block: users of two servers that take turns.

    Attributes:
        ports: of each side's server.
        users: of each side.
        turns: in order.
        rate_rps: of the arrivals in open turns; null where there are none.
        early: whether to wake before an arrival, to watch for it.
        lead_in: requests that an open turn begins with and that do not count.
        timeout_s: of an answer.
    """

    ports: dict[Side, int]
    users: int
    turns: tuple[Turn, ...]
    rate_rps: float | None
    early: bool = True
    lead_in: int
    timeout_s: float


@dataclass(frozen=True, kw_only=True)
class Going:
    """What the load of a block is told when both servers answer: the processes of each."""

    pids: dict[Side, tuple[int, ...]]


@dataclass(frozen=True, kw_only=True)
class TurnsOutcome:
    """What came of the turns of a block, in order."""

    slices: tuple[Slice, ...]
    failures: tuple[Failures, ...]


@dataclass(frozen=True, kw_only=True)
class Order:
    """A load to be made by a process of its own.

    Attributes:
        kind: whose load it is: that of a repeat, or of a block, whose servers take turns.
        job: as JSON, a `Job` or a `TurnsJob`.
        cpus: which the process may use.
        files: paths of what it has as standard input, output and error.
        result: where it leaves what came of it.
    """

    kind: Kind
    job: msgspec.Raw
    cpus: tuple[int, ...]
    files: tuple[str, str, str]
    result: str
