"""The backends of a run: opened when a repeat first needs them, opened anew when they died, closed at the end."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

import psutil

from results.errors import BenchError
from results.record import BackendUse
from runners.app import Environment
from runners.backends import Backend, Lent, Place, Service, in_order
from runners.deployment import BrokenRepeatError
from runners.process import ManagedProcess, tail
from runners.usage import UsageSampler


class Backends:
    """Lends backends to repeats; a context manager that closes all at the end.

    Args:
        chosen: one by kind.
        environment: of the app.
        cpus: what they may run on.
        urls: by kind, of those that are already running.
    """

    def __init__(
        self, chosen: Mapping[str, Backend], environment: Environment, cpus: tuple[int, ...], urls: Mapping[str, str]
    ) -> None:
        self._chosen, self._environment, self._cpus, self._urls = chosen, environment, cpus, urls
        self._folder: Path | None = None
        self._opened: dict[str, Service] = {}

    def __enter__(self) -> "Backends":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with ExitStack() as stack:
            if self._folder is not None:
                stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
            for service in self._opened.values():
                stack.callback(service.close)
            self._folder, self._opened = None, {}

    @contextmanager
    def lend(self, kinds: Iterable[str], log_path: Callable[[str], Path]) -> Iterator["Borrowed"]:
        """Give a repeat its part of the backends of `kinds`, and of those that they need.

        Raises:
            BrokenRepeatError: one cannot be had.
        """
        with ExitStack() as stack:
            borrowed = Borrowed()
            for backend in in_order(kinds, self._chosen):
                log = log_path(backend.name)
                try:
                    lent = stack.enter_context(self._service(backend).lend(borrowed.variables, log))
                except BenchError as error:
                    self._drop(backend)
                    raise BrokenRepeatError("backend", error.message, error.hint, error.log_tail) from error
                borrowed.add(backend, lent, log)
            try:
                yield borrowed
            except BrokenRepeatError:
                for backend in borrowed.ended():
                    stack.callback(self._drop, backend)
                raise

    def _service(self, backend: Backend) -> Service:
        if backend.kind not in self._opened:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="bench-"))
                self._folder.chmod(0o711)  # what runs as another user must get through to its own folder
            folder = Path(tempfile.mkdtemp(prefix=f"{backend.name}-", dir=self._folder))
            url = self._urls.get(backend.kind, "")
            place = Place(environment=self._environment, cpus=self._cpus, folder=folder, url=url)
            self._opened[backend.kind] = backend.open(place)
        return self._opened[backend.kind]

    def _drop(self, backend: Backend) -> None:
        """Close one that is of no use any more, so that the next repeat opens it anew."""
        service = self._opened.pop(backend.kind, None)
        if service is not None:
            with contextlib.suppress(BenchError):
                service.close()


class Borrowed:
    """What one repeat was lent, watched meanwhile."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self._lent: list[tuple[Backend, Lent, Path]] = []
        self._connections: dict[str, int] = {}
        self._cpu_s: dict[str, list[float]] = {}

    def add(self, backend: Backend, lent: Lent, log: Path) -> None:
        self.variables |= lent.variables
        self._lent.append((backend, lent, log))

    def ended(self) -> list[Backend]:
        """Those whose process has ended."""
        return [backend for backend, lent, _ in self._lent if lent.process and lent.process.exit_status() is not None]

    def check(self) -> None:
        """See that all run.

        Raises:
            BrokenRepeatError: one has ended.
        """
        for backend, lent, log in self._lent:
            if lent.process is not None and lent.process.exit_status() is not None:
                message = f"backend {backend.name} {lent.process.how_it_ended()} while it was needed"
                path = lent.process.log_path
                raise BrokenRepeatError("backend", message, "see its log", tail(path if path.is_file() else log))

    def sample(self, server: ManagedProcess | None) -> None:
        """Look once at how many connections the server has."""
        family = server.family() if server else []
        for backend, lent, _ in self._lent:
            count = lent.connections(family) if lent.connections else None
            if count is not None:
                self._connections[backend.name] = max(count, self._connections.get(backend.name, 0))

    def edge(self) -> None:
        """Read CPU times at one end of the window."""
        for backend, lent, _ in self._lent:
            if lent.process is not None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    self._cpu_s.setdefault(backend.name, []).append(UsageSampler(lent.process).edge().cpu_s)

    def uses(self) -> tuple[BackendUse, ...]:
        """What is recorded of them."""
        return tuple(
            BackendUse(
                name=backend.name,
                version=lent.version,
                started=lent.process is not None or not backend.takes_url,
                settings=dict(lent.settings),
                cpu_s=self._used_s(backend.name),
                connections_peak=self._connections.get(backend.name),
            )
            for backend, lent, _ in self._lent
        )

    def _used_s(self, name: str) -> float | None:
        edges = self._cpu_s.get(name, [])
        return edges[-1] - edges[0] if len(edges) > 1 else None
