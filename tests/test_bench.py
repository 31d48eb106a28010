"""The command line as its users meet it, on real servers."""

import json
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench import main
from results.errors import BenchError
from results.plan import SCHEMA_VERSION
from runners import choosing, servers
from runners.app import BENCH_APP, Environment
from runners.servers import Server
from tests.conftest import BRIEF, ROOT, CommandLine, Finished

CASE_KEYS = {
    "case", "server", "interface", "scenario", "variant", "parameters", "profile", "repeats", "verdict", "reasons",
    "throughput_rps", "latency_ms", "requests", "failures", "starved_users", "cpu_ms_per_request", "memory_peak_mib",
    "rank", "rank_to", "ratio_to_best", "service_time_ms", "first_byte_ms", "connect_ms", "endpoints",
    "switches_per_request", "threads_peak", "descriptors_peak", "worker_shares",
}  # fmt: skip


@pytest.mark.alone
def test_the_main_job(bench: CommandLine) -> None:
    done = bench.measure("--server", "uvicorn", *BRIEF, "--users", "8", drawn=True)
    assert done.code == 0, done.err
    found = done.json()
    assert (found["schema"], found["run"]) == (1, str(done.directory))
    assert [case["case"] for case in found["cases"]] == [
        f"uvicorn/{scenario}/{variant}" for scenario in ("cpu", "hello", "sleep") for variant in ("sync", "async")
    ]
    for case in found["cases"]:
        assert set(case) == CASE_KEYS
        assert not done.codes(case["case"])
        assert case["verdict"] == "valid" or case["reasons"]
        assert case["throughput_rps"]["value"] > 0
        assert (case["throughput_rps"]["low"], case["throughput_rps"]["high"]) == (None, None)
        assert set(case["latency_ms"]) == {"p50", "p90", "p99", "p999", "max"}
        assert case["cpu_ms_per_request"] > 0
        assert case["memory_peak_mib"] > 10
        assert case["profile"]["users"] == 8
    for scenario in ("cpu", "hello", "sleep"):
        for chart in ("throughput", "latency", "heatmap", "cost"):
            for kind in ("svg", "png"):
                assert (done.directory / "charts" / f"{scenario}-{chart}.{kind}").stat().st_size > 5_000
    record = done.record("uvicorn-sleep-async-1")
    assert record["command"][:2] == ["uvicorn", "bench_app.asgi:application"]
    assert {"python", "django", "uvicorn", "uvloop", "httptools"} <= set(record["versions"])
    assert "locust" in record["load_versions"]
    assert record["budget"]["server_cpus"]
    assert len(list((done.directory / "logs").glob("*-server.log"))) == 6


@pytest.mark.alone
def test_a_sync_worker_serves_one_at_a_time_and_others_overlap(bench: CommandLine) -> None:
    done = bench.measure(
        *("--server", "gunicorn-sync", "--server", "uvicorn", "--server", "gunicorn-gevent", "--scenario", "sleep"),
        *("--variant", "sync", "--users", "8", "--workers", "1", "--duration", "1", "--warmup", "0.3", "--repeat", "1"),
    )
    rates = {case["server"]: case["throughput_rps"]["value"] for case in done.json()["cases"]}
    assert rates["uvicorn"] > 3 * rates["gunicorn-sync"]
    assert rates["gunicorn-gevent"] > 3 * rates["gunicorn-sync"]


