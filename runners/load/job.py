"""What the parent tells the load process, and what it is told back. Imports neither Locust nor gevent."""

from dataclasses import dataclass, field

from results.plan import Parameters, Profile, Target, Variant
from results.record import Load


@dataclass(frozen=True, kw_only=True)
class Job:
    """One repeat's load: a locustfile's users against one address.

    Attributes:
        locustfile: its path, relative to the bench's own directory if it is below that.
        variant: which of the scenario's paths to ask for; null for a target.
        parameters: of the scenario, all of them.
        target: what to ask a server that the bench did not start; else null.
        host, port: where.
        profile: how.
        authority: file of the authority whose certificate the server has; empty where there is no TLS.
        seed: of the arrivals of an open profile.
        cpus: the load processes' CPUs on this machine.
        listen: for load processes on other machines: where they join, as HOST:PORT; empty where there are none.
    """

    locustfile: str
    variant: Variant | None
    parameters: Parameters = field(default_factory=dict)
    target: Target | None = None
    host: str
    port: int
    profile: Profile
    authority: str = ""
    seed: int = 1
    cpus: tuple[int, ...] = ()
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
