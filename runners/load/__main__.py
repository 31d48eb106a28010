"""Forks load processes: `python -m runners.load`.

Importing Locust and all else takes most of a second of CPU time: it is done once here, and every load process begins
with it. Orders come as lines on standard input, each is answered by a line on standard output: an `Order` by the id of
the process that carries it out, an id by the status with which that process ended.
"""

# First of all.
from runners.load import patched  # noqa: F401  # isort: skip

import ctypes
import gc
import os
import signal
import sys
import traceback
from pathlib import Path

import msgspec
from gevent.monkey import get_original
from gevent.os import fork_gevent

from runners.load import repeat, session, turns
from runners.load.job import Job, Order, TurnsJob

PR_SET_PDEATHSIG = 1
"""Of <linux/prctl.h>."""
close, waitpid = get_original("os", ["close", "waitpid"])
"""Those that gevent has in their place want its loop to run, which it does only in what is forked."""


def main() -> None:
    # What is there stays: no collector of a child need look at it, and so copy it.
    gc.collect()
    gc.freeze()
    while line := sys.stdin.buffer.readline():
        asked = msgspec.json.decode(line, type=Order | int)
        answer = _end(asked) if isinstance(asked, int) else _begin(asked)
        os.write(1, b"%d\n" % answer)


def _begin(order: Order) -> int:
    """Fork a process that carries out the order; its id."""
    appending = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    files = [
        os.open(path, flags) for path, flags in zip(order.files, (os.O_RDONLY, os.O_WRONLY, appending), strict=True)
    ]
    forker = os.getpid()
    pid: int = fork_gevent()
    if not pid:
        try:
            _become(order, files, forker)
            sys.stdout.flush()  # what users printed
        except BaseException:  # noqa: BLE001  # nothing may come out of a fork
            traceback.print_exc()
            os._exit(1)
        # Users that still wait for an answer are not worth winding down.
        os._exit(0)
    _lead(pid)
    for file in files:
        close(file)
    return pid


def _become(order: Order, files: list[int], forker: int) -> None:
    _lead(0)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != forker:
        return
    for number, file in enumerate(files):
        os.dup2(file, number)
        close(file)
    session.speak_apart()
    os.sched_setaffinity(0, order.cpus)
    if order.kind == "repeat":
        repeat.main(msgspec.json.decode(order.job, type=Job), Path(order.result))
    else:
        turns.main(msgspec.json.decode(order.job, type=TurnsJob), Path(order.result))


def _lead(pid: int) -> None:
    """Make a process the leader of a group, with which all that it starts can be ended.

    Called on both sides of the fork, so that it is one whoever comes first.
    """
    os.setpgid(pid, pid)


def _end(pid: int) -> int:
    """How a process ended, which is waited for, as `subprocess` has it; ends what it has left."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    # Before it is reaped, so that the group is still its own.
    os.killpg(pid, signal.SIGKILL)
    status: int = waitpid(pid, 0)[1]
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main()
