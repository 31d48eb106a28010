"""The pacer of an open profile: hands every arrival to a free connection at the moment it is due.

The kernel's `timerfd` wakes gevent's event loop with an error of some tens of microseconds, more on a CPU that had
fallen asleep, where the loop's own timers go by milliseconds. So it is set to a moment somewhat before the one that is
due, and that one is watched for. A due arrival is handed over by switching straight to the greenlet that has waited for
one: it sends before anything else is done.
"""

import ctypes
import math
import os
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import numpy as np

from results.plan import Arrivals

NS = 1_000_000_000
NEVER_NS = 2**62
CHUNK = 1024
EARLY_NS, EARLY_SHARE = 200_000, 0.15
"""How long before a moment to wake and watch for it: at most so long, and at most so much of the mean time between two,
as to watch takes the CPU."""
NAP_NS = 30_000
"""A sleep that is shorter than this costs as much as to watch."""
IDLE_ROUND_NS = 5_000
"""A round of the loop that is shorter has served nobody: to read an answer takes longer."""
HIGHEST_PRIORITY = 2
"""libev's EV_MAXPRI: of several events that are ready the timer's is served first."""

# <sys/timerfd.h>; os.timerfd_create came with Python 3.13.
CLOCK_MONOTONIC = 1
TFD_TIMER_ABSTIME = 1


