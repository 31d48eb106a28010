"""The two versions of an app that a check compares: git's, each in a directory of its own, or directories as they are.

Nothing is written into the user's repository. A version is checked out into a repository of its own that borrows the
objects of the user's (gitrepository-layout(5), objects/info/alternates), so that theirs does not even learn of a
worktree, and a bench that is killed leaves nothing behind in it. Both lie at paths of equal length.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from results.blocks import SIDES, Side
from results.check import Version
from results.errors import BenchError

GIT_TIMEOUT_S = 120.0
OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""What git sets for hooks: another repository than the one that is asked about."""
NO_LOCKS = {"GIT_OPTIONAL_LOCKS": "0"}
"""Looking at a repository must not even refresh its index."""


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A version, its topmost directory and the project's in it; `own`: the bench made it, and may install beside it."""

    version: Version
    top: Path
    directory: Path
    own: bool

    @property
    def folders(self) -> tuple[Path, ...]:
        """The project's directory and those above it, up to the top."""
        directory, top = self.directory.resolve(), self.top.resolve()
        return directory, *(folder for folder in directory.parents if folder.is_relative_to(top))


@contextlib.contextmanager
def checked_out(project: Path, base: str, head: str | None) -> Iterator[dict[Side, Checkout]]:
    """Both versions of `project`, until the context ends; without `head` the working tree as it is now.

    Raises:
        BenchError: one is neither a commit nor a directory.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        wanted: dict[Side, str | None] = {"base": base, "head": head}
        yield {side: _checkout(project.resolve(), wanted[side], Path(folder) / side) for side in SIDES}


def _checkout(project: Path, wanted: str | None, destination: Path) -> Checkout:
    top = _top(project)
    if wanted is None:
        if top is None:
            raise BenchError(f"{project} is in no git repository", hint="name two directories: --base DIR --head DIR")
        _copy_working_tree(top, destination)
        version = Version(name="the working tree", commit=_commit(top, "HEAD"), dirty=_is_dirty(top))
        return Checkout(version=version, top=destination, directory=destination / project.relative_to(top), own=True)
    looks_like_path = "/" in wanted or wanted.startswith(".")
    commit = _commit(top, wanted) if top is not None else None
    if commit is None or (looks_like_path and Path(wanted).is_dir()):
        return _as_it_is(project, wanted)
    assert top is not None
    _check_out(top, commit, destination)
    directory = destination / project.relative_to(top)
    if not directory.is_dir():
        raise BenchError(f"commit {wanted} has no directory {project.relative_to(top)}")
    version = Version(name=wanted, commit=commit, dirty=False)
    return Checkout(version=version, top=destination, directory=directory, own=True)


def _as_it_is(project: Path, wanted: str) -> Checkout:
    directory = Path(wanted).absolute()
    if not directory.is_dir():
        top = _top(project)
        if top is None:
            raise BenchError(
                f"{wanted!r} is no directory, and {project} is in no git repository",
                hint="name a directory, or work in a repository",
            )
        raise BenchError(
            f"{wanted!r} is neither a commit of {top} nor a directory",
            hint="in CI, fetch the whole history (fetch-depth: 0) or that commit, and name a branch as origin/main",
        )
    top = _top(directory)
    commit, dirty = (_commit(top, "HEAD"), _is_dirty(top)) if top else (None, False)
    version = Version(name=wanted, commit=commit, dirty=dirty)
    return Checkout(version=version, top=top or directory, directory=directory, own=False)


def _check_out(top: Path, commit: str, destination: Path) -> None:
    """Check `commit` out into a new repository that borrows objects."""
    objects = Path(_git(top, "rev-parse", "--path-format=absolute", "--git-path", "objects"))
    destination.mkdir()
    _git(destination, "init", "--quiet")
    (destination / ".git" / "objects" / "info" / "alternates").write_text(f"{objects}\n")
    _git(destination, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", commit)


def _copy_working_tree(top: Path, destination: Path) -> None:
    """Copy what git has or would add: what it ignores a fresh checkout does not have either."""
    listed = _git(top, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    destination.mkdir()
    for name in filter(None, listed.split("\0")):
        source, copy = top / name, destination / name
        if source.is_symlink() or source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy, follow_symlinks=False)


def _top(directory: Path) -> Path | None:
    """The working tree that `directory` is in."""
    found = _try_git(directory, "rev-parse", "--show-toplevel")
    return Path(found) if found else None


def _commit(top: Path, name: str) -> str | None:
    return _try_git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")


def _is_dirty(top: Path) -> bool:
    return bool(_git(top, "status", "--porcelain"))


def _try_git(directory: Path, *arguments: str) -> str | None:
    done = _run_git(directory, *arguments)
    if "dubious ownership" in done.stderr:
        raise BenchError(
            f"git does not trust {directory}: it is somebody else's",
            hint=f"git config --global --add safe.directory {directory}",
        )
    return done.stdout.strip() if done.returncode == 0 else None


def _git(directory: Path, *arguments: str) -> str:
    done = _run_git(directory, *arguments)
    if done.returncode != 0:
        words = tuple(line for line in done.stderr.splitlines() if line.strip())
        raise BenchError(f"git {arguments[0]} in {directory} failed", log_tail=words[-6:])
    return done.stdout.strip()


def _run_git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["git", "-C", str(directory), *arguments],  # noqa: S607  # as the user has it
            capture_output=True,
            text=True,
            timeout=GIT_TIMEOUT_S,
            check=False,
            env={name: value for name, value in os.environ.items() if name not in OF_A_HOOK} | NO_LOCKS,
        )
    except FileNotFoundError as error:
        raise BenchError("git is not installed", hint="install it, or name two directories") from error
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"git {arguments[0]} in {directory} takes more than {GIT_TIMEOUT_S:g} s") from error
