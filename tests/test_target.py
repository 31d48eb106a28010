"""`--target`: a server that the bench did not start, of which it knows nothing but what it answers."""

import json
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench import main
from runners import host
from tests.conftest import BRIEF, CommandLine, Finished
from tests.counting_server import CountingServer

pytestmark = pytest.mark.long

CASE, RECORD = "target/url", "target-url-1"
USERS = ("--users", "4")
NOBODY = "http://192.0.2.1:8000"  # for documentation, RFC 5737


@dataclass(frozen=True)
class Measured:
    """A run against a server that counted what it was asked."""

    done: Finished
    server: CountingServer
    bench: CommandLine


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    """Two paths in turn, under a server that runs until the tests have ended."""
    bench = CommandLine(tmp_path_factory.mktemp("target"))
    with CountingServer() as server:
        paths = ("--path", "/first", "--path", "/hello/second?ms=50")
        done = bench.measure("--target", address(server), *paths, *USERS, *BRIEF, drawn=True)
        yield Measured(done, server, bench)


def address(server: CountingServer) -> str:
    name = f"[{server.address}]" if ":" in server.address else server.address
    return f"http://{name}:{server.port}"


def test_every_request_to_a_target_is_counted(measured: Measured) -> None:
    done, asked = measured.done, measured.server.requests
    assert done.code == 0, done.err
    counts = done.case(CASE)["requests"]
    assert counts["good"] == counts["sent"] > 0
    issued = done.record(RECORD)["load"]["requests_issued"]
    assert sum(asked.values()) == issued + 2, "and each path was asked for once before"
    assert set(asked) == {"GET /first", "GET /hello/second?ms=50"}
    assert max(asked.values()) - min(asked.values()) <= 4, "users ask for one after the other"
    assert done.case(CASE)["throughput_rps"]["value"] > 0


def test_a_path_of_a_target_is_asked_by_its_weight(tmp_path: Path) -> None:
    with CountingServer() as server:
        paths = ("--path", "3:/often", "--path", "/seldom")
        done = CommandLine(tmp_path).measure("--target", address(server), *paths, *USERS, *BRIEF)
    assert done.code == 0, done.err
    often, seldom = server.requests["GET /often"] - 1, server.requests["GET /seldom"] - 1
    assert seldom > 0
    assert abs(often - 3 * seldom) <= 3 * 4, "but for the round that each of four users is in"


def test_each_path_has_figures_of_its_own(measured: Measured) -> None:
    case = measured.done.case(CASE)
    endpoints = case["endpoints"]
    assert set(endpoints) == {"/first", "/hello/second?ms=50"}
    assert sum(one["good"] for one in endpoints.values()) == case["requests"]["good"]
    for one in endpoints.values():
        assert 0 < one["p50_ms"] <= (one["p99_ms"] or one["p50_ms"])


def test_what_is_not_known_of_a_target_is_null(measured: Measured) -> None:
    record, case = measured.done.record(RECORD), measured.done.case(CASE)
    assert [record[name] for name in ("command", "budget", "app", "server", "breakdown")] == [None] * 5
    assert (record["case"]["interface"], record["case"]["variant"]) == (None, None)
    assert (record["host"]["foreign_cpu_s"], record["host"]["stolen_s"]) == (None, None)
    assert (record["versions"], record["environment"], record["protocols"]) == ({}, {}, [])
    assert (record["path"], record["port"]) == ("/first", measured.server.port)
    for name in ("interface", "variant", "cpu_ms_per_request", "memory_peak_mib", "switches_per_request"):
        assert case[name] is None
    assert not measured.done.codes(CASE)
    plan = json.loads((measured.done.directory / "plan.json").read_text())
    assert plan["target"]["url"] == address(measured.server)


def test_a_run_against_a_target_is_resumed(measured: Measured, tmp_path: Path) -> None:
    begun = shutil.copytree(measured.done.directory, tmp_path / "begun")
    (begun / "records" / f"{RECORD}.json").unlink()
    done = measured.bench.run("--json", "--resume", str(begun))
    assert done.code == 0, done.err
    assert done.case(CASE)["requests"]["good"] > 0


