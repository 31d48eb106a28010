"""Runs one command and sees to it that nothing of it survives: not the bench's end, not even by `kill -9`.

    python guard.py FD GRACE_S CPUS ARGV...

The bench holds the writing end of the pipe FD. When it closes (because the bench asks, or because the bench is
gone), the command gets SIGTERM, and GRACE_S seconds later everything that descends from it SIGKILL. Orphans are
found because the guard is their subreaper. When the command ends by itself the rest of its family is ended the
same way, and the guard ends as the command did, so that its exit status is the command's.

Runs as a script with the standard library alone, outside the app's environment.
"""

import ctypes
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path

# <linux/prctl.h>
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def main(argv: list[str]) -> None:
    pipe, grace_s, cpus, command = int(argv[0]), float(argv[1]), argv[2], argv[3:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    for harmless in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(harmless, signal.SIG_IGN)
    os.set_inheritable(pipe, False)
    wakeup, notify = os.pipe()
    os.set_blocking(notify, False)
    signal.set_wakeup_fd(notify)
    signal.signal(signal.SIGCHLD, lambda *_: None)

    child = _start(command, {int(cpu) for cpu in cpus.split(",")}, libc)
    status = _wait(child, pipe, wakeup)
    if status is None:
        os.kill(child, signal.SIGTERM)
        status = _reap_until(child, time.monotonic() + grace_s)
    else:
        for pid in _descendants():
            _signal(pid, signal.SIGTERM)
        _reap_until(None, time.monotonic() + grace_s)
    while pids := _descendants():
        for pid in pids:
            _signal(pid, signal.SIGKILL)
        _reap_until(None, time.monotonic() + 0.1)
    _end_as(status)


def _start(command: list[str], cpus: set[int], libc: ctypes.CDLL) -> int:
    guard = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        # Should the guard itself be killed, the command goes with it.
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != guard:
            os._exit(1)
        os.setpgid(0, 0)
        os.sched_setaffinity(0, cpus)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for changed in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(changed, signal.SIG_DFL)
        os.execvpe(command[0], command, os.environ)  # noqa: S606  # no shell is wanted
    except OSError as error:
        os.write(2, f"cannot run {command[0]}: {error.strerror}\n".encode())
    os._exit(127)


def _wait(child: int, pipe: int, wakeup: int) -> int | None:
    """The command's wait status when it has ended, or None when the pipe was closed first."""
    while True:
        ready, _, _ = select.select([pipe, wakeup], [], [])
        if pipe in ready:
            return None
        os.read(wakeup, 4096)
        status = _reap(child)
        if status is not None:
            return status


def _reap(child: int | None) -> int | None:
    """Collect all that ended; the status of `child` if it is among them."""
    found = None
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                found = ended[1]
    except ChildProcessError:
        pass
    return found


def _reap_until(child: int | None, deadline: float) -> int | None:
    """Collect what ends until `child` did (without one: until nothing is left) or the deadline has passed."""
    while time.monotonic() < deadline:
        status = _reap(child)
        if status is not None or not _descendants():
            return status
        time.sleep(0.005)
    return _reap(child)


def _descendants() -> list[int]:
    """All processes below the guard, zombies too, the nearest first."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text(errors="replace")
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found = [os.getpid()]
    for pid in found:
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found[1:]


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _end_as(status: int | None) -> None:
    if status is None:
        sys.exit(0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    sys.exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main(sys.argv[1:])
