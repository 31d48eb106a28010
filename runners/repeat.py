"""One repeat: server up, load, both watched, both down."""

import select
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
import msgspec

from results.record import Breakdown, Budget, Case, Load, ServerUse
from runners import host
from runners.app import ROOT, Environment
from runners.load.job import Job, Window
from runners.process import ManagedProcess
from runners.scenarios import ScenarioFile
from runners.usage import UsageSampler

LOAD_START_TIMEOUT_S = 60.0
LOAD_MARGIN_S = 30.0
"""How much longer than its plan says the load process may take before it counts as hung."""
SAMPLE_S = 1.0
POLL_S = 0.02
PROBE_TIMEOUT_S = 5.0
NS = 1_000_000_000


class BrokenRepeatError(Exception):
    """The repeat could not be measured.

    Args:
        stage: `start`, the server did not come up; `load`, the load process failed; `run`, the server ended.
        message: one line: what happened.
        hint: the next step.
    """

    def __init__(self, stage: Literal["start", "load", "run"], message: str, hint: str) -> None:
        super().__init__(message)
        self.breakdown = Breakdown(stage=stage, message=message, hint=hint)


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """Everything that one repeat needs to know.

    Attributes:
        case: what is measured.
        argv: the server's command, which binds to `port` on loopback.
        port: nobody listened there when it was chosen.
        environment: where the app is.
        server_variables: the server's whole environment.
        scenario: whose locustfile is run.
        budget: whose CPUs server and load are pinned to.
        start_timeout_s: how long the server may take until it answers.
        server_log, load_log: where they write.
    """

    case: Case
    argv: Sequence[str]
    port: int
    environment: Environment
    server_variables: Mapping[str, str]
    scenario: ScenarioFile
    budget: Budget
    start_timeout_s: float
    server_log: Path
    load_log: Path

    def measure(self) -> tuple[Load, ServerUse]:
        """Start server and load, wait for the result, and end both.

        Raises:
            BrokenRepeatError: there is no result, and why.
        """
        with ExitStack() as stack:
            result = self.load_log.with_suffix(".json")
            stack.callback(result.unlink, missing_ok=True)
            started = time.monotonic()
            server = stack.enter_context(self._start_server())
            load = stack.enter_context(self._start_load(result))
            self._wait_until_it_answers(server, started + self.start_timeout_s)
            start_s = time.monotonic() - started
            _say_go(load)
            use = self._watch(server, load, start_s)
            return msgspec.json.decode(result.read_bytes(), type=Load), use

    def _start_server(self) -> ManagedProcess:
        return ManagedProcess(
            self.argv,
            directory=self.environment.directory,
            environment=self.server_variables,
            cpus=self.budget.server_cpus,
            log_path=self.server_log,
        )

    def _start_load(self, result: Path) -> ManagedProcess:
        job = Job(
            locustfile=str(self.scenario.locustfile),
            variant=self.case.variant,
            host=host.LOOPBACK,
            port=self.port,
            profile=self.case.profile,
            result_path=str(result),
        )
        return ManagedProcess(
            [sys.executable, "-m", "runners.load", msgspec.json.encode(job).decode()],
            directory=ROOT,
            environment=self.environment.inherited(),
            cpus=self.budget.load_cpus,
            log_path=self.load_log,
            talks=True,
        )

    def _wait_until_it_answers(self, server: ManagedProcess, deadline: float) -> None:
        """Until our server, and nobody else, holds the port and has answered one request, be it with an error."""
        url = f"http://{host.LOOPBACK}:{self.port}{self.scenario.scenario.paths[self.case.variant]}"
        listening, trouble = False, ""
        with httpx.Client(timeout=PROBE_TIMEOUT_S, trust_env=False) as client:
            while (left := deadline - time.monotonic()) > 0:
                self._check_server(server, "start")
                listening = listening or self._is_listening(server)
                if listening:
                    try:
                        client.get(url, timeout=min(left, PROBE_TIMEOUT_S))
                        return
                    except httpx.HTTPError as error:
                        trouble = f": {error}"
                time.sleep(POLL_S)
        what = "listens but did not answer" if listening else f"did not listen on port {self.port}"
        raise BrokenRepeatError(
            "start",
            f"{self.case.server} {what} within {self.start_timeout_s:g} s of its start{trouble}",
            "see why in its log, or raise --start-timeout",
        )

    def _is_listening(self, server: ManagedProcess) -> bool:
        def ours() -> bool:
            return any(host.listens(process, self.port) for process in server.family())

        if ours():
            return True
        owner = host.port_owner(self.port)
        # It may have begun to listen between the two looks.
        if owner is not None and not ours():
            raise BrokenRepeatError(
                "start", f"port {self.port} was taken by {owner} before {self.case.server} had it", "try again"
            )
        return False

    def _check_server(self, server: ManagedProcess, stage: Literal["start", "run"]) -> None:
        if server.exit_status() is not None:
            when = "before it answered" if stage == "start" else "while it was measured"
            raise BrokenRepeatError(stage, f"{self.case.server} {server.how_it_ended()} {when}", "see its log")

    def _watch(self, server: ManagedProcess, load: ManagedProcess, start_s: float) -> ServerUse:
        """Until the load process has ended: sample the server, and read its CPU time at both ends of the window."""
        window = msgspec.json.decode(_line(load, LOAD_START_TIMEOUT_S), type=Window)
        sampler = UsageSampler(server)
        edges, cpu_s = [window.start_ns, window.end_ns], list[float]()
        hung_at = window.end_ns + round((self.case.profile.timeout_s + LOAD_MARGIN_S) * NS)
        next_sample = window.start_ns
        while load.exit_status() is None:
            self._check_server(server, "run")
            now = time.monotonic_ns()
            if edges and now >= edges[0]:
                edges.pop(0)
                cpu_s.append(sampler.cpu_s())
            elif next_sample <= now < window.end_ns:
                sampler.sample()
                next_sample += round(SAMPLE_S * NS)
            elif now > hung_at:
                raise BrokenRepeatError("load", "the load process hung", "see its log")
            pause_ns = min([round(POLL_S * NS), *(edge - now for edge in edges)])
            time.sleep(max(0, pause_ns) / NS)
        if load.exit_status() != 0 or len(cpu_s) != 2:
            raise BrokenRepeatError("load", f"the load process {load.how_it_ended()} before its result", "see its log")
        self._check_server(server, "run")
        return ServerUse(
            cpu_s=cpu_s[1] - cpu_s[0],
            memory_peak_bytes=sampler.memory_peak_bytes,
            processes=sampler.processes,
            threads_peak=sampler.threads_peak,
            start_s=start_s,
        )


def _say_go(load: ManagedProcess) -> None:
    _line(load, LOAD_START_TIMEOUT_S)
    load.input.write(b"go\n")
    load.input.flush()


def _line(load: ManagedProcess, timeout_s: float) -> bytes:
    """The next line that the load process says.

    It says one only after what was said to it before, so that none can lie unseen in the reader's buffer.
    """
    ready, _, _ = select.select([load.output], [], [], timeout_s)
    line = load.output.readline() if ready else b""
    if not line:
        how = load.how_it_ended() if ready else f"said nothing for {timeout_s:g} s"
        raise BrokenRepeatError("load", f"the load process {how} before the load began", "see its log")
    return line
