"""The Locust user that scenarios are written on."""

import errno
import random
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

import gevent
import httptools
from locust import User, events
from locust.env import Environment
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_RUNNING

from results.plan import Asked, Parameters
from runners import parameters
from runners.load.connection import Connection
from runners.load.errors import ClosedEarlyError, ConnectTimeoutError, ExchangeError, excerpt
from runners.load.pacer import Pacer
from runners.load.recorder import CONNECT_TIMEOUT, TIMEOUT, Recorder
from runners.load.streaming import StreamConnection

DEFAULT_TIMEOUT_S = 10.0
SAFE_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

Expected = bytes | Callable[[bytes], bool] | None
"""The exact body of a right answer, or what says whether a body is right; None: any is."""


class Reporter(Protocol):
    """Where a user's requests are taken down."""

    closing: bool
    over: bool

    def join(self) -> int: ...

    def endpoint(self, method: str, name: str) -> int: ...

    def begin(self, user: int, endpoint: int, intended: int) -> None: ...

    def good(self, user: int, ended: int) -> None: ...

    def streamed(self, user: int, ended: int, first_byte: int) -> None: ...

    def failed(self, user: int, kind: str, *, answered: bool, example: str, ended: int = 0) -> None: ...

    def connected(self, endpoint: int, started: int, ended: int) -> None: ...


@dataclass(kw_only=True)
class Conduct:
    """What all users of a process have in common; the bench sets it before they are spawned.

    Attributes:
        recorder: takes requests down; None: Locust's own statistics do.
        pacer: gives each request its moment in an open profile.
        asked: what to ask where that is no scenario.
        timeout_s, connect_timeout_s: of an answer; of connecting, at most.
        keep_alive: whether a connection serves more than one request.
        stamps: whether the kernel says when answers came, so that it does not matter when they are read.
        connection: makes one, with the arguments of `Connection`, which speaks HTTP/1.1.
        streams: makes one that looks at when the first byte comes.
    """

    recorder: Recorder | None = None
    pacer: Pacer | None = None
    asked: Asked | None = None
    timeout_s: float = DEFAULT_TIMEOUT_S
    connect_timeout_s: float = DEFAULT_TIMEOUT_S
    keep_alive: bool = True
    stamps: bool = False
    connection: Callable[..., Connection] = Connection
    streams: Callable[..., Connection] = StreamConnection


