"""Many charts drawn by as many processes as there are CPUs: matplotlib takes most of a second for each."""

import contextlib
import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from typing import TypeVar

T = TypeVar("T")
PR_SET_PDEATHSIG = 1
"""Of <linux/prctl.h>."""
# What is drawn is there already in what is forked; it would be slow to send, and histograms cannot be.
FORK = multiprocessing.get_context("fork")


def on_all_cpus(work: Callable[[T], object], items: Sequence[T]) -> None:
    """Call `work` for each item, in this process and in forks of it: only what it writes to files remains.

    Raises:
        Exception: the first of what `work` raised; items that it would have taken may be left out.
        RuntimeError: a process was ended from outside.
    """
    cpus = min(len(os.sched_getaffinity(0)), len(items))
    taken = FORK.Value("i", 0)
    ends = [FORK.Pipe(duplex=False) for _ in range(1, cpus)]
    others = [
        FORK.Process(target=_carry_out, args=(work, _shared(items, taken), end, os.getpid()), daemon=True)
        for _, end in ends
    ]
    try:
        for process, (_, end) in zip(others, ends, strict=True):
            process.start()
            end.close()
        for item in _shared(items, taken):
            work(item)
        for process, (told, _) in zip(others, ends, strict=True):
            with contextlib.suppress(EOFError):
                raise told.recv()
            process.join()
            if process.exitcode:
                raise RuntimeError(f"a process that was drawing ended with {process.exitcode}")
    finally:
        for process in others:
            if process.is_alive():
                process.terminate()
                process.join()


def _shared(items: Sequence[T], taken: "Synchronized[int]") -> Iterator[T]:
    """Those items that no other process takes first."""
    while True:
        with taken.get_lock():
            number = taken.value
            taken.value += 1
        if number >= len(items):
            return
        yield items[number]


def _carry_out(work: Callable[[T], object], items: Iterator[T], trouble: Connection, parent: int) -> None:
    """What a fork does; Ctrl-C is its parent's to handle, without which it does not go on."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        for item in items:
            work(item)
    except Exception as error:  # noqa: BLE001  # all of it is the parent's to raise
        trouble.send(error)
