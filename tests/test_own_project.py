"""A Django project of the user's own under `run` and `serve`: the same bench, another app."""

import re
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import httpx
import pytest

from tests.conftest import BRIEF, CommandLine
from tests.projects import make
from tests.serving import serving

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("project") / "shop", repository=False)


def test_deployments_of_a_project_are_compared(bench: CommandLine, shop: Path) -> None:
    (shop / "pyproject.toml").write_text('[tool.bench]\npath = ["3:/products/", "/products/?page=2"]\nusers = 4\n')
    done = bench.measure("--project", str(shop), "--server", "uvicorn", "--server", "gunicorn-sync", *BRIEF, drawn=True)
    assert done.code == 0, done.err
    assert {case["case"] for case in done.json()["cases"]} == {"gunicorn-sync/url", "uvicorn/url"}
    for server, argument in (("uvicorn", "shop.asgi:application"), ("gunicorn-sync", "shop.wsgi:application")):
        assert done.codes(f"{server}/url") == set()
        record = done.record(f"{server}-url-1")
        assert argument in record["command"]
        assert record["app"]["name"] == "shop"
        assert record["case"]["variant"] is None
        assert record["case"]["profile"]["users"] == 4
        endpoints = record["load"]["endpoints"]
        asked = {name: sum(second["good"] for second in seconds) for name, seconds in endpoints.items()}
        assert set(asked) == {"/products/", "/products/?page=2"}
        assert asked["/products/"] > 2 * asked["/products/?page=2"]
    assert "url" in (done.directory / "report.md").read_text()


def test_a_project_without_asgi_is_served_by_wsgi_alone(bench: CommandLine, shop: Path, tmp_path: Path) -> None:
    plain = make(tmp_path / "plain", repository=False)
    (plain / "shop" / "asgi.py").unlink()
    done = bench.measure("--project", str(plain), "--server", "uvicorn", *BRIEF)
    assert done.code == 2
    assert "app plain has no ASGI application" in done.err


def test_servers_are_listed_for_a_project(bench: CommandLine, shop: Path, tmp_path: Path) -> None:
    done = bench.run("list", "--project", str(shop))
    assert done.code == 0, done.err
    assert "Servers for shop" in done.out
    assert set(bench.run("list", "--project", str(shop), "--json").json()) == {"servers"}
    assert re.search(r"gunicorn-gevent +yes", done.out)
    plain = make(tmp_path / "plain", repository=False)
    (plain / "shop" / "asgi.py").unlink()
    done = bench.run("list", "--project", str(plain))
    assert re.search(r"gunicorn-gevent +yes", done.out)
    assert re.search(r"uvicorn +no", done.out)
    assert "uvicorn needs ASGI_APPLICATION in the settings: set it" in done.out
    done = bench.run("list", "--matrix", "--project", str(shop))
    assert (done.code, "--project and --matrix do not go together" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--server", "uvicron"), "did you mean uvicorn?"),
        (("--server", "uvicorn", "--server-cpus", "4096"), "no CPU 4096"),
        (("--server", "uvicorn", "--load-processes", "4", "--users", "2"), "4 load processes cannot share 2 users"),
        (("--server", "uvicorn", "--sweep-users", "some"), "is not a list of positive numbers"),
        (("--server", "uvicorn", "--slo", "fast"), "fast"),
    ],
)
def test_a_project_is_not_set_up_for_what_cannot_be(
    bench: CommandLine, shop: Path, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = bench.measure("--project", str(shop), "--setup", f"touch {tmp_path / 'set-up'}", *arguments)
    assert done.code == 2, done.err
    assert says in done.err
    assert not (tmp_path / "set-up").exists()


def test_a_project_is_not_set_up_for_a_directory_that_is_taken(bench: CommandLine, shop: Path, tmp_path: Path) -> None:
    setup = ("--setup", f"touch {tmp_path / 'set-up'}")
    done = bench.run("--project", str(shop), "--server", "uvicorn", *setup, "--out", str(bench.fakes.parent))
    assert (done.code, "is not empty" in done.err) == (2, True)
    assert not (tmp_path / "set-up").exists()


def test_an_unknown_server_has_nothing_installed(
    bench: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Into an interpreter of the project's own that lacks every server."""
    bare = make(tmp_path / "bare", repository=False)
    made = [sys.executable, "-m", "venv", "--without-pip", str(bare / ".venv")]
    subprocess.run(made, check=True)
    (site,) = (bare / ".venv" / "lib").glob("python*/site-packages")
    for name in ("django", "asgiref", "sqlparse"):
        info = metadata.distribution(name)
        for place in (name, f"{name}-{info.version}.dist-info"):
            (site / place).symlink_to(Path(str(info.locate_file(place))))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done = bench.run("--project", str(bare), "--server", "uvicron")
    assert (done.code, "did you mean uvicorn?" in done.err) == (2, True), done.err
    assert not list(tmp_path.glob("cache/*/overlay-*"))


def test_a_project_is_served(bench: CommandLine, shop: Path) -> None:
    with serving(bench, "--project", str(shop), "--server", "gunicorn-sync") as served:
        assert "shop.wsgi:application" in served.argv
        assert "product 49" in httpx.get(f"{served.address}/products/", trust_env=False).text
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--path", "/a/"), "--path means nothing without --target or --project"),
        (("--env", "A=1"), "--env means nothing without --project"),
        (("--project", ".", "--scenario", "hello"), "--project and --scenario do not go together"),
        (("--project", "."), "is no Django project: it has no manage.py"),
        (("--project", "tests", "--target", "http://127.0.0.1:1"), "--target and --project do not go together"),
    ],
)
def test_what_makes_no_sense_is_said(bench: CommandLine, arguments: tuple[str, ...], says: str) -> None:
    done = bench.run(*arguments)
    assert done.code == 2
    assert says in done.err
