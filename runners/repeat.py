"""One repeat: server up, load, both watched, both down."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from results.record import BackendUse, HostUse, Load, ServerUse, Work
from runners.backends.lending import Borrowed
from runners.deployment import MEASURED_GRACE_S, Deployment
from runners.load.job import Job, Outcome, Window
from runners.load_process import LoadProcess
from runners.process import ManagedProcess, tail
from runners.usage import Edge, UsageSampler

LOAD_MARGIN_S = 40.0
"""How much longer than its plan says the load process may take before it counts as hung."""
SAMPLE_S = 1.0
POLL_S = 0.02
WORK_TIMEOUT_S, WORK_POLL_S = 10.0, 0.1
"""How long it is waited for work that was taken on and not done yet, and how often the app is asked."""
NS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a repeat yields: what the users saw, what server and others used, and the server's last log lines."""

    load: Load
    server: ServerUse | None
    host: HostUse
    backends: tuple[BackendUse, ...]
    work: Work | None
    log_tail: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """Everything that one repeat needs to know.

    Attributes:
        deployment: what is measured; None where it already runs.
        borrowed: what the app calls.
        work_path: where the app says how much work was done; None where it does not.
        job: the load.
        load_variables: the load process's whole environment.
        load_log: where it writes.
    """

    deployment: Deployment | None
    borrowed: Borrowed
    work_path: str | None = None
    job: Job
    load_variables: Mapping[str, str]
    load_log: Path

    def measure(self) -> Measured:
        """Start load and server, wait for the result, and end both.

        Raises:
            BrokenRepeatError: there is no result, and why.
        """
        with ExitStack() as stack:
            load = stack.enter_context(self._start_load())
            started = time.monotonic()
            server = stack.enter_context(self.deployment.start(MEASURED_GRACE_S)) if self.deployment else None
            start_s = self.deployment.wait_until_up(server, started) if self.deployment and server else 0.0
            window = self._say_go(load)
            use, others = self._watch(server, load, window, start_s)
            # Before the server is ended: what it says when it ends is not why it failed.
            log_tail = tail(self.deployment.log) if self.deployment else ()
            made = self._load(load)
            return Measured(
                load=made,
                server=use,
                host=others,
                backends=self.borrowed.uses(),
                work=self._work(),
                log_tail=log_tail,
            )

    def _work(self) -> Work | None:
        """What the app says was done, waiting for what is still to be: what nobody got an answer for, too."""
        if self.work_path is None:
            return None
        secure = self.deployment is not None and self.deployment.secure
        url = f"{'https' if secure else 'http'}://{self.job.host}:{self.job.port}{self.work_path}"
        began = time.monotonic()
        with httpx.Client(timeout=WORK_TIMEOUT_S, trust_env=False, verify=not secure) as client:
            while True:
                try:
                    found = msgspec.json.decode(client.get(url).raise_for_status().content, type=dict[str, int])
                    done, pending = found["done"], found["pending"]
                except (httpx.HTTPError, msgspec.MsgspecError, KeyError) as error:
                    problem = str(error).partition("\n")[0]
                    return Work(done=None, pending=None, waited_s=time.monotonic() - began, problem=problem)
                waited_s = time.monotonic() - began
                if not pending or waited_s > WORK_TIMEOUT_S:
                    return Work(done=done, pending=pending, waited_s=waited_s)
                time.sleep(WORK_POLL_S)

    def _start_load(self) -> LoadProcess:
        return LoadProcess(
            "repeat",
            self.job,
            environment=self.load_variables,
            cpus=self.job.cpus,
            log_path=self.load_log,
        )

    def _say_go(self, load: LoadProcess) -> Window:
        """Have the load begin as soon as it can; where its window lies."""
        load.go(b"go")
        profile = self.job.profile
        return msgspec.json.decode(load.line(profile.users / profile.spawn_rate), type=Window)

    def _watch(
        self, server: ManagedProcess | None, load: LoadProcess, window: Window, start_s: float
    ) -> tuple[ServerUse | None, HostUse]:
        """Until the load process has ended: sample the server, and read CPU times at both ends of the window."""
        cpus = self.deployment.budget.server_cpus if self.deployment else ()
        sampler = UsageSampler(server, cpus, self.job.cpus)
        # It has as long as the window for its arithmetic, beside the time that answers may take.
        profile = self.job.profile
        hung_at = window.end_ns + round((LOAD_MARGIN_S + profile.timeout_s + profile.duration_s) * NS)
        edges: list[Edge] = []
        moments = [window.start_ns, window.end_ns]
        next_sample = window.start_ns
        while load.exit_status() is None or len(edges) < len(moments):
            self._check_server(server)
            now = time.monotonic_ns()
            if len(edges) < len(moments) and (now >= moments[len(edges)] or load.exit_status() is not None):
                edges.append(sampler.edge(now))
                self.borrowed.edge()
            elif next_sample <= now < window.end_ns:
                sampler.sample()
                self.borrowed.sample(server)
                if server is not None:
                    server.trim_log()
                next_sample += round(SAMPLE_S * NS)
            elif now > hung_at:
                raise load.broken("hung")
            pause_ns = min([round(POLL_S * NS), *(moment - now for moment in moments[len(edges) :])])
            time.sleep(max(0, pause_ns) / NS)
        self._check_server(server)
        first, last = edges
        use = sampler.server_use(window, first, last, start_s) if server else None
        return use, sampler.host_use(first, last)

    def _check_server(self, server: ManagedProcess | None) -> None:
        self.borrowed.check()
        if self.deployment is not None and server is not None:
            self.deployment.check(server, "run")

    def _load(self, load: LoadProcess) -> Load:
        """What the load process, which has ended, saw."""
        outcome = load.result(Outcome)
        if outcome.load is None:
            raise load.broken("has no result")
        return outcome.load
