"""What the load generator can do on this machine: measured against the `null` server, and remembered."""

import hashlib
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from results import histogram, merging
from results.errors import BenchError, ExitCode
from results.plan import Budget, Profile
from results.record import FAR_TIMES, Calibration, Load, Machine
from runners import host, scenarios, servers
from runners.app import BENCH_APP, ROOT, Environment, digest
from runners.backends.lending import Borrowed
from runners.deployment import BrokenRepeatError
from runners.launch import Launch
from runners.load.job import Job
from runners.repeat import Measured, Repeat

USERS = 32
OPEN_CONNECTIONS = 64
REPEATS = 3
WARMUP_S, DURATION_S, TIMEOUT_S = 0.3, 0.8, 5.0
START_TIMEOUT_S = 20.0
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Shares of the closed ceiling that are tried as open rates, by bisection."""
SENT_SHARE = 0.99
"""Of an offered rate, to count as offered."""
LATE_US, LATE_TIMES = 1000.0, 3.0
"""p99 of the send delay up to which a rate counts as sent in time: this, or so many times that of a low rate."""
TRIES = 2
"""Of a rate, before it counts as too high: a pause of the machine of 8 ms makes one late, too."""
ERROR_RPS = 1000.0
TAKEN_SHARE, SPREAD = 0.05, 1.15
"""Share of a window that others may take of the CPUs, and ratio of the largest to the least of the repeats."""
DISTURBED_KEPT_S = 3600.0
"""How long a calibration that was disturbed is made do with."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Where load is generated: what a calibration holds for.

    Attributes:
        server_cpus, load_cpus: who has which.
        load_processes: how many, on this machine.
        workers: of the `null` server.
    """

    server_cpus: tuple[int, ...]
    load_cpus: tuple[int, ...]
    load_processes: int = 1

    @property
    def workers(self) -> int:
        return len(self.server_cpus)


def fingerprint(setting: Setting, machine: Machine, versions: dict[str, str]) -> str:
    """Digest of all that bears on a calibration: machine, CPUs, versions, and the load's own source files."""
    told = msgspec.json.encode(
        [
            *(setting.server_cpus, setting.load_cpus, setting.load_processes),
            *(machine.cpu_model, machine.cpus_online, machine.kernel, machine.cores, machine.governor),
            *(sorted(versions.items()), digest(ROOT / "runners" / "load")),
            *((ROOT / "runners" / name).read_text() for name in ("null_server.py", "calibration.py")),
        ]
    )
    return hashlib.sha256(told).hexdigest()[:16]


def refuse_beyond(calibration: Calibration, profile: Profile) -> None:
    """Refuse a rate that the generator cannot offer.

    Raises:
        BenchError: it is above the ceiling.
    """
    if profile.rate_rps is not None and profile.rate_rps > calibration.most_rps:
        most = "the most that it sent in time against the null server"
        if calibration.disturbed:  # it may well be able to do more than that: the run will show
            most = f"{FAR_TIMES:g} times what it got through in a closed profile, when others disturbed it"
        raise BenchError(
            f"the load generator cannot offer {profile.rate_rps:,g} requests/s here: "
            f"{calibration.most_rps:,.0f} is {most}",
            hint="offer less, or add --load-processes on CPUs of their own (see `python bench.py calibrate`)",
        )


def remembered(name: str) -> Calibration | None:
    """The calibration with that fingerprint, if there is one; one that was disturbed is forgotten after an hour."""
    try:
        found = msgspec.json.decode(_path(name).read_bytes(), type=Calibration)
        age_s = time.time() - _path(name).stat().st_mtime
    except (OSError, msgspec.MsgspecError):
        return None
    if found.fingerprint != name or (found.disturbed and age_s > DISTURBED_KEPT_S):
        return None
    return found


def remember(calibration: Calibration) -> Path | None:
    """Keep it for later runs; where, or None if that was not possible."""
    path = _path(calibration.fingerprint)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(msgspec.json.encode(calibration))
        temporary.replace(path)
    except OSError:
        return None
    return path


