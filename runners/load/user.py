"""The Locust user that scenarios are written on."""

import errno
import random
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

import gevent
import httptools
from locust import User, events
from locust.env import Environment
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_RUNNING

from runners.load.connection import ClosedEarlyError, Connection
from runners.load.recorder import TIMEOUT, Recorder

DEFAULT_TIMEOUT_S = 10.0
EXAMPLE_CHARACTERS = 60


class Reporter(Protocol):
    """Where a user's requests are taken down."""

    closing: bool

    def join(self) -> int: ...

    def begin(self, user: int) -> int: ...

    def good(self, user: int, started: int) -> None: ...

    def failed(self, user: int, started: int, kind: str, *, answered: bool, example: str) -> None: ...


class BenchUser(User):
    """Sends requests over one connection and checks every answer.

    A scenario is a subclass that names its `scenario` and has one `@task` that calls `get`. Under the bench,
    requests go to its recorder; under `locust -f`, to Locust's own statistics.
    """

    abstract = True
    scenario: ClassVar[Mapping[str, Any]] = {}
    """The locustfile's `SCENARIO`."""
    recorder: ClassVar[Recorder | None] = None
    timeout_s: ClassVar[float] = DEFAULT_TIMEOUT_S

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        address = urlsplit(self.host or "")
        if address.scheme != "http" or not address.hostname:
            raise ValueError("--host must be given as http://ADDRESS:PORT")
        assert environment.parsed_options is not None
        self.path: str = self.scenario["paths"][environment.parsed_options.variant]
        self.connection = Connection(address.hostname, address.port or 80, self.timeout_s)
        self._authority = address.netloc
        self._requests: dict[str, bytes] = {}
        self._reporter: Reporter = self.recorder or LocustReporter(environment, self.path)
        self._number = self._reporter.join()
        if type(self).wait_time is User.wait_time and not any(isinstance(one, type) for one in self.tasks):
            self.tasks = [type(self)._work]

    def get(self, path: str, expect: bytes) -> None:
        """Send one GET and wait for its answer, which is good if it is a 200 with exactly the body `expect`."""
        if self._reporter.closing:
            raise StopUser
        request = self._requests.get(path)
        if request is None:
            request = self._requests[path] = self._request("GET", path)
        started = self._reporter.begin(self._number)
        try:
            status = self.connection.exchange(request)
        except (OSError, httptools.HttpParserError) as error:
            kind = _kind(error)
            self._reporter.failed(self._number, started, kind, answered=False, example=f"GET {path}: {kind}")
            # What fails at once, as a refused connection does, has not let anybody else run yet.
            gevent.sleep(0)
            return
        body = self.connection.body
        if status == 200 and body == expect:
            self._reporter.good(self._number, started)
        else:
            kind = "wrong body" if status == 200 else f"status {status}"
            example = f"GET {path}: {status} {_excerpt(body)}"
            self._reporter.failed(self._number, started, kind, answered=True, example=example)

    def _work(self) -> None:
        """The one task that Locust sees: the scenario's own, one after another until Locust ends the user.

        Locust's loop between two tasks costs about as much as a request does.
        """
        tasks: list[Any] = list(type(self).tasks)
        while self._state == LOCUST_STATE_RUNNING:
            (tasks[0] if len(tasks) == 1 else random.choice(tasks))(self)

    def _request(self, method: str, path: str) -> bytes:
        return f"{method} {path} HTTP/1.1\r\nHost: {self._authority}\r\nAccept: */*\r\n\r\n".encode("ascii")


class LocustReporter:
    """Passes requests on to Locust's own statistics, for `locust -f` by hand."""

    closing = False

    def __init__(self, environment: Environment, name: str) -> None:
        self._environment = environment
        self._name = name

    def join(self) -> int:
        return 0

    def begin(self, user: int) -> int:
        return time.monotonic_ns()

    def good(self, user: int, started: int) -> None:
        self._fire(started, None)

    def failed(self, user: int, started: int, kind: str, *, answered: bool, example: str) -> None:
        self._fire(started, Exception(example))

    def _fire(self, started: int, exception: Exception | None) -> None:
        self._environment.events.request.fire(
            request_type="GET",
            name=self._name,
            response_time=(time.monotonic_ns() - started) / 1e6,
            response_length=0,
            exception=exception,
            context={},
        )


def _kind(error: Exception) -> str:
    """What kind of failure an exception of `Connection.exchange` is, in a few words."""
    if isinstance(error, TimeoutError):
        return TIMEOUT
    if isinstance(error, ClosedEarlyError):
        return "closed early"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "reset"
    if isinstance(error, OSError):
        return errno.errorcode.get(error.errno or 0, type(error).__name__)
    return "not HTTP"


def _excerpt(body: bytes) -> str:
    text = " ".join(body[: 4 * EXAMPLE_CHARACTERS].decode(errors="replace").split())
    return text if len(text) <= EXAMPLE_CHARACTERS else f"{text[:EXAMPLE_CHARACTERS]}..."


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]  # as Locust has it
def _add_variant(parser: ArgumentParser, **_: Any) -> None:
    parser.add_argument("--variant", choices=("sync", "async"), default="sync", help="which twin of the view to ask")
