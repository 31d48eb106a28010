"""`check`: two versions of a real project, as its users run it; whatever comes of it, nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from results.store import CheckStore
from tests.conftest import CommandLine, Finished
from tests.projects import VIEWS, commit, make
from tests.runners.test_versions import everything, git
from tests.serving import started

LOGIN = "from django.contrib.auth.decorators import login_required"
LOCUSTFILE = """from locust import HttpUser, task
from runners.load.user import BenchUser


class Shopper(BenchUser):
    @task
    def look(self):
        print("looking " * 20)
        self.get("/products/?by=shopper", lambda body: b"product 49" in body)
"""
TELLING = VIEWS.replace("    rows", "    if request.GET: print(request.GET['by'], flush=True)\n    rows")
SLOWER = TELLING.replace("    rows", "    sum(number * number for number in range(60_000))\n    rows")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make(tmp_path / "shop")


@pytest.fixture(autouse=True)
def nothing_left_in_temporary_folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Of what the bench makes; in a folder of its own, as another bench may run on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield
        assert not list(Path(folder).glob("bench-*"))


class Checker:
    """Runs checks of one project."""

    def __init__(self, bench: CommandLine, project: Path) -> None:
        self.bench, self.project = bench, project

    def check(self, *arguments: str, timeout_s: float = 100) -> Finished:
        out = self.bench.folder / "check"
        before = everything(self.project)
        done = self.bench.run(
            *("check", "--project", str(self.project), "--path", "/products/", "--out", str(out), *arguments),
            timeout_s=timeout_s,
        )
        assert everything(self.project) == before, "the user's repository is exactly as it was"
        return Finished(done.code, done.out, done.err, out)


@pytest.fixture
def checker(bench: CommandLine, shop: Path) -> Checker:
    return Checker(bench, shop)


def change(project: Path, views: str) -> None:
    (project / "shop" / "views.py").write_text(views)


@pytest.mark.long
@pytest.mark.timeout(150)
def test_a_version_that_takes_much_longer_regresses(checker: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked by a locustfile of its own."""
    change(checker.project, TELLING)
    commit(checker.project, "say who asks")
    change(checker.project, SLOWER)
    commit(checker.project, "slower")
    summary = checker.bench.folder / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    locustfile = checker.bench.folder / "shoppers.py"
    locustfile.write_text(LOCUSTFILE)
    asked = ("--locustfile", str(locustfile), "--env", "SHOP_KEY=hush-hush")
    done = checker.check("--base", "main~1", "--head", "main", "--blocks", "3", *asked, timeout_s=140)
    assert done.code == 1, done.err
    found = CheckStore(done.directory).read()
    assert found.verdict == "regressed"
    assert found.apps["head"].environment["SHOP_KEY"] == ""
    assert not [path for path in done.directory.rglob("*.*") if b"hush-hush" in path.read_bytes()]
    assert found.question.asked is not None
    assert found.question.asked.locustfile == str(locustfile)
    for side in ("base", "head"):
        assert "shopper" in (done.directory / "logs" / f"01-{side}-server.log").read_text()
    assert found.decision is not None
    # Which metric shows it within three blocks is the machine's; that both tell of it is not.
    losses = {one.metric: one.loss for one in found.decision.effects}
    assert len(losses) == 4
    assert min(losses["throughput"], losses["CPU per request"]) > 0.5
    assert found.trial is not None
    assert [one.number for one in found.blocks] == list(range(1, len(found.blocks) + 1))
    assert {one.first for one in found.blocks} == {"base", "head"}
    assert all(one.good and not one.failed for block in found.blocks for one in block.slices)
    assert found.versions["head"].commit == git(checker.project, "rev-parse", "main")
    assert "throughput" in done.out
    assert "A/A noise" in done.out
    page = (done.directory / "check.md").read_text()
    assert "| throughput, req/s |" in page
    assert summary.read_text() == f"before\n{page}\n"
    suite = ElementTree.fromstring((done.directory / "junit.xml").read_bytes())  # our own
    assert suite.get("tests") == "4"
    assert suite.findall(".//failure")
    assert (done.directory / "forest.png").stat().st_size > 10_000