def test_async_views_under_gunicorn_gevent_are_shown_as_what_they_do(bench: CommandLine) -> None:
    done = bench.measure("--server", "gunicorn-gevent", "--scenario", "sleep", "--variant", "async", *BRIEF, drawn=True)
    assert done.code == 4
    case = done.case("gunicorn-gevent/sleep/async")
    assert case["verdict"] == "invalid"
    assert case["failures"]["status 500"] > 0
    assert "nothing valid was left to show" in done.err
    report = (done.directory / "report.md").read_text()
    # asgiref's own words or asyncio's, whichever notices first.
    assert re.search("RuntimeError: .*event loop", report)
    assert 'File "<python>/' in report, "places of the machine do not go into records"
    assert sys.prefix not in report


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A run of both variants of hello against a well-behaved fake server, as seen on a screen."""
    bench = CommandLine(tmp_path_factory.mktemp("finished"), "good")
    arguments = ("--server", "fake-good", "--scenario", "hello", *BRIEF, "--out", "run")
    done = bench.run(*arguments, directory=bench.folder)
    return replace(done, directory=bench.folder / "run")


def test_a_table_and_the_path_of_the_report_come_last(finished: Finished) -> None:
    assert finished.code == 0, finished.err
    lines = finished.out.splitlines()
    assert "hello: closed profile, 32 users, 0.6 s after 0.2 s of warm-up" in lines[0]
    assert any(line.split()[1:3] == ["fake-good", "async"] for line in lines)
    assert any(line.startswith("One repeat: there is no interval") for line in lines)
    assert lines[-1] == "Report: run/report.html"
    assert "[2/2] fake-good/hello/" in finished.err


def test_quiet_shows_results_only(finished: Finished, tmp_path: Path) -> None:
    bench = CommandLine(tmp_path, "good")
    done = bench.run("run", "--quiet", "--resume", "run", directory=finished.directory.parent)
    assert (done.code, done.err) == (0, "")
    assert done.out == finished.out


def test_a_report_is_drawn_again_from_records_alone(finished: Finished, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(finished.directory / "plan.json", elsewhere)
    shutil.copytree(finished.directory / "records", elsewhere / "records")
    assert main(["report", str(elsewhere)]) == 0
    for name in ("report.html", "report.md", "charts/hello-latency.svg"):
        assert (elsewhere / name).read_text() == (finished.directory / name).read_text()


def test_a_report_may_be_left_for_later(tmp_path: Path) -> None:
    bench = CommandLine(tmp_path, "good")
    case = ("--server", "fake-good", "--scenario", "hello", "--variant", "sync", *BRIEF)
    done = bench.run(*case, "--out", "run", "--no-report", directory=tmp_path)
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1] == "Report: python bench.py report run"
    directory = tmp_path / "run"
    assert not {"report.html", "report.md", "charts"} & {path.name for path in directory.iterdir()}
    assert main(["report", str(directory)]) == 0
    assert (directory / "charts" / "hello-latency.svg").is_file()


def test_listing(bench: CommandLine) -> None:
    done = bench.run("list")
    assert done.code == 0
    for name in (*servers.discover(), "hello", "sleep", "cpu"):
        assert any(line.split()[:2] == [name, "yes"] for line in done.out.splitlines()), done.out
    there = "yes" if sys.version_info >= (3, 12) else "no"
    assert any(line.split()[:2] == ["tasks", there] for line in done.out.splitlines())
    assert ("tasks needs python 3.12 or newer (3.11." in done.out) == (there == "no")
    found = bench.run("list", "--json").json()
    assert [one["name"] for one in found["servers"]] == list(servers.discover())
    assert {one["name"]: not one["lack"] for one in found["scenarios"]}["tasks"] == (there == "yes")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--server", "uvicron"], "did you mean uvicorn?"),
        (["--scenario", "slep"], "did you mean sleep?"),
        (["--server", "zzz"], "there are: daphne, fastapi, granian-asgi"),
        (["lst"], "No such command 'lst'"),
        (["--users", "0"], "--users"),
        (["--users", "-5"], "--users"),
        (["--users", "1000000000"], "--users"),
        (["--users", "many"], "--users"),
        (["--duration", "0"], "--duration"),
        (["--duration", "nan"], "--duration"),
        (["--duration", "inf"], "--duration"),
        (["--warmup", "-1"], "--warmup"),
        (["--timeout", "61"], "--timeout"),
        (["--repeat", "0"], "--repeat"),
        (["--workers", "0"], "--workers"),
        (["--threads", "-1"], "--threads"),
        (["--connections", "0"], "--connections"),
        (["--seed", "-1"], "--seed"),
        (["--variant", "both"], "there is no variant 'both'"),
        (["--set", "ms"], "--set 'ms' is no setting"),
        (["--set", "rounds=1"], "there is no parameter 'rounds'"),
        (["--scenario", "orm-read", "--set", "query=all"], "it is one of row, list, related, lazy"),
        (["--scenario", "orm-read", "--set", "connections=pool"], "SQLite has no pool of connections"),
        (["--database", "mysql"], "--database"),
        (["--database-url", "mysql://a/b"], "--database-url is not the address"),
        (["--database", "sqlite", "--database-url", "postgresql://a/b"], "do not go together"),
        (["--redis-url", "http://a"], "--redis-url is not the address"),
        (["list", "--scenario", "sleep"], "--scenario means nothing without --matrix"),
        (["list", "--project", ".", "--server", "uvicorn"], "--server means nothing to list --project"),
        (["list", "--project", ".", "--setup", "true"], "No such option"),
        (["check", "--base", "main", "--path", "/x"], "--path means nothing without --project\n       add --project\n"),
        (["serve", "--server", "null", "--scenario", "sleep"], "server null cannot serve scenario sleep"),
        (["--server-cpus", "4096"], "no CPU 4096"),
        (["--load-cpus", "a"], "'a' is not a list of CPUs"),
        (["--out", "/dev/null/run"], "cannot write to /dev/null/run"),
        (["--resume", "/nowhere"], "/nowhere is not a run"),
        (["report", "/nowhere"], "/nowhere is not a run"),
        (["--resume", "/nowhere", "--users", "5"], "--users does not go with --resume"),
    ],
)
def test_wrong_use_is_one_clear_line(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.out == ""
    assert "Traceback" not in shown.err


def test_a_taken_port_is_refused_with_its_owner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert main(["--server", "uvicorn", "--port", str(port), "--out", str(tmp_path / "run")]) == 2
    assert f"port {port} is taken by " in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_an_app_that_fails_on_import_shows_its_own_error(tmp_path: Path) -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for name in tracked:
        if name.endswith(".py") and not name.startswith("tests/"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    with (tmp_path / "bench_app" / "settings.py").open("a") as settings:
        settings.write('\nraise RuntimeError("SECRET_KEY is not set")\n')
    done = subprocess.run(
        [sys.executable, "bench.py", "--server", "uvicorn"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "RuntimeError: SECRET_KEY is not set" in done.stderr
    assert "app bench_app cannot be imported (bench_app.asgi:application)" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_missing_dependency_is_named_with_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "bench.py"), "list"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "is not installed" in done.stderr
    assert f"-m pip install -r {ROOT / 'requirements.txt'}" in done.stderr


def test_no_server_available(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = Server(
        name="absent", summary="s", interface="wsgi", distribution="no-such", uses=(), command=lambda *_: ["no-such"]
    )
    monkeypatch.setattr(servers, "discover", lambda: {"absent": absent})
    with pytest.raises(BenchError, match="absent is not available: no-such is not installed") as caught:
        choosing.servers([], Environment.of(BENCH_APP))
    assert "pip install" in caught.value.hint


def test_a_record_of_a_newer_schema(finished: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    newer = shutil.copytree(finished.directory, tmp_path / "newer")
    path = newer / "records" / "fake-good-hello-sync-1.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 99}))
    assert main(["report", str(newer)]) == 2
    assert f"has schema 99; this bench reads up to {SCHEMA_VERSION}" in capsys.readouterr().err


def test_a_run_is_not_resumed_with_other_versions(
    finished: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    older = shutil.copytree(finished.directory, tmp_path / "older")
    path = older / "records" / "fake-good-hello-sync-1.json"
    record = json.loads(path.read_text())
    record["versions"]["django"] = "1.0"
    path.write_text(json.dumps(record))
    (older / "records" / "fake-good-hello-async-1.json").unlink()
    monkeypatch.setattr(servers, "__path__", [*servers.__path__, str(finished.directory.parent / "fakes")])
    assert main(["--resume", str(older)]) == 2
    assert "was begun with other versions: django 1.0, and here it is" in capsys.readouterr().err
