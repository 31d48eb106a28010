"""What each server speaks: it is started once for the app, once for a probe, once with TLS, and spoken to."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from results.matrix import FEATURES, Cell, Feature
from results.plan import Budget, Plan
from runners import certificates, host, probes
from runners.app import Environment
from runners.certificates import Certificate
from runners.deployment import BrokenRepeatError
from runners.experiment import Bench
from runners.launch import Launch
from runners.planning import LoadWish, RunWish
from runners.probes import Probe
from runners.servers import Option, Server

LOAD = LoadWish(users=4, duration=1.0, warmup=0.3, timeout=5.0)
RUN = RunWish(repeat=1, seed=1, start_timeout=20.0)
"""How each case is tried: in a few seconds, with a handful of users."""
PROBE_TARGET = "runners.probe_app:application"


def features_of(plan: Plan, bench: Bench, told: Callable[[str], None]) -> dict[str, dict[Feature, Cell]]:
    """What each server of a plan speaks; `told` is told which is asked."""
    assert plan.budget is not None
    found = {}
    for name, server in bench.servers.items():
        told(name)
        if not server.scenarios:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                found[name] = features(server, bench.environment, plan.budget, Path(folder))
    return found


def features(server: Server, environment: Environment, budget: Budget, folder: Path) -> dict[Feature, Cell]:
    """What a server speaks, each with what was observed; starts it up to three times."""
    certificate = certificates.make(folder)
    starter = _Starter(server, environment, budget, folder, certificate)
    found = starter.ask((), {"keep-alive": probes.keep_alive, "chunked": probes.chunked})
    found |= starter.ask(("http/2 clear text",), {"http/2 clear text": probes.http2_clear})
    if server.interface == "asgi":
        probe_app = replace(environment.app, asgi=PROBE_TARGET)
        other = _Starter(server, replace(environment, app=probe_app), budget, folder, certificate)
        found |= other.ask(("lifespan",), {"websocket": probes.websocket, "lifespan": probes.lifespan})
    else:
        found |= starter.ask((), {"websocket": probes.websocket})
        found["lifespan"] = Cell(status="fails", seen="WSGI has no such events")
    if "tls" in server.speaks_with:
        found |= starter.ask(("tls", "http/2"), {"http/2": lambda port: probes.http2(port, certificate.authority)})
    else:
        found["http/2"] = Cell(status="fails", seen="this deployment has no TLS of its own")
    return {feature: found[feature] for feature in FEATURES}


class _Starter:
    """Starts one server with more options than usual, and asks it."""

    def __init__(
        self, server: Server, environment: Environment, budget: Budget, folder: Path, certificate: Certificate
    ) -> None:
        self._server, self._environment, self._budget = server, environment, budget
        self._folder, self._certificate = folder, certificate

    def ask(self, options: Sequence[Option], asked: dict[Feature, Probe]) -> dict[Feature, Cell]:
        """What probes observe of the server with those of the options that it has."""
        launch = Launch(
            environment=self._environment,
            budget=self._budget,
            port=host.free_port(),
            probe_path=probes.HELLO,
            start_timeout_s=RUN.start_timeout,
            log=self._folder / f"{self._server.name}.log",
            options=options,
            certificate=self._certificate,
        )
        deployment = launch.of(self._server)
        try:
            with deployment.start() as process:
                deployment.wait_until_up(process, time.monotonic())
                return {feature: probe(deployment.port) for feature, probe in asked.items()}
        except BrokenRepeatError as broken:
            return {feature: Cell(status="fails", seen=str(broken)) for feature in asked}
