"""One server as a case has it: started, waited for until it answers, and checked to be the one that was started."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

from results.plan import Budget
from results.record import Breakdown
from runners import host
from runners.process import GRACE_S, ManagedProcess, tail
from runners.usage import UsageSampler

POLL_S = 0.02
MEASURED_GRACE_S = 0.0
"""For a server that has been measured: nothing that it could still do is of use, and some wait for what never comes."""
REST_S = 0.25


class BrokenRepeatError(Exception):
    """The repeat could not be measured.

    Args:
        stage: `start`, the server did not come up; `load`, the load process failed; `run`, the server ended; `backend`,
            what the app calls could not be had, or ended.
        message: one line: what happened.
        hint: the next step.
        log_tail: the last log lines of the process that failed.
        hung: whether it lives and does not answer.
    """

    def __init__(
        self,
        stage: Literal["start", "load", "run", "backend"],
        message: str,
        hint: str,
        log_tail: tuple[str, ...],
        *,
        hung: bool = False,
    ) -> None:
        super().__init__(message)
        self.hung = hung
        self.breakdown = Breakdown(stage=stage, message=message, hint=hint)
        self.log_tail = log_tail


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A server's command and what it needs.

    Attributes:
        name: the server's.
        argv: the command, which binds to `port` on loopback.
        port: nobody listened there when it was chosen.
        directory: where it runs.
        variables: its whole environment.
        budget: what it may use.
        probe_path: what it is asked to see whether it answers.
        start_timeout_s: how long it may take until it does.
        log: where it writes.
        secure: whether it speaks TLS alone.
    """

    name: str
    argv: Sequence[str]
    port: int
    directory: Path
    variables: Mapping[str, str]
    budget: Budget
    probe_path: str
    start_timeout_s: float
    log: Path
    secure: bool = False

    def start(self, grace_s: float = GRACE_S) -> ManagedProcess:
        """The server's process, just started, which gets `grace_s` to end when it is to."""
        return ManagedProcess(
            self.argv,
            directory=self.directory,
            environment=self.variables,
            cpus=self.budget.server_cpus,
            log_path=self.log,
            grace_s=grace_s,
        )

    def wait_until_up(self, process: ManagedProcess, started: float) -> float:
        """Wait until it serves with all its workers; the seconds from `started` until it answered.

        Raises:
            BrokenRepeatError: it did not, or another program has the port.
        """
        deadline = started + self.start_timeout_s
        self._wait_until_it_answers(process, deadline)
        start_s = time.monotonic() - started
        if self.budget.workers > 1:
            self._wait_until_it_rests(process, deadline)
        return start_s

    def check(self, process: ManagedProcess, stage: Literal["start", "run"]) -> None:
        """See that it runs.

        Raises:
            BrokenRepeatError: it has ended.
        """
        if process.exit_status() is not None:
            when = "before it answered" if stage == "start" else "while it was measured"
            message = f"{self.name} {process.how_it_ended()} {when}"
            raise BrokenRepeatError(stage, message, "see its log", tail(self.log))

    def _wait_until_it_answers(self, process: ManagedProcess, deadline: float) -> None:
        """Until our server, and nobody else, holds the port and has answered one request, be it with an error.

        A request may take all the time that is left: what is given up still keeps a worker busy, and would come no
        sooner if it were asked for again.
        """
        url = f"{'https' if self.secure else 'http'}://{host.LOOPBACK}:{self.port}{self.probe_path}"
        listening, trouble = False, ""
        with httpx.Client(trust_env=False, verify=not self.secure) as client:
            while (left := deadline - time.monotonic()) > 0:
                self.check(process, "start")
                listening = listening or self._is_listening(process)
                if listening:
                    try:
                        client.get(url, timeout=left)
                        return
                    except httpx.HTTPError as error:
                        trouble = f": {error}"
                time.sleep(POLL_S)
        what = "listens but did not answer" if listening else f"did not listen on port {self.port}"
        raise BrokenRepeatError(
            "start",
            f"{self.name} {what} within {self.start_timeout_s:g} s of its start{trouble}",
            "see why in its log, or give it longer with --start-timeout",
            tail(self.log),
            hung=listening,
        )

    def _is_listening(self, process: ManagedProcess) -> bool:
        def ours() -> bool:
            return any(host.listens(one, self.port) for one in process.family())

        if ours():
            return True
        owner = host.port_owner(self.port)
        # It may have begun to listen between the two looks.
        if owner is not None and not ours():
            raise BrokenRepeatError(
                "start",
                f"port {self.port} was taken by {owner} before {self.name} had it",
                "finish the run with --resume to measure it again",
                tail(self.log),
            )
        return False

    def _wait_until_it_rests(self, process: ManagedProcess, deadline: float) -> None:
        """Until no process of the server computes any more: the one that answers is the first of several workers.

        Were the load to begin before the others are up, the first would take, and keep, most of the connections.
        """
        sampler = UsageSampler(process)
        before = -1.0
        while (now := sampler.edge().cpu_s) > before and time.monotonic() < deadline:
            before = now
            time.sleep(REST_S)
            self.check(process, "start")