class _Specification(ctypes.Structure):
    """`struct itimerspec`."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


_libc = ctypes.CDLL(None, use_errno=True)
_set_time = _libc.timerfd_settime
_set_time.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]


class Timer:
    """Calls `due`, in the event loop, at the moment that was last set; one moment at a time."""

    def __init__(self, due: Callable[[], None]) -> None:
        self._file = _libc.timerfd_create(CLOCK_MONOTONIC, os.O_CLOEXEC | os.O_NONBLOCK)
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._specification = _Specification()
        self._address = ctypes.addressof(self._specification)
        self._watcher = gevent.get_hub().loop.io(self._file, 1, priority=HIGHEST_PRIORITY)
        self._watcher.start(due)

    def set(self, moment_ns: int) -> None:
        """Set the moment, of the monotonic clock; one that has passed is due at once.

        Setting is also what takes back that the timer is due, so `due` must set the next moment.
        """
        self._specification.value_s, self._specification.value_ns = divmod(moment_ns, NS)
        if _set_time(self._file, TFD_TIMER_ABSTIME, self._address, None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def close(self) -> None:
        self._watcher.stop()
        self._watcher.close()
        os.close(self._file)


def arrivals(
    kind: Arrivals, rate_rps: float, *, start_ns: int, end_ns: int, seed: int, part: int = 0, parts: int = 1
) -> Iterator[int]:
    """The moments in ns, from `start_ns` and before `end_ns`, at which requests arrive at `rate_rps`.

    Of `parts` processes each asks for its own `part`; together they make the whole. A Poisson process is the sum of
    independent Poisson processes of a part of its rate; a uniform one is dealt out in turn.
    """
    if kind == "uniform":
        for number in range(part, math.ceil((end_ns - start_ns) * rate_rps / NS), parts):
            yield start_ns + int(number * NS / rate_rps)
        return
    random = np.random.default_rng([seed, part, parts])
    moment = float(start_ns)
    while True:
        gaps = random.exponential(parts * NS / rate_rps, CHUNK)
        moments = moment + np.cumsum(gaps)
        moment = float(moments[-1])
        for each in moments.astype(np.int64).tolist():
            if each >= end_ns:
                return
            yield each


class Pacer:
    """Deals arrivals out, each at its moment, to the greenlets that `take` them: to the one that has been free longest.

    `drops`: whether an arrival that finds nobody free is dropped; otherwise it waits.
    """

    def __init__(self, *, drops: bool) -> None:
        self.waiting: deque[int] = deque()
        """Arrivals that are due and wait for a connection."""
        self.queued_ns = array("q")
        """Those that had to."""
        self.dropped_ns = array("q")
        self._moments: Iterator[int] = iter(())
        self._drops = drops
        self._free: deque[Any] = deque()
        self._hub = gevent.get_hub()
        self._next = NEVER_NS
        self._early_ns = 0
        self._timer = Timer(self._due)
        self.spun_ns = 0
        """For how long it has watched the clock while there was nothing to do."""
        self._spinner = self._hub.loop.idle(priority=HIGHEST_PRIORITY)
        self._spins = False
        self._looked_ns = 0

    def begin(self, moments: Iterator[int], rate_rps: float, *, early: bool = True) -> None:
        """Deal out arrivals at `moments`: ascending, in ns of the monotonic clock.

        `rate_rps` is how many there are a second, those of other processes included, which may share the CPU. `early`:
        whether to wake before them, to watch.
        """
        self._early_ns = min(EARLY_NS, round(EARLY_SHARE * NS / rate_rps)) if early else 0
        self._moments = moments
        self._next = next(moments, NEVER_NS)
        self._timer.set(self._next)

    @property
    def pending(self) -> bool:
        """Whether there are arrivals that nobody took: they wait, or are not dealt out yet."""
        return bool(self.waiting) or self._next != NEVER_NS

    def take(self) -> int:
        """Wait for the next arrival; when it should have been sent, in ns.

        One that is due already is taken by whoever comes back first, so that it is not late for longer.
        """
        if self.waiting:
            return self.waiting.popleft()
        due = self._next
        if due <= time.monotonic_ns():
            self._next = next(self._moments, NEVER_NS)
            return due
        self._free.append(gevent.getcurrent())
        moment: int = self._hub.switch()
        return moment

    def _due(self) -> None:
        """Deal out what is due, and see to it that this is called when the next is."""
        while (now := time.monotonic_ns()) >= self._next:
            moment = self._next
            self._next = next(self._moments, NEVER_NS)
            if self._free:
                self._free.popleft().switch(moment)
            elif self._drops:
                self.dropped_ns.append(moment)
            else:
                self.queued_ns.append(moment)
                self.waiting.append(moment)
        if self._next - now > self._early_ns + NAP_NS:
            if self._spins:
                self._spinner.stop()
                self._spins = False
            self._timer.set(self._next - self._early_ns)
        elif not self._spins:
            self._timer.set(NEVER_NS)
            self._spins, self._looked_ns = True, now
            self._spinner.start(self._look)

    def _look(self) -> None:
        """Look at the clock: libev calls an idle watcher once a round, and does not sleep as long as there is one."""
        now = time.monotonic_ns()
        round_ns = now - self._looked_ns
        if round_ns < IDLE_ROUND_NS:
            self.spun_ns += round_ns
        self._looked_ns = now
        # It is far when somebody who came back took the one that was near.
        if not 0 < self._next - now <= self._early_ns + NAP_NS:
            self._due()

    def close(self) -> None:
        self._spinner.stop()
        self._spinner.close()
        self._timer.close()


class LagMeter:
    """Measures how late the event loop is to serve a timer, `EVERY_NS` apart."""

    EVERY_NS = 10_000_000

    def __init__(self) -> None:
        self.lags_ns = array("q")
        self._next = NEVER_NS
        self._timer = Timer(self._due)

    def begin(self, start_ns: int) -> None:
        """Measure from `start_ns` on, of the monotonic clock, though it be past: what was missed since was late."""
        self._next = start_ns + self.EVERY_NS
        self._timer.set(self._next)

    def _due(self) -> None:
        now = time.monotonic_ns()
        self.lags_ns.append(now - self._next)
        # What was missed while the loop was away was late too, each moment by its own time.
        for missed in range(self._next + self.EVERY_NS, now, self.EVERY_NS):
            self.lags_ns.append(now - missed)
            self._next = missed
        self._next += self.EVERY_NS
        self._timer.set(self._next)

    def close(self) -> None:
        self._timer.close()