def measure(setting: Setting, name: str, told: Callable[[str], None]) -> Calibration:
    """Measure it, in about 20 s; `told` is told what is being done.

    Raises:
        BenchError: the `null` server or the load cannot be run.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = _NullBench(setting, Path(folder))
        told("ceiling, closed profile")
        measured = [bench.measure(_profile(setting, users=USERS)) for _ in range(REPEATS)]
        closed = [one.load for one in measured]
        rates = [_answered_rps(load) for load in closed]
        told("latency of a single user")
        alone = bench.load(_profile(setting, users=setting.load_processes))
        told("pacing error")
        paced = bench.load(_open(setting, min(ERROR_RPS, min(rates) / 10)))
        told("ceiling, open profile")
        bound_us = max(LATE_US, LATE_TIMES * _late_us(paced))
        best, refused = _bisect(bench, setting, statistics.median(rates), bound_us)
    return Calibration(
        fingerprint=name,
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        closed_rps=tuple(rates),
        open_ceiling_rps=best,
        open_refused_rps=refused,
        floor=histogram.add(one.latency for one in merging.seconds(alone)),
        send_error=paced.send_delay,
        send_error_rps=min(ERROR_RPS, min(rates) / 10),
        cpu_us_per_request=1e6
        * sum(process.cpu_s for load in closed for process in load.processes)
        / sum(rate * load.window_s for rate, load in zip(rates, closed, strict=True)),
        # That not even a tenth of the closed ceiling is sent in time is no fault of the generator's either.
        disturbed=max(rates) > SPREAD * min(rates) or not best or any(map(_disturbed, measured)),
    )


def _disturbed(measured: Measured) -> bool:
    others, load = measured.host, measured.load
    waited_s = max(process.cpu_wait_s for process in load.processes)
    taken = (others.foreign_cpu_s or 0.0, others.stolen_s or 0.0, others.load_stolen_s or 0.0, waited_s)
    return max(taken) > TAKEN_SHARE * load.window_s


def _bisect(bench: "_NullBench", setting: Setting, ceiling_rps: float, bound_us: float) -> tuple[float, float | None]:
    """The largest of the rates that was offered in time, and the smallest that was not."""
    rates = [round(level * ceiling_rps) for level in LEVELS]
    low, high = -1, len(rates)
    while high - low > 1:
        middle = (low + high) // 2
        profile = _open(setting, rates[middle])
        if any(_offered(bench.load(profile, seed=attempt + 1), bound_us) for attempt in range(TRIES)):
            low = middle
        else:
            high = middle
    if low < 0:
        return 0.0, float(rates[0])
    return float(rates[low]), float(rates[high]) if high < len(rates) else None


def _offered(load: Load, bound_us: float) -> bool:
    """Whether what arrived, by chance more or fewer than the rate says, was sent in time, and answered."""
    arrived = sum(second.sent for second in merging.seconds(load))
    good = sum(second.good_ended for second in merging.seconds(load))
    return _late_us(load) <= bound_us and good >= SENT_SHARE * arrived


def _late_us(load: Load) -> float:
    """p99 of the send delay; without end if no request was sent promptly."""
    late = histogram.merge([load.send_delay])
    return float(late.get_value_at_percentile(99)) if late.get_total_count() else math.inf


def _answered_rps(load: Load) -> float:
    return sum(second.good_ended for second in merging.seconds(load)) / load.window_s


def _profile(setting: Setting, *, users: int) -> Profile:
    return Profile(
        users=users,
        warmup_s=WARMUP_S,
        duration_s=DURATION_S,
        timeout_s=TIMEOUT_S,
        connect_timeout_s=TIMEOUT_S,
        load_processes=setting.load_processes,
    )


def _open(setting: Setting, rate_rps: float) -> Profile:
    return Profile(
        kind="open",
        users=OPEN_CONNECTIONS,
        rate_rps=rate_rps,
        arrivals="poisson",
        warmup_s=WARMUP_S,
        duration_s=DURATION_S,
        timeout_s=TIMEOUT_S,
        connect_timeout_s=TIMEOUT_S,
        load_processes=setting.load_processes,
    )


class _NullBench:
    """Loads a fresh `null` server, again and again."""

    def __init__(self, setting: Setting, folder: Path) -> None:
        self._setting, self._folder = setting, folder
        self._scenario = scenarios.discover()["hello"]
        self._server = servers.discover()["null"]
        self._environment = Environment.of(BENCH_APP)
        (availability,) = servers.availability([self._server], self._environment).values()
        if not availability.available:
            raise BenchError(
                f"calibrating needs {', '.join(availability.missing)}", hint=f"install it with: {availability.install}"
            )

    def load(self, profile: Profile, seed: int = 1) -> Load:
        return self.measure(profile, seed).load

    def measure(self, profile: Profile, seed: int = 1) -> Measured:
        path = self._scenario.scenario.paths["sync"]
        setting = self._setting
        cpus = setting.server_cpus
        launch = Launch(
            environment=self._environment,
            budget=Budget(workers=setting.workers, threads=1, connections=profile.users, server_cpus=cpus),
            port=host.free_port(),
            probe_path=path,
            start_timeout_s=START_TIMEOUT_S,
            log=self._folder / "server.log",
        )
        job = Job(
            locustfile=str(self._scenario.locustfile.relative_to(ROOT)),
            variant="sync",
            host=host.LOOPBACK,
            port=launch.port,
            profile=profile,
            seed=seed,
            cpus=setting.load_cpus,
            early=host.apart(cpus, setting.load_cpus),
        )
        repeat = Repeat(
            deployment=launch.of(self._server),
            borrowed=Borrowed(),
            job=job,
            load_variables=self._environment.inherited(),
            load_log=self._folder / "load.log",
        )
        try:
            return repeat.measure()
        except BrokenRepeatError as broken:
            raise BenchError(
                f"calibrating: {broken}",
                hint=broken.breakdown.hint,
                log_tail=broken.log_tail,
                exit_code=ExitCode.NOT_MEASURED,
            ) from broken


def _path(name: str) -> Path:
    return host.cache() / f"calibration-{name}.json"
