"""Versions of an app out of real repositories, which are as they were afterwards."""

import subprocess
from pathlib import Path

import pytest

from results.errors import BenchError
from runners.versions import checked_out


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder with its time and content."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits of `site/page.txt`, then a change, a new file and an ignored one."""
    top = tmp_path / "repository"
    site = top / "site"
    site.mkdir(parents=True)
    git(top, "init", "--quiet", "--initial-branch", "main")
    (top / ".gitignore").write_text("*.sqlite3\n")
    for text in ("first", "second"):
        (site / "page.txt").write_text(text)
        git(top, "add", "--all")
        git(top, "commit", "--quiet", "--message", text)
    (site / "page.txt").write_text("changed")
    (site / "new.txt").write_text("new")
    (site / "db.sqlite3").write_text("data")
    return top


def test_commits_and_the_working_tree_lie_side_by_side(repository: Path) -> None:
    before = everything(repository)
    with checked_out(repository / "site", "main~1", None) as found:
        base, head = found["base"], found["head"]
        assert (base.directory / "page.txt").read_text() == "first"
        assert (head.directory / "page.txt").read_text() == "changed"
        assert sorted(one.name for one in head.directory.iterdir()) == ["new.txt", "page.txt"], (
            "what git ignores no checkout has"
        )
        assert len(str(base.directory)) == len(str(head.directory))
        assert base.version.commit == git(repository, "rev-parse", "main~1")
        assert base.version.label == f"main~1 ({base.version.commit[:9]})"
        assert not base.version.dirty
        assert head.version.dirty
        (base.directory / "page.txt").write_text("whatever a server writes")
        folder = base.directory
    assert not folder.exists()
    assert everything(repository) == before
    assert git(repository, "worktree", "list").count("\n") == 0


def test_directories_are_taken_as_they_are(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with checked_out(repository / "site", str(other), str(repository / "site")) as found:
        assert found["base"].directory == other
        assert found["base"].version.commit is None
        assert found["head"].directory == repository / "site"
        assert found["head"].version.dirty
        assert not found["head"].own


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("no-such-branch", "neither a commit of"),
        ("./nowhere", "neither a commit of"),
        ("--help", "neither a commit of"),
    ],
)
def test_an_unknown_version_is_named(repository: Path, base: str, says: str) -> None:
    with pytest.raises(BenchError, match=says), checked_out(repository / "site", base, None):
        pass


def test_a_branch_that_only_the_remote_has_is_named_as_the_remote_has_it(repository: Path, tmp_path: Path) -> None:
    """As in CI, where a commit is checked out and no branch."""
    job = tmp_path / "job"
    git(tmp_path, "clone", "--quiet", str(repository), str(job))
    git(job, "checkout", "--quiet", "--detach", "main")
    git(job, "branch", "--quiet", "--delete", "main")
    with pytest.raises(BenchError, match="neither a commit of") as raised, checked_out(job / "site", "main", "HEAD"):
        pass
    assert "origin/main" in raised.value.hint
    with checked_out(job / "site", "origin/main", "HEAD") as found:
        assert found["base"].version.commit == git(repository, "rev-parse", "main")


def test_without_a_repository_directories_are_needed(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="in no git repository"), checked_out(tmp_path, "main", None):
        pass
    with pytest.raises(BenchError, match="in no git repository"), checked_out(tmp_path, str(tmp_path), None):
        pass


def test_a_commit_that_has_no_such_project_is_named(repository: Path) -> None:
    git(repository, "add", "--all")
    (repository / "later").mkdir()
    (repository / "later" / "manage.py").write_text("")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "later")
    with (
        pytest.raises(BenchError, match="commit main~1 has no directory later"),
        checked_out(repository / "later", "main~1", None),
    ):
        pass


def test_the_working_tree_of_a_hook_is_not_taken_for_another(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    with checked_out(repository / "site", "main", "main~1") as found:
        assert (found["head"].directory / "page.txt").read_text() == "first"
