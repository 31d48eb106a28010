"""What backends that are programs have in common: finding them, and running them as a user that may."""

import os
import pwd
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from results.errors import BenchError, ExitCode
from runners.backends import Missing
from runners.process import ManagedProcess, tail

POLL_S = 0.02


def find(name: str, folders: Sequence[Path] = ()) -> Path | None:
    """A program on the PATH, else in one of the folders, of which the last is the best."""
    on_path = shutil.which(name)
    candidates = [folder / name for folder in folders if os.access(folder / name, os.X_OK)]
    return candidates[-1] if candidates else Path(on_path) if on_path else None


def version(program: Path) -> tuple[int, ...]:
    """The first number with dots in what it says of its version; () if it says none."""
    try:
        done = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ()
    found = re.search(r"(\d+(?:\.\d+)+)", done.stdout)
    return tuple(map(int, found[1].split("."))) if found else ()


def missing(program: Path | None, name: str, least: int, package: str) -> Missing | None:
    """What is lacking where a program of version `least` or newer is needed, which Debian has in `package`."""
    install = f"apt-get install {package}"
    if program is None:
        return Missing(what=name, install=install)
    found = version(program)
    if found < (least,):
        what = f"{name} {least} or newer ({'.'.join(map(str, found)) or 'an unknown version'} is there)"
        return Missing(what=what, install=install)
    return None


def unprivileged(name: str) -> pwd.struct_passwd | None:
    """Whom a program that refuses to be root may be, if this is root: the user `name` if there is one, else nobody."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return pwd.getpwnam("nobody")


def as_user(user: pwd.struct_passwd | None, argv: Sequence[str]) -> list[str]:
    """The command, run by another user (util-linux's setpriv)."""
    if user is None:
        return list(argv)
    who = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *who, "--", *argv]


def wait_until(
    ready: Callable[[], bool], process: ManagedProcess, name: str, timeout_s: float, stop: Callable[[], None]
) -> None:
    """Wait until a backend is ready; otherwise `stop` it.

    Raises:
        BenchError: it ended, or is not within the time.
    """
    deadline = time.monotonic() + timeout_s
    trouble = f"was not ready within {timeout_s:g} s"
    while time.monotonic() < deadline:
        if process.exit_status() is not None:
            trouble = f"{process.how_it_ended()} when it was started"
            break
        if ready():
            return
        time.sleep(POLL_S)
    last = tail(process.log_path)
    stop()
    raise BenchError(
        f"backend {name} {trouble}", hint="see its log above", log_tail=last[-8:], exit_code=ExitCode.NOT_MEASURED
    )