def test_a_run_against_a_target_is_drawn_again_without_it(
    measured: Measured, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(measured.done.directory, tmp_path / "copy")
    drawn = (copy / "report.md").read_text()
    assert main(["report", str(copy)]) == 0
    assert "target" in capsys.readouterr().out
    assert (copy / "report.md").read_text() == drawn
    assert address(measured.server) in drawn


def test_another_status_may_be_the_right_one(measured: Measured, bench: CommandLine) -> None:
    """And a text can be asked for; here both, at a rate."""
    url = f"{address(measured.server)}/status/404"
    expected = ("--expect-status", "404", "--expect-text", '"path": "/status/404"')
    done = bench.measure("--target", url, *expected, "--rate", "100", "--arrivals", "uniform", *BRIEF)
    assert done.code == 0, done.err
    case = done.case(f"{CASE}/100rps")
    assert 59 <= case["requests"]["good"] == case["requests"]["sent"] <= 62
    assert done.record("target-url-100rps-1")["path"] == "/status/404"


def test_a_target_at_an_address_of_version_6(bench: CommandLine) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this needs IPv6 on loopback: {error}")
    with CountingServer("::1") as server:
        url = f"{address(server)}/own?name=value"
        done = bench.measure("--target", url, "--expect-text", "name=value", *USERS, *BRIEF)
        assert done.code == 0, done.err
        assert done.case(CASE)["requests"]["good"] > 0
        assert {one.headers["host"] for one in server.asked} == {f"[::1]:{server.port}"}
        assert set(server.requests) == {"GET /own?name=value"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--path", "/status/404"), "answers 404 to /status/404, not 200"),
        (("--path", "/first", "--path", "/status/500"), "answers 500 to /status/500, not 200"),
        (("--expect-status", "204"), "answers 200 to /, not 204"),
        (("--expect-text", "moon"), "'moon' is not in its answer to /"),
    ],
)
def test_a_target_that_answers_otherwise_is_not_measured(
    measured: Measured, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    out = tmp_path / "run"
    assert main(["--target", address(measured.server), *arguments, "--out", str(out)]) == 4
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_a_target_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{host.free_port()}"
    assert main(["--target", url, "--out", str(tmp_path / "run")]) == 4
    assert f"target {url} does not answer" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", "--load-cpus", "4096"), "is not an http URL"),
        (("127.0.0.1:8000",), "is not an http URL"),
        (("localhost",), "is not an http URL"),
        (("https://127.0.0.1:8443",), "TLS is not spoken"),
        (("ftp://127.0.0.1",), "is not an http URL"),
        (("http://",), "is not an http URL"),
        (("http://127.0.0.1:http",), "is not a URL"),
        (("http://127.0.0.1:70000",), "is not a URL"),
        (("http://127.0.0.1:0",), "is not a URL"),
        (("http://[::1",), "is not a URL"),
        (("http://somebody:secret@127.0.0.1:8000",), "credentials in a URL would be recorded"),
        (("http://:secret@127.0.0.1:8000",), "credentials in a URL would be recorded"),
        (("http://127.0.0.1:8000/a b",), "'/a b' is not a path"),
        (("http://127.0.0.1:8000/ä",), "'/ä' is not a path"),
        (("http://127.0.0.1:8000", "--path", "hello"), "--path 'hello' is not a path"),
        (("http://127.0.0.1:8000", "--path", "/a b"), "--path '/a b' is not a path"),
        (("http://127.0.0.1:8000", "--path", "/\r\nX: y"), "is not a path"),
        (("http://127.0.0.1:8000", "--path", "101:/a"), "a weight is a number from 1 to 100"),
        (("http://127.0.0.1:8000", "--path", "x:/a"), "a weight is a number from 1 to 100"),
        (("http://no-such-name.invalid",), "no-such-name.invalid is not known"),
        (("http://127..0.0.1:8000",), "127..0.0.1 is not known"),
        ((NOBODY,), "is not on this machine"),
    ],
)
def test_what_cannot_be_a_target_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    out = tmp_path / "run"
    assert main(["--target", *arguments, "--quick", "--out", str(out)]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert (shown.out, "Traceback" in shown.err, "secret" in shown.err) == ("", False, False)
    assert not out.exists()


def test_what_allows_another_machine_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--target", NOBODY, "--out", str(tmp_path / "run")]) == 2
    assert "--allow-remote-target" in capsys.readouterr().err
