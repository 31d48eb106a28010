"""`action.yml`: the script of its step, run as a job of GitHub's would, on repositories as GitHub checks them out."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.projects import VIEWS, commit, make
from tests.runners.test_versions import git

pytestmark = pytest.mark.long


def script() -> str:
    """What the step `Check` runs."""
    found = re.search(r"name: Check\n.*?run: \|\n(.*)", (ROOT / "action.yml").read_text(), re.DOTALL)
    assert found is not None
    return textwrap.dedent(found[1])


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job's folder: what was checked out shallowly, of a project whose settings are in its pyproject.toml.

    What is on the branch `main` has changed since the branch `change` left it; the merge of both is checked out.
    """
    origin = make(tmp_path / "origin")
    (origin / "pyproject.toml").write_text('[tool.bench]\npath = ["/products/"]\nserver = "gunicorn-sync"\n')
    commit(origin, "settings of the bench")
    git(origin, "checkout", "--quiet", "-b", "change")
    (origin / "shop" / "views.py").write_text(VIEWS.replace("product {", "item {"))
    commit(origin, "say item")
    git(origin, "checkout", "--quiet", "main")
    (origin / "README").write_text("newer\n")
    commit(origin, "something else")
    git(origin, "checkout", "--quiet", "-b", "merge")
    git(origin, "merge", "--quiet", "--no-edit", "change")
    return checked_out(origin, tmp_path / "job")


@pytest.fixture
def job_of_the_bench(tmp_path: Path) -> Path:
    """A job's folder with the bench itself checked out, whose own app answers differently since its last commit."""
    origin = tmp_path / "origin"
    shutil.copytree(ROOT, origin, ignore=shutil.ignore_patterns(".*", "published", "tests", "docs", "*.egg-info"))
    git(origin, "init", "--quiet")
    commit(origin, "start")
    views = origin / "bench_app" / "views" / "hello.py"
    views.write_text(views.read_text().replace("Hello, world!", "Good day, world!"))
    commit(origin, "greet")
    return checked_out(origin, tmp_path / "job")


def checked_out(origin: Path, job: Path) -> Path:
    """What HEAD of `origin` is, as actions/checkout leaves a pull request's: shallow, and without a branch."""
    job.mkdir()
    git(job, "init", "--quiet")
    git(job, "remote", "add", "origin", f"file://{origin}")
    merge = "refs/remotes/pull/1/merge"
    git(job, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", f"+{git(origin, 'rev-parse', 'HEAD')}:{merge}")
    git(job, "checkout", "--quiet", "--force", merge)
    return job


def run(job: Path, tmp_path: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    temporary = tmp_path / "temporary"
    (temporary / "bench" / "bin").mkdir(parents=True)
    # Not a link: that would be taken for an environment of its own.
    (temporary / "bench" / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (temporary / "bench" / "bin" / "python").chmod(0o755)
    variables = {
        **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
        "RUNNER_TEMP": str(temporary),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_ACTION_PATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "BASE": "",
        "BASE_OF_PULL_REQUEST": "",
        "PROJECT": ".",
        "PYTHON": "",
        "ARGUMENTS": "",
        **inputs,
    }
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script()]
    return subprocess.run(command, cwd=job, env=variables, capture_output=True, text=True, timeout=100, check=False)


def test_a_merge_is_compared_with_what_it_was_merged_into(job: Path, tmp_path: Path) -> None:
    """By the settings of the project alone, without an argument."""
    done = run(job, tmp_path, BASE_OF_PULL_REQUEST=git(tmp_path / "origin", "rev-parse", "main~1"))
    assert done.returncode == 4, done.stderr
    assert "different: the versions answer /products/ with different bodies" in done.stdout
    assert git(tmp_path / "origin", "rev-parse", "--short=9", "main") in done.stdout
    report = (tmp_path / "output").read_text().strip().removeprefix("report=")
    assert (Path(report) / "check.json").is_file()


@pytest.mark.parametrize("base", ["main", "v1"])
def test_a_branch_or_a_tag_that_was_not_checked_out_may_be_the_base(job: Path, tmp_path: Path, base: str) -> None:
    origin = tmp_path / "origin"
    git(origin, "tag", "--annotate", "--message", "first", "v1", "main~2")
    done = run(job, tmp_path, BASE=base, ARGUMENTS="--path /products/ --server gunicorn-sync")
    assert done.returncode == 4, done.stderr
    assert "different: the versions answer /products/ with different bodies" in done.stdout
    assert git(origin, "rev-parse", "--short=9", f"{base}^{{commit}}") in done.stdout


def test_a_whole_history_stays_whole(job: Path, tmp_path: Path) -> None:
    git(job, "fetch", "--quiet", "--unshallow", "origin", git(job, "rev-parse", "HEAD"))
    before = git(job, "rev-list", "HEAD")
    done = run(job, tmp_path, BASE="main", ARGUMENTS="--server nothing")
    assert "there is no server 'nothing'" in done.stderr
    assert git(job, "rev-list", "HEAD") == before
    assert git(job, "rev-parse", "--is-shallow-repository") == "false"


def test_arguments_are_those_of_a_command_line(job: Path, tmp_path: Path) -> None:
    done = run(job, tmp_path, BASE="HEAD^2", ARGUMENTS="--server 'no such server'")
    assert done.returncode == 2
    assert "'no such server'" in done.stderr


def test_the_own_app_of_the_bench_runs_by_what_the_bench_does(job_of_the_bench: Path, tmp_path: Path) -> None:
    """Though the job has a Python of its own: there is nothing in it, as with actions/setup-python."""
    python = tmp_path / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(python)], check=True)
    done = run(
        job_of_the_bench,
        tmp_path,
        PROJECT="",
        ARGUMENTS="--scenario hello",
        GITHUB_ACTION_PATH=str(job_of_the_bench),
        PATH=f"{python / 'bin'}:{os.environ['PATH']}",
    )
    assert done.returncode == 4, done.stderr
    assert "different: the versions answer /hello/async with different bodies" in done.stdout
