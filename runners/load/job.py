"""What the parent tells the load process. Imports neither Locust nor gevent."""

from dataclasses import dataclass

from results.record import Profile, Variant


@dataclass(frozen=True, kw_only=True)
class Job:
    """One repeat's load: a locustfile's users against one address, and where the result goes."""

    locustfile: str
    variant: Variant
    host: str
    port: int
    profile: Profile
    result_path: str


@dataclass(frozen=True, kw_only=True)
class Window:
    """The measured window on the machine's monotonic clock, in ns."""

    start_ns: int
    end_ns: int