@pytest.mark.long
@pytest.mark.timeout(200)
def test_a_version_beside_busy_neighbours_is_not_slower_than_itself(checker: Checker) -> None:
    """A loop on each CPU takes half of it from the servers, and half of the load's: that is no version's fault.

    Whether one look suffices to pass depends on the machine.
    """
    loops = [
        subprocess.Popen([sys.executable, "-c", f"import os; os.sched_setaffinity(0, [{cpu}])\nwhile True: pass"])
        for cpu in os.sched_getaffinity(0)
    ]
    try:
        done = checker.check(
            *("--base", "main", "--server", "gunicorn-sync", "--max-time", "80s", "--json"), timeout_s=180
        )
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    assert done.code in (0, 3), done.out + done.err
    assert done.json()["decision"]["verdict"] in ("passed", "inconclusive")


@pytest.mark.long
@pytest.mark.timeout(150)
def test_a_version_that_takes_very_much_longer_regresses_too(checker: Checker) -> None:
    """So long that there is no time for requests at a rate: that is said, and the rest decides."""
    change(checker.project, VIEWS.replace("    rows", "    import time; time.sleep(0.1)\n    rows"))
    asked = ("--server", "gunicorn-sync", "--blocks", "3", "--max-time", "60s")
    done = checker.check("--base", "main", *asked, timeout_s=140)
    assert done.code == 1, done.out + done.err
    found = CheckStore(done.directory).read()
    assert found.decision is not None
    assert [one.metric for one in found.decision.effects] == ["throughput", "CPU per request"]
    assert found.decision.effects[0].loss > 10
    assert (len(found.blocks), found.question.rules.looks) == (3, (3,))
    assert "an answer takes too long for requests at a rate" in done.out
    assert "p50 and p95: too few blocks have it" in done.out


def test_a_locustfile_whose_users_cannot_be_measured_is_refused(checker: Checker) -> None:
    locustfile = checker.bench.folder / "shoppers.py"
    locustfile.write_text(LOCUSTFILE.replace("(BenchUser)", "(HttpUser)"))
    done = checker.check("--base", "main", "--locustfile", str(locustfile))
    assert done.code == 4
    assert "Shopper in" in done.err
    assert "is no BenchUser: see docs/checking.md" in done.err


@pytest.mark.long
@pytest.mark.timeout(90)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_was_measured_and_leaves_nothing(checker: Checker, number: signal.Signals) -> None:
    out = checker.bench.folder / "check"
    asked = ("--project", str(checker.project), "--path", "/products/", "--base", "main", "--out", str(out))
    with started(checker.bench, "check", *asked) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("[1]"):
                break
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130, said
    assert "bench: interrupted" in said
    found = CheckStore(out).read()
    assert [one.number for one in found.blocks] == [1]
    assert found.verdict == "inconclusive"


@pytest.mark.long
def test_a_version_that_fails_is_broken(checker: Checker) -> None:
    change(checker.project, VIEWS.replace("    rows", "    raise ValueError('out of stock')\n    rows"))
    done = checker.check("--base", "main")
    assert done.code == 4
    assert "broken: the head answers 500 to /products/ where the base answers 200" in done.out
    assert "Server Error (500)" in done.out
    suite = ElementTree.fromstring((done.directory / "junit.xml").read_bytes())  # our own
    assert suite.get("errors") == "1"


def test_a_version_that_answers_differently_is_told_apart(checker: Checker) -> None:
    change(checker.project, VIEWS.replace("product {", "item {"))
    done = checker.check("--base", "main")
    assert done.code == 4
    assert "different: the versions answer /products/ with different bodies" in done.out
    assert "+<ul><li>item 0" in done.out
    assert "--different-answers" in done.out


def test_a_version_that_cannot_be_imported_is_broken(checker: Checker) -> None:
    change(checker.project, "import nothing_of_that_name\n")
    done = checker.check("--base", "main")
    assert done.code == 4
    assert "broken: the head" in done.out
    assert "nothing_of_that_name" in done.out


