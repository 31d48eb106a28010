"""The contract that every server file keeps, checked on the real servers."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import runners.servers
from results.errors import BenchError
from results.plan import Budget
from runners.app import BENCH_APP, CONSTRAINTS, Environment
from runners.servers import Server, availability, discover
from tests.conftest import CommandLine, Finished

FOLDER = Path(runners.servers.__file__).parent
NAMES = sorted(discover())
WITH_APP = [name for name, one in discover().items() if not one.scenarios and not one.app_from_settings]
ENVIRONMENT = Environment.of(BENCH_APP)


@pytest.mark.parametrize("name", NAMES)
def test_a_server_file_is_short_and_says_what_it_is(name: str) -> None:
    server = discover()[name]
    source = (FOLDER / f"{name.replace('-', '_')}.py").read_text()
    assert len(source.splitlines()) <= 50
    imported = re.findall(r"^(?:from|import) (\S+)", source, re.MULTILINE)
    assert set(imported) <= {"pathlib", "results.plan", "runners.servers"}
    assert server.summary
    assert len(server.summary) <= 100


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_a_pure_function_of_bind_app_and_budget(name: str) -> None:
    server = discover()[name]
    budget = Budget(workers=30, threads=50, connections=700, server_cpus=(0,))
    argv = server.command("127.0.0.1:23456", "pkg.mod:app", budget)
    assert argv == server.command("127.0.0.1:23456", "pkg.mod:app", budget)
    text = " ".join(argv)
    assert "127.0.0.1" in text
    assert "23456" in text
    assert ("pkg.mod:app" in argv) == (name in WITH_APP)
    for part, value in (("workers", 30), ("threads", 50), ("connections", 700)):
        # waitress counts two connections more than others do, and gunicorn's threads are among its.
        assert any(str(number) in argv for number in (value, value + 2, value + 50)) == (part in server.uses)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("gunicorn")])
def test_no_configuration_of_a_project_plays_a_part(name: str, tmp_path: Path) -> None:
    (tmp_path / "gunicorn.conf.py").write_text("raise SystemExit('it was read')\n")
    found = availability([discover()[name]], ENVIRONMENT)[name]
    if not found.available:
        pytest.skip(f"{', '.join(found.missing)} is not installed; install it with: {found.install}")
    budget = Budget(workers=1, threads=1, connections=100, server_cpus=(0,))
    argv = found.server.command("127.0.0.1:0", "wsgiref.simple_server:demo_app", budget)
    done = subprocess.run(
        [sys.executable, "-m", *argv, "--check-config"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


LOOPS_AND_PARSERS = {"uvloop", "httptools", "gevent", "granian"}
IN_USE = {
    "uvicorn": {"uvloop", "httptools"}, "uvicorn-h11": set(), "gunicorn-uvicorn": {"uvloop", "httptools"},
    "gunicorn-asgi": {"uvloop"}, "hypercorn": {"uvloop"}, "daphne": set(), "granian-asgi": {"granian", "uvloop"},
    "gunicorn-sync": set(), "gunicorn-gthread": set(), "gunicorn-gevent": {"gevent"}, "uwsgi-gevent": {"gevent"},
    "uwsgi": set(), "uwsgi-threads": set(), "waitress": set(), "runserver": set(), "null": {"uvloop"},
    "fastapi": {"uvloop", "httptools"},
}  # fmt: skip
"""What event loops and parsers a server is said to run on, of those that are compiled."""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One run with a case for each server that is there, with two workers each."""
    found = availability([discover()[name] for name in NAMES], ENVIRONMENT)
    servers = [word for name, one in found.items() if one.available for word in ("--server", name)]
    load = ("--scenario", "hello", "--variant", "sync", "--users", "8", "--workers", "2")
    window = ("--duration", "1", "--warmup", "0.3", "--repeat", "1")
    return CommandLine(tmp_path_factory.mktemp("servers")).measure(*servers, *load, *window, timeout_s=280)


@pytest.mark.alone
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_a_server_serves_with_all_its_workers_and_keeps_what_it_promises(measured: Finished, name: str) -> None:
    found = availability([discover()[name]], ENVIRONMENT)[name]
    if not found.available:
        pytest.skip(f"{', '.join(found.missing)} is not installed; install it with: {found.install}")
    record = measured.record(f"{name}-hello-sync-1")
    # Eight users may fall on two workers by chance as six and two; and a gevent worker leaves connections waiting for
    # so long that one wait may last for most of a window of a second.
    starving = {"stuck-users"} if name == "gunicorn-gevent" else set()
    assert not measured.codes(f"{name}/hello/sync") - {"uneven-service", "uneven-workers"} - starving
    assert record["server"]["processes"] >= (2 if "workers" in discover()[name].uses else 1)
    assert record["server"]["cpu_s"] > 0
    log = (measured.directory / "logs" / f"{name}-hello-sync-1-server.log").read_text()
    assert log.count("\n") < record["load"]["requests_issued"] / 10, "none writes a line for each request"
    if name in IN_USE:
        assert set(record["server"]["extensions"]) & LOOPS_AND_PARSERS == IN_USE[name]
    assert set(found.versions.items()) <= set(record["versions"].items())
    reused = record["load"]["connections_opened"] < record["load"]["requests_issued"] / 10
    assert reused == ("keep-alive" in discover()[name].protocols)


def test_two_servers_of_one_name_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "another.py").write_text((FOLDER / "uvicorn.py").read_text())
    monkeypatch.setattr(runners.servers, "__path__", [*runners.servers.__path__, str(tmp_path)])
    with pytest.raises(BenchError, match="'uvicorn'"):
        discover()


def test_a_module_without_a_server_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty_module.py").write_text("")
    monkeypatch.setattr(runners.servers, "__path__", [*runners.servers.__path__, str(tmp_path)])
    with pytest.raises(BenchError, match="defines no SERVER"):
        discover()


def test_a_server_that_is_not_installed_is_unavailable_with_the_cure() -> None:
    def command(bind: str, app: str, budget: Budget) -> list[str]:
        return ["no-such-server", bind]

    absent = Server(
        name="absent", summary="s", interface="wsgi", distribution="no-such-server", uses=(), command=command
    )
    found = availability([absent], ENVIRONMENT)["absent"]
    assert not found.available
    assert found.missing == ("no-such-server",)
    assert found.install.endswith(f"-m pip install -c {CONSTRAINTS} no-such-server")


def test_a_program_with_its_own_interpreter_may_come_from_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "own-server"
    program.write_text("#!/bin/sh\necho 4.2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    def command(bind: str, app: str, budget: Budget) -> list[str]:
        return ["own-server", bind]

    server = Server(
        name="own",
        summary="s",
        interface="wsgi",
        distribution="own-server",
        embeds_python=True,
        uses=(),
        command=command,
    )
    assert availability([server], ENVIRONMENT)["own"].versions == {"own-server": "4.2"}
