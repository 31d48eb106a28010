"""The WebSockets that one user holds, and how it waits for what comes over them.

It asks over one and waits for the answer, or speaks to all and waits until all have heard.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import gevent
from gevent import socket

from runners.load.errors import ConnectTimeoutError, ExchangeError, excerpt
from runners.load.reading import AFTER_READING
from runners.load.websocket import Message, WebSocket

KNOWN_LOST = 1000
"""Messages that did not come in time, the latest ones, that may still come."""

Right = Message | Callable[[Message], bool] | None
"""The exact right answer, or what says whether one is right; None: any is."""


class LateError(TimeoutError):
    """What was waited for did not come in time; other time-outs are the system's."""


class Waiter:
    """The one greenlet that waits, until a deadline, for what happens in the event loop."""

    def __init__(self) -> None:
        self._hub = gevent.get_hub()
        self._greenlet: Any = None
        self._deadline = math.inf
        self._timer = self._hub.loop.timer(0)
        self._due = math.inf
        """When the timer looks at the time. It goes on from wait to wait, as setting one for each would be dear."""

    def wait(self, deadline: float) -> None:
        """Until somebody wakes it; LateError at the deadline, in s of the monotonic clock."""
        self._greenlet, self._deadline = gevent.getcurrent(), deadline
        if not self._timer.active or deadline < self._due:
            self._set_timer(deadline)
        try:
            self._hub.switch()
        finally:
            self._greenlet = None

    def wake(self) -> None:
        if self._greenlet is not None:
            self._greenlet.switch()

    def stop(self) -> None:
        self._timer.stop()

    def _set_timer(self, moment: float) -> None:
        self._timer.close()
        self._due = moment
        self._timer = self._hub.loop.timer(max(0.0, moment - time.monotonic()), priority=AFTER_READING)
        self._timer.start(self._look_at_the_time, update=True)

    def _look_at_the_time(self) -> None:
        if self._greenlet is None:
            return  # the next wait sets it again
        if time.monotonic() < self._deadline:
            self._set_timer(self._deadline)
        else:
            self._greenlet.throw(LateError("it did not come in time"))


