"""The load process, run as the bench runs it: `python -m runners.load`."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from results.plan import Profile
from results.record import Load
from runners import host
from runners.app import BENCH_APP, Environment
from runners.load.job import Job, Outcome
from runners.process import ManagedProcess
from tests.conftest import ROOT
from tests.counting_server import CountingServer

SHORT = Profile(users=3, warmup_s=0.1, duration_s=0.5, timeout_s=5, connect_timeout_s=5)


@dataclass(frozen=True)
class Ended:
    """How it ended, what it logged, and what it said at the end."""

    code: int | None
    log: str
    outcome: Outcome | None

    @property
    def load(self) -> Load:
        assert self.outcome is not None, self.log
        assert self.outcome.load is not None, self.outcome.problem
        return self.outcome.load


def nothing(_: ManagedProcess) -> None:
    pass


def job(server: CountingServer, profile: Profile, locustfile: Path | str = "scenarios/hello.py") -> Job:
    return Job(
        locustfile=str(locustfile),
        variant="sync",
        host=server.address,
        port=server.port,
        profile=profile,
        cpus=host.usable_cpus(),
    )


def run(
    job: Job,
    folder: Path,
    *,
    program: tuple[str, ...] = ("-m", "runners.load.repeat"),
    before: Callable[[ManagedProcess], None] = nothing,
    meanwhile: Callable[[ManagedProcess], None] = nothing,
) -> Ended:
    """Run it to its end, with its files in `folder`.

    `before` is called when it is ready, before it is told to go; `meanwhile` as soon as its users run.
    """
    result, log = folder / "outcome.json", folder / "load.log"
    with ManagedProcess(
        [sys.executable, *program, msgspec.json.encode(job).decode(), str(result)],
        directory=ROOT,
        environment=Environment.of(BENCH_APP).inherited(),
        cpus=host.usable_cpus(),
        log_path=log,
        talks=True,
    ) as process:
        # It says that it is ready, and where its window lies; or nothing, if it ends before.
        if process.output.readline():
            before(process)
            process.input.write(b"go\n")
            process.input.flush()
            if process.output.readline():
                meanwhile(process)
        while process.exit_status() is None:
            time.sleep(0.01)
    written = result.read_bytes()
    outcome = msgspec.json.decode(written, type=Outcome) if written else None
    return Ended(process.exit_status(), log.read_text(), outcome)


@contextlib.contextmanager
def joined(
    asked: Job, log: Path, *, within: tuple[str, ...] = (), program: tuple[str, ...] = ("-m", "runners.load.worker")
) -> Iterator[ManagedProcess]:
    """A load process that is not of the bench's own."""
    with ManagedProcess(
        [*within, sys.executable, *program, asked.listen],
        directory=ROOT,
        environment=Environment.of(BENCH_APP).inherited(),
        cpus=host.usable_cpus(),
        log_path=log,
    ) as process:
        yield process


def workers_of(family: list[psutil.Process]) -> list[psutil.Process]:
    """Those of `family` that are Locust's workers; their guards have them in their command lines too."""
    return [process for process in family if process.cmdline()[1:3] == ["-m", "runners.load.worker"]]
