"""How a server is to be started: what cases, probes and the calibration have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from results.plan import Budget
from runners import host
from runners.app import Environment
from runners.certificates import Certificate
from runners.deployment import Deployment
from runners.servers import Option, Server


@dataclass(frozen=True, kw_only=True)
class Launch:
    """Where and how.

    Attributes:
        environment: the app, and what it runs by.
        budget: what the server may use.
        port: on loopback.
        probe_path: what it is asked to see whether it answers.
        start_timeout_s: how long it may take until it does.
        log: where it writes.
        variables: set for it beside the app's own.
        options: it is given those of them that it has.
        certificate: for the option `tls`.
    """

    environment: Environment
    budget: Budget
    port: int
    probe_path: str
    start_timeout_s: float
    log: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[Option] = ()
    certificate: Certificate | None = None

    def of(self, server: Server) -> Deployment:
        """The app under `server`, to be started so."""
        words = [word for option in self.options for word in server.speaks_with.get(option, ())]
        made = self.certificate
        files = {"CERTIFICATE": str(made.chain), "KEY": str(made.key)} if made else {}
        target = self.environment.target(server.interface)
        argv = server.command(f"{host.LOOPBACK}:{self.port}", target, self.budget)
        return Deployment(
            name=server.name,
            argv=[*argv, *(files.get(word, word) for word in words)],
            port=self.port,
            directory=self.environment.directory,
            variables=self.environment.variables() | dict(server.environment) | dict(self.variables),
            budget=self.budget,
            probe_path=self.probe_path,
            start_timeout_s=self.start_timeout_s,
            log=self.log,
            secure="tls" in self.options,
        )