def test_a_base_that_cannot_be_imported_is_said_to_be_it(checker: Checker) -> None:
    settings = checker.project / "shop" / "settings.py"
    sound = settings.read_text()
    settings.write_text(f"{sound}\nimport nothing_of_that_name\n")
    commit(checker.project, "break it")
    settings.write_text(sound)
    done = checker.check("--base", "main")
    assert done.code == 2
    assert "bench: the base cannot be served: project shop: its settings shop.settings cannot be loaded" in done.err
    assert "nothing_of_that_name" in done.err


@pytest.mark.long
@pytest.mark.timeout(120)
def test_a_version_that_hangs_is_broken(checker: Checker) -> None:
    change(checker.project, VIEWS.replace("    rows", "    import time; time.sleep(60)\n    rows"))
    done = checker.check("--base", "main", "--start-timeout", "6")
    assert done.code == 4
    assert "broken: the head" in done.out
    assert "listens but did not answer within 6 s" in done.out
    assert json.loads((done.directory / "check.json").read_text())["trouble"]["kind"] == "hangs"


@pytest.mark.long
def test_a_login_is_said_to_be_one(checker: Checker) -> None:
    change(
        checker.project,
        VIEWS.replace(
            "def products",
            "from django.contrib.auth.decorators import login_required\n\n\n@login_required\ndef products",
        ),
    )
    commit(checker.project, "login")
    done = checker.check("--base", "main")
    assert done.code == 4
    assert "the base sends /products/ to a login (/accounts/login/?next=/products/)" in done.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--base", "no-such-branch"), "'no-such-branch' is neither a commit of"),
        (("--base", "main", "--regression", "2%", "--tolerance", "3%"), "let --tolerance be less than --regression"),
        (("--base", "main", "--max-time", "5s"), "too short for any verdict"),
        (("--base", "main", "--server", "gunicron-sync"), "did you mean gunicorn-sync?"),
        (("--base", "main", "--python", "/usr/bin/true"), "does not run"),
        (("--base", "main", "--scenario", "hello"), "--project and --scenario do not go together"),
        (("--base", "main", "--setup", "false"), "the command 'false' exited with code 1"),
        (("--base", "main", "--locustfile", "no-such.py"), "'no-such.py' does not exist"),
        (("--base", "main", "--blocks", "2"), "2 is not in the range 3<=x<=1000"),
    ],
)
def test_what_cannot_be_checked_is_said_at_once(checker: Checker, arguments: tuple[str, ...], says: str) -> None:
    done = checker.check(*arguments)
    assert done.code == 2, done.err
    assert says in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("wrong", [("--server", "gunicron-sync"), ("--server-cpus", "4096")])
def test_nothing_is_set_up_for_what_cannot_be_checked(checker: Checker, tmp_path: Path, wrong: tuple[str, ...]) -> None:
    done = checker.check("--base", "main", "--setup", f"touch {tmp_path / 'set-up'}", *wrong)
    assert done.code == 2, done.err
    assert not (tmp_path / "set-up").exists()
    assert not done.directory.exists()


@pytest.mark.long
@pytest.mark.timeout(240)
def test_versions_with_other_dependencies_have_environments_of_their_own(checker: Checker) -> None:
    """Of two small packages each version needs one, and says whether it has the other."""
    project = checker.project
    for name in ("one", "two"):
        package = project / "packages" / name
        package.mkdir(parents=True)
        (package / "pyproject.toml").write_text(f'[project]\nname = "needed-{name}"\nversion = "1"\n')
        (package / f"needed_{name}.py").write_text("")
    django = subprocess.run(
        [sys.executable, "-c", "import django; print(django.__version__)"], capture_output=True, text=True, check=True
    ).stdout.strip()
    has = "from importlib.util import find_spec\nHAS = [one for one in ('one', 'two') if find_spec(f'needed_{one}')]\n"
    change(project, f"{has}{VIEWS}".replace("<ul>{rows}", "<p>needed: {HAS}<ul>{rows}"))
    for name in ("one", "two"):
        (project / "requirements.txt").write_text(f"django=={django}\n./packages/{name}\n")
        commit(project, name)
    done = checker.check("--base", "main~1", "--head", "main", timeout_s=220)
    assert done.code == 4, done.err
    assert "each has an environment of its own" in done.out
    assert "-<p>needed: ['one']" in done.out
    assert "+<p>needed: ['two']" in done.out
