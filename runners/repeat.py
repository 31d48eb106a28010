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
from runners.process import ManagedProcess, tail
from runners.scenarios import ScenarioFile
from runners.usage import Edge, UsageSampler

LOAD_START_TIMEOUT_S = 60.0
LOAD_MARGIN_S = 30.0
"""How much longer than its plan says the load process may take before it counts as hung."""
SAMPLE_S = 1.0
POLL_S = 0.02
PROBE_TIMEOUT_S = 5.0
REST_S = 0.25
LATE_SHARE = 0.02
"""Share of the window by which a reading of CPU time may be late, at most."""
NS = 1_000_000_000


class BrokenRepeatError(Exception):
    """The repeat could not be measured.

    Args:
        stage: `start`, the server did not come up; `load`, the load process failed; `run`, the server ended.
        message: one line: what happened.
        hint: the next step.
        log_tail: the last log lines of the process that failed.
    """

    def __init__(
        self, stage: Literal["start", "load", "run"], message: str, hint: str, log_tail: tuple[str, ...]
    ) -> None:
        super().__init__(message)
        self.breakdown = Breakdown(stage=stage, message=message, hint=hint)
        self.log_tail = log_tail


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a repeat yields: what the users saw, what the server used, and its last log lines."""

    load: Load
    server: ServerUse
    log_tail: tuple[str, ...]


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

    def measure(self) -> Measured:
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
            if self.budget.workers > 1:
                self._wait_until_it_rests(server, started + self.start_timeout_s)
            _say_go(load)
            use = self._watch(server, load, start_s)
            # Before the server is ended: what it says when it ends is not why it failed.
            return Measured(
                load=msgspec.json.decode(result.read_bytes(), type=Load), server=use, log_tail=tail(self.server_log)
            )

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
            "see why in its log, or give it longer with --start-timeout",
            tail(self.server_log),
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
                "start",
                f"port {self.port} was taken by {owner} before {self.case.server} had it",
                "finish the run with --resume to measure it again",
                tail(self.server_log),
            )
        return False

    def _check_server(self, server: ManagedProcess, stage: Literal["start", "run"]) -> None:
        if server.exit_status() is not None:
            when = "before it answered" if stage == "start" else "while it was measured"
            message = f"{self.case.server} {server.how_it_ended()} {when}"
            raise BrokenRepeatError(stage, message, "see its log", tail(self.server_log))

    def _wait_until_it_rests(self, server: ManagedProcess, deadline: float) -> None:
        """Until no process of the server computes any more: the one that answers is the first of several workers.

        Were the load to begin before the others are up, the first would take, and keep, most of the connections.
        """
        sampler = UsageSampler(server, self.budget.server_cpus)
        before = -1.0
        while (now := sampler.edge().cpu_s) > before and time.monotonic() < deadline:
            before = now
            time.sleep(REST_S)
            self._check_server(server, "start")

    def _watch(self, server: ManagedProcess, load: ManagedProcess, start_s: float) -> ServerUse:
        """Until the load process has ended: sample the server, and read its CPU time at both ends of the window."""
        window = msgspec.json.decode(_line(load, LOAD_START_TIMEOUT_S), type=Window)
        sampler = UsageSampler(server, self.budget.server_cpus)
        # It has as long as the window for its arithmetic, beside the time that answers may take.
        margin_s = LOAD_MARGIN_S + self.case.profile.timeout_s + self.case.profile.duration_s
        hung_at = window.end_ns + round(margin_s * NS)
        edges: list[tuple[int, Edge]] = []
        moments = [window.start_ns, window.end_ns]
        next_sample = window.start_ns
        while load.exit_status() is None or len(edges) < len(moments):
            self._check_server(server, "run")
            now = time.monotonic_ns()
            if len(edges) < len(moments) and (now >= moments[len(edges)] or load.exit_status() is not None):
                edges.append((now, sampler.edge()))
            elif next_sample <= now < window.end_ns:
                sampler.sample()
                server.trim_log()
                next_sample += round(SAMPLE_S * NS)
            elif now > hung_at:
                raise BrokenRepeatError("load", "the load process hung", "see its log", tail(self.load_log))
            pause_ns = min([round(POLL_S * NS), *(moment - now for moment in moments[len(edges) :])])
            time.sleep(max(0, pause_ns) / NS)
        if load.exit_status() != 0:
            message = f"the load process {load.how_it_ended()} before its result"
            raise BrokenRepeatError("load", message, "see its log", tail(self.load_log))
        self._check_server(server, "run")
        return _server_use(window, edges, sampler, start_s)


def _server_use(window: Window, edges: Sequence[tuple[int, Edge]], sampler: UsageSampler, start_s: float) -> ServerUse:
    (began, first), (ended, last) = edges
    late_s = max(began - window.start_ns, ended - window.end_ns) / NS
    on_time = late_s < max(2 * POLL_S, LATE_SHARE * (window.end_ns - window.start_ns) / NS)
    cpu_s = last.cpu_s - first.cpu_s
    busy_s, stolen_s = last.cpus.busy_s - first.cpus.busy_s, last.cpus.stolen_s - first.cpus.stolen_s
    return ServerUse(
        cpu_s=cpu_s if on_time else None,
        memory_peak_bytes=sampler.memory_peak_bytes,
        processes=len(last.processes),
        processes_lost=len(first.processes - last.processes),
        threads_peak=sampler.threads_peak,
        start_s=start_s,
        foreign_cpu_s=max(0.0, busy_s - cpu_s),
        stolen_s=stolen_s,
    )


def _say_go(load: ManagedProcess) -> None:
    _line(load, LOAD_START_TIMEOUT_S)
    try:
        load.input.write(b"go\n")
        load.input.flush()
    except OSError as error:
        message = f"the load process {load.how_it_ended()} before the load began"
        raise BrokenRepeatError("load", message, "see its log", tail(load.log_path)) from error


def _line(load: ManagedProcess, timeout_s: float) -> bytes:
    """The next line that the load process says.

    It says one only after what was said to it before, so that none can lie unseen in the reader's buffer.
    """
    ready, _, _ = select.select([load.output], [], [], timeout_s)
    line = load.output.readline() if ready else b""
    if not line:
        how = load.how_it_ended() if ready else f"said nothing for {timeout_s:g} s"
        message = f"the load process {how} before the load began"
        raise BrokenRepeatError("load", message, "see its log", tail(load.log_path))
    return line
