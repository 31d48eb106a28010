"""A service of known latencies that the app calls by HTTP, `runners/upstream_server.py`: a process per repeat."""

import http.client
import importlib.metadata
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from runners import host
from runners.app import Environment
from runners.backends import Backend, Lent, Missing, Place, programs
from runners.process import ManagedProcess
from runners.servers import BACKLOG

VARIABLE = "BENCH_UPSTREAM_URL"
PROGRAM = Path(__file__).resolve().parent.parent / "upstream_server.py"
START_TIMEOUT_S = 20.0
TIMEOUT_S = 1.0


class Upstreams:
    """Started for each repeat, on a free port of loopback, by the bench's own interpreter."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @contextmanager
    def lend(self, variables: Mapping[str, str], log: Path) -> Iterator[Lent]:
        port = host.free_port()
        with ManagedProcess(
            [sys.executable, str(PROGRAM), f"{host.LOOPBACK}:{port}", "--backlog", str(BACKLOG)],
            directory=self._place.folder,
            environment=self._place.environment.inherited(),
            cpus=self._place.cpus,
            log_path=log,
        ) as process:
            programs.wait_until(lambda: _is_up(process, port), process, "upstream", START_TIMEOUT_S, process.stop)
            yield Lent(
                version=f"uvloop {importlib.metadata.version('uvloop')}",
                variables={VARIABLE: f"http://{host.LOOPBACK}:{port}"},
                settings={
                    "parser": f"httptools {importlib.metadata.version('httptools')}",
                    "backlog": str(BACKLOG),
                },
                process=process,
                connections=lambda _family: _connections(port),
            )

    def close(self) -> None:
        """Each repeat has ended its own."""


def _is_up(process: ManagedProcess, port: int) -> bool:
    """Whether our process, and no other, has the port and answers."""
    return any(host.listens(one, port) for one in process.family()) and _connections(port) is not None


def _connections(port: int) -> int | None:
    """How many connections there are, by its own count; None if it does not say."""
    with (
        suppress(OSError, http.client.HTTPException),
        closing(http.client.HTTPConnection(host.LOOPBACK, port, timeout=TIMEOUT_S)) as asking,
    ):
        asking.request("GET", "/connections")
        return int(json.loads(asking.getresponse().read())["connections"])
    return None


def missing(_environment: Environment, _url: str) -> Missing | None:
    return None


BACKEND = Backend(
    name="upstream",
    summary="an HTTP service of known latencies, a process per repeat",
    kind="upstream",
    missing=missing,
    open=Upstreams,
)