class Sockets:
    """WebSockets to one path; made when they are needed, and again when they were lost.

    It serves one greenlet at a time. Nothing is sent twice. A connection that ended, and a message that came, while
    nobody waited is the failure of the next exchange. Whatever fails closes all of them, so that nothing late is taken
    for an answer to what comes after; but a message that got lost on its way to some does not.

    Args:
        address, port: of the server.
        path: of all of them.
        count: how many.
        timeout_s: for an exchange, connecting included.
        connect_timeout_s: for connecting, handshakes included.
        keeps: whether they are kept for the next exchange.
        connected: as for `WebSocket`.

    Attributes:
        answers: exchanges so far that something was read for.
        answered: whether that is so of the last one.
        last: the last message that came.
        arrived_ns: when the latest of all messages came, on the monotonic clock.
    """

    def __init__(
        self,
        address: str,
        port: int,
        path: str,
        count: int,
        timeout_s: float,
        *,
        connect_timeout_s: float | None = None,
        keeps: bool = True,
        connected: Callable[[int, int], None] = lambda _began, _ended: None,
    ) -> None:
        self.answers = self.arrived_ns = 0
        self.answered = False
        self.last: Message = ""
        self._path, self._timeout_s, self._keeps = path, timeout_s, keeps
        self._connect_timeout_s = min(timeout_s, connect_timeout_s or timeout_s)
        family, _, _, _, where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        self._sockets = [
            WebSocket(family, where, host=(address, port), happened=partial(self._happened, place), connected=connected)
            for place in range(count)
        ]
        self._waiter = Waiter()
        self._until: Callable[[], bool] | None = None
        self._trouble: Exception | None = None
        self._take: Callable[[int, Message], None] = self._take_unasked
        self._came: list[Message] = []
        self._said: Message = ""
        self._missing: set[int] = set()
        self._lost: dict[Message, set[int]] = {}
        """Messages that did not come in time, and the places where they are still missing."""

    def __len__(self) -> int:
        return len(self._sockets)

    @property
    def opened(self) -> int:
        """Connections made so far."""
        return sum(one.opened for one in self._sockets)

    def exchange(self, message: Message, right: Right) -> None:
        """Send over the first one, and wait for the answer, which is to be `right`.

        Raises:
            ExchangeError: it is not, there were several, or the handshake was refused or the connection closed.
            OSError: as for `Connection.exchange`.
        """
        with self._exchange() as deadline:
            self._came, self._take = [], self._take_answer
            self._sockets[0].send(message)
            self._wait(lambda: bool(self._came), deadline)
            self._take = self._take_unasked
            if len(self._came) > 1:
                raise _unasked(self._came[1])
            answer = self._came[0]
            if not (answer == right or right is None or (callable(right) and right(answer))):
                raise ExchangeError("wrong message", f"wrong message {_shown(answer)}")

    def broadcast(self, message: Message, sender: int, wait_s: float) -> int:
        """Send over the one at place `sender`, and wait until it has come to all, `wait_s` at most; to how many not.

        The message must be like none before. One that comes later than it was waited for is neither counted nor
        taken for another.

        Raises:
            ExchangeError: something else came, or it came twice to one; else as for `exchange`.
            OSError: as for `Connection.exchange`.
        """
        with self._exchange() as deadline:
            self._said, self._missing, self._take = message, set(range(len(self._sockets))), self._take_delivery
            self._sockets[sender].send(message)
            try:
                self._wait(lambda: not self._missing, min(deadline, time.monotonic() + wait_s))
            except LateError:
                self._lost[message] = self._missing
                if len(self._lost) > KNOWN_LOST:
                    del self._lost[next(iter(self._lost))]
        return len(self._missing)

    def close(self) -> None:
        """Close all that are open; the next exchange makes others."""
        self._waiter.stop()
        self._trouble = None
        self._take = self._take_unasked
        self._lost.clear()
        for one in self._sockets:
            one.close()

    @contextmanager
    def _exchange(self) -> Iterator[float]:
        """What both ways have in common: sockets that are open, and an end; gives the deadline."""
        self.answered = False
        try:
            deadline = time.monotonic() + self._timeout_s
            self._check()
            self._open(deadline)
            yield deadline
        except BaseException:
            self.close()
            raise
        finally:
            self.answers += self.answered
        if not self._keeps:
            self.close()

    def _open(self, deadline: float) -> None:
        """One after the other: those who meet in a room do not come at once, and to one worker."""
        for one in self._sockets:
            if one.is_open:
                continue
            one.connect(self._path)
            until = min(deadline, time.monotonic() + self._connect_timeout_s)
            try:
                self._wait(lambda one=one: one.is_open, until)  # type: ignore[misc]
            except LateError as late:
                raise ConnectTimeoutError("no connection in time") from late

    def _wait(self, until: Callable[[], bool], deadline: float) -> None:
        self._until = until
        try:
            while not until():
                self._check()
                self._waiter.wait(deadline)
        finally:
            self._until = None

    def _check(self) -> None:
        """Raise what has happened that should not have."""
        if self._trouble is not None:
            raise self._trouble

    # What is called in the event loop.

    def _happened(self, place: int, messages: list[Message], error: Exception | None) -> None:
        for message in messages:
            self.last = message
            self._take(place, message)
        self.arrived_ns = max(self.arrived_ns, self._sockets[place].arrived_ns)
        if isinstance(error, ExchangeError) and error.answered:
            self.answered = True
        self._trouble = self._trouble or error
        if self._until is not None and (self._trouble is not None or self._until()):
            self._waiter.wake()

    def _take_answer(self, place: int, message: Message) -> None:
        self.answered = True
        self._came.append(message)

    def _take_unasked(self, place: int, message: Message) -> None:
        self._trouble = self._trouble or _unasked(message)

    def _take_delivery(self, place: int, message: Message) -> None:
        if message == self._said:
            self.answered = True
            if place in self._missing:
                self._missing.discard(place)
            else:
                self._trouble = self._trouble or ExchangeError("delivered twice", f"twice {_shown(message)}")
        elif place in self._lost.get(message, ()):
            self._lost[message].discard(place)
        else:
            self._trouble = self._trouble or ExchangeError("wrong message", f"wrong message {_shown(message)}")


def _unasked(message: Message) -> ExchangeError:
    return ExchangeError("unasked message", f"unasked message {_shown(message)}")


def _shown(message: Message) -> str:
    return excerpt(message.encode() if isinstance(message, str) else message)