class BenchUser(User):
    """Sends requests over one connection and checks every answer.

    A scenario is a subclass that names its `scenario` and has a `@task` that calls `get` or `request`. Under the
    bench, requests go to its recorder; under `locust -f`, to Locust's own statistics.
    """

    abstract = True
    scenario: ClassVar[Mapping[str, Any]] = {}
    """The locustfile's `SCENARIO`."""
    times_first_byte: ClassVar[bool] = False
    """Whether it is also taken down when the first byte of each answer's body came."""
    conduct: ClassVar[Conduct] = Conduct()

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        address = urlsplit(self.host or "")
        if address.scheme != "http" or not address.hostname:
            raise ValueError("--host must be given as http://ADDRESS:PORT")
        assert environment.parsed_options is not None
        if self.scenario:
            options = environment.parsed_options
            self.parameters = _parameters(self.scenario, options)
            paths = self.scenario["paths"] | self.scenario.get("more_paths", {})
            if options.variant not in paths:
                raise ValueError(f"--variant {options.variant}: it is one of {', '.join(paths)}")
            self.path: str = paths[options.variant].format_map(self.parameters)
        conduct = self.conduct
        make = conduct.streams if self.times_first_byte else conduct.connection
        self.connection = make(
            address.hostname,
            address.port or 80,
            conduct.timeout_s,
            connect_timeout_s=conduct.connect_timeout_s,
            keeps=conduct.keep_alive,
            stamps=conduct.stamps,
            connected=self._connected,
        )
        self._fields = {"Host": address.netloc.rpartition("@")[2], "Accept": "*/*"}
        if not conduct.keep_alive:
            self._fields["Connection"] = "close"
        self._pacer = conduct.pacer
        self._reporter: Reporter = conduct.recorder or LocustReporter(environment, self._length)
        self._number = self._reporter.join()
        self._good = self._streamed if self.times_first_byte else self._reporter.good
        self._endpoint = 0
        self._gets: dict[str | tuple[str, str], tuple[int, Any]] = {}
        if type(self).wait_time is User.wait_time and not any(isinstance(one, type) for one in self.tasks):
            self.tasks = [type(self)._work]

    def get(self, path: str, expect: Expected, *, status: int = 200, name: str | None = None) -> bool:
        """Send one GET and wait for its answer; whether it was good, which is one of `status` and body `expect`.

        `name` is the endpoint that it counts for, where that is not the path itself.
        """
        key = path if name is None else (path, name)
        prepared = self._gets.get(key)
        if prepared is None:
            endpoint = self._reporter.endpoint("GET", name or path)
            prepared = self._gets[key] = (endpoint, self._prepared("GET", path, {}, b""))
        return self._exchange(*prepared, expect, status, path)

    def request(
        self,
        method: str,
        path: str,
        expect: Expected,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        status: int = 200,
        name: str | None = None,
    ) -> bool:
        """As `get`, with any method but HEAD, headers, and a body, whose length is added to the headers."""
        if method not in SAFE_METHODS:
            raise ValueError(f"method {method!r} is none of {', '.join(SAFE_METHODS)}")
        endpoint = self._reporter.endpoint(method, name or path)
        return self._exchange(endpoint, self._prepared(method, path, headers or {}, body), expect, status, path)

    def _exchange(self, endpoint: int, request: Any, expect: Expected, status: int, path: str) -> bool:
        reporter, number = self._reporter, self._number
        if reporter.closing:
            raise StopUser
        intended = 0 if self._pacer is None else self._pacer.take()
        self._endpoint = endpoint
        reporter.begin(number, endpoint, intended)
        try:
            got = self.connection.exchange(request)
        except (OSError, httptools.HttpParserError, ExchangeError) as error:
            return self._fail(path, error)
        if reporter.over:
            raise StopUser
        body, ended = self.connection.body, self.connection.arrived_ns
        if got == status and (body == expect or expect is None or (callable(expect) and expect(body))):
            self._good(number, ended)
            return True
        kind = "wrong body" if got == status else f"status {got}"
        reporter.failed(number, kind, answered=True, example=f"{path}: {got} {excerpt(body)}", ended=ended)
        return False

    def _fail(self, path: str, error: Exception, *, answered: bool = False) -> bool:
        """Take down that a request ended with an error."""
        if self._reporter.over:
            raise StopUser from error
        kind = _kind(error)
        example = error.example if isinstance(error, ExchangeError) else kind
        self._reporter.failed(self._number, kind, answered=answered, example=f"{path}: {example}")
        # What fails at once, as a refused connection does, has not let anybody else run yet.
        gevent.sleep(0)
        return False

    def _work(self) -> None:
        """The one task that Locust sees: the scenario's own, one after another until Locust ends the user.

        Locust's loop between two tasks costs about as much as a request does.
        """
        tasks: list[Any] = list(type(self).tasks)
        while self._state == LOCUST_STATE_RUNNING:
            (tasks[0] if len(tasks) == 1 else random.choice(tasks))(self)

    @property
    def connections_opened(self) -> int:
        """Connections that were made so far."""
        return self.connection.opened

    @property
    def answers_read(self) -> int:
        """Answers that were read so far."""
        return self.connection.answers

    def _length(self) -> int:
        """Of the last answer, in bytes."""
        return len(self.connection.body)

    def _streamed(self, number: int, ended: int) -> None:
        self._reporter.streamed(number, ended, self.connection.first_byte_ns)

    def _connected(self, began: int, ended: int) -> None:
        self._reporter.connected(self._endpoint, began, ended)

    def _prepared(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Any:
        own = dict(self._fields)
        if body or method in ("POST", "PUT", "PATCH"):
            own["Content-Length"] = str(len(body))
        given = {name.lower() for name in headers}
        fields = {name: value for name, value in own.items() if name.lower() not in given} | dict(headers)
        if any(character in text for text in (path, *fields, *fields.values()) for character in "\r\n"):
            raise ValueError(f"{method} {path!r}: no line breaks may be in a path or a header")
        return self.connection.prepared(method, path, fields, body)


class LocustReporter:
    """Passes requests of one user on to Locust's own statistics, for `locust -f` by hand."""

    closing = over = False

    def __init__(self, environment: Environment, length: Callable[[], int]) -> None:
        self._environment = environment
        self._length = length
        self._endpoints: list[tuple[str, str]] = []
        self._current = ("", "")
        self._started = 0

    def join(self) -> int:
        return 0

    def endpoint(self, method: str, name: str) -> int:
        if (method, name) not in self._endpoints:
            self._endpoints.append((method, name))
        return self._endpoints.index((method, name))

    def begin(self, user: int, endpoint: int, intended: int) -> None:
        self._current, self._started = self._endpoints[endpoint], time.monotonic_ns()

    def good(self, user: int, ended: int) -> None:
        self._fire(None, self._length(), ended)

    def streamed(self, user: int, ended: int, first_byte: int) -> None:
        self.good(user, ended)  # Locust has no statistics of first bytes

    def failed(self, user: int, kind: str, *, answered: bool, example: str, ended: int = 0) -> None:
        self._fire(Exception(example), self._length() if answered else 0, ended)

    def connected(self, endpoint: int, started: int, ended: int) -> None:
        pass  # Locust has no statistics of connections

    def _fire(self, exception: Exception | None, length: int, ended: int) -> None:
        method, name = self._current
        ended = ended if ended > self._started else time.monotonic_ns()
        self._environment.events.request.fire(
            request_type=method,
            name=name,
            response_time=(ended - self._started) / 1e6,
            response_length=length,
            exception=exception,
            context={},
        )


def _kind(error: Exception) -> str:
    """What kind of failure an exception of `Connection.exchange` is, in a few words."""
    if isinstance(error, ExchangeError):
        return error.kind
    if isinstance(error, ConnectTimeoutError):
        return CONNECT_TIMEOUT
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


def _parameters(scenario: Mapping[str, Any], options: Namespace) -> Parameters:
    """Those that the bench gave, or that were set by hand, beside the scenario's own."""
    choices = scenario.get("parameters", {})
    if hasattr(options, "parameters"):
        return dict(options.parameters)
    wanted = parameters.parse(options.set or [])
    parameters.check_names(wanted, list(choices))
    first = {name: values[:1] for name, values in wanted.items()}
    return parameters.combinations(choices, scenario.get("most", {}), first)[0]


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]  # as Locust has it
def _add_options(parser: ArgumentParser, **_: Any) -> None:
    parser.add_argument("--variant", default="sync", help="which of the scenario's views to ask")
    parser.add_argument("--set", action="append", metavar="NAME=VALUE", help="one of the scenario's parameters")
