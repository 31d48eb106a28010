"""The Locust user that WebSocket scenarios are written on."""

import itertools
from collections.abc import Callable
from urllib.parse import urlsplit

from locust.env import Environment
from locust.exception import StopUser

from runners.load.errors import ExchangeError
from runners.load.sockets import Right, Sockets
from runners.load.user import BenchUser
from runners.load.websocket import Message

METHOD = "WS"
"""What stands for the method where endpoints are named."""


class WebSocketUser(BenchUser):
    """Sends messages over WebSockets and checks every one that comes; `get` and `request` are there as well.

    It holds as many as the scenario's parameter `sockets` says, or one, to one path.
    """

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        address, conduct, path = urlsplit(self.host or ""), self.conduct, self.socket_path()
        self._shown = self.path if self.scenario else path
        self._sockets = Sockets(
            address.hostname or "",
            address.port or 80,
            path,
            int(self.parameters.get("sockets", 1)) if self.scenario else 1,
            conduct.timeout_s,
            connect_timeout_s=conduct.connect_timeout_s,
            keeps=conduct.keep_alive,
            connected=self._connected,
        )
        self._numbers = itertools.count()

    def socket_path(self) -> str:
        """Where its WebSockets lead to, asked once: the scenario's path, or one below it."""
        return self.path

    def send(self, message: Message, expect: Right, *, name: str | None = None) -> bool:
        """Send over the first one and wait for the answer; whether it was good.

        Send what differs from the message before: else a late answer may be taken for the next one. `name` is the
        endpoint that it counts for, where that is not the path itself.
        """
        return self._attempt(name, lambda: self._sockets.exchange(message, expect))

    def broadcast(self, text: str, wait_s: float, *, name: str | None = None) -> bool:
        """Send `text`, with a number before it, over one after the other, and wait until it has come to all.

        What has not come to K of N within `wait_s` fails as `lost K of N`; it may come later without harm.
        """
        number = next(self._numbers)

        def exchange() -> None:
            count = len(self._sockets)
            lost = self._sockets.broadcast(f"{number} {text}", number % count, wait_s)
            if lost:
                raise ExchangeError(f"lost {lost} of {count}", f"lost {lost} of {count} within {wait_s:g} s")

        return self._attempt(name, exchange)

    def _attempt(self, name: str | None, exchange: Callable[[], None]) -> bool:
        """One exchange, taken down from its begin to its end."""
        reporter = self._reporter
        if reporter.closing:
            raise StopUser
        shown = name or self._shown
        self._endpoint = reporter.endpoint(METHOD, shown)
        intended = 0 if self._pacer is None else self._pacer.take()
        reporter.begin(self._number, self._endpoint, intended)
        try:
            exchange()
        except (OSError, ExchangeError) as error:
            return self._fail(shown, error, answered=self._sockets.answered)
        if reporter.over:
            raise StopUser
        reporter.good(self._number, self._sockets.arrived_ns)
        return True

    @property
    def connections_opened(self) -> int:
        return super().connections_opened + self._sockets.opened

    @property
    def answers_read(self) -> int:
        return super().answers_read + self._sockets.answers

    def _length(self) -> int:
        last = self._sockets.last
        return len(last.encode() if isinstance(last, str) else last)
