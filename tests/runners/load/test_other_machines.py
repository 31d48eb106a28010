"""`bench.py load-worker`: load from another network, or of another version; and either side vanishing."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from results.errors import BenchError, ExitCode
from runners import host, workers
from tests.conftest import ROOT, CommandLine, Finished
from tests.counting_server import CountingServer
from tests.runners.load.load_process import workers_of

PATIENCE_S = 20.0
Meanwhile = Callable[[psutil.Process], None]


def nothing(_: psutil.Process) -> None:
    pass


@pytest.fixture
def other_network() -> Iterator[tuple[str, list[str]]]:
    """A network namespace: the address under which it sees this machine, and what runs a command in it."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("a network namespace needs root, and `ip`: install it with: apt-get install iproute2")
    name, place = f"bench{os.getpid()}", 4 * (os.getpid() % 16_384)
    here, there = (f"10.231.{place >> 8}.{(place & 255) + number}" for number in (1, 2))
    inside = ["ip", "netns", "exec", name]
    with contextlib.ExitStack() as stack:
        try:
            for command in (
                f"ip netns add {name}",
                f"ip link add {name}a type veth peer name {name}b netns {name}",
                f"ip address add {here}/30 dev {name}a",
                f"ip link set {name}a up",
                f"ip -n {name} address add {there}/30 dev {name}b",
                f"ip -n {name} link set {name}b up",
            ):
                subprocess.run(command.split(), check=True, capture_output=True, text=True)
                # What takes the namespace away takes its end of the pair away, and that the other end.
                stack.callback(subprocess.run, ["ip", "netns", "del", name], check=False, capture_output=True)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"a network namespace needs CAP_SYS_ADMIN and CAP_NET_ADMIN: {error.stderr.strip()}")
        yield here, inside


def arguments(server: CountingServer, listen: str, duration_s: float) -> list[str]:
    target = ["--target", f"http://{server.address}:{server.port}", "--path", "/hello/sync", "--users", "8"]
    window = ["--duration", str(duration_s), "--warmup", "0.2", "--repeat", "1"]
    return [*target, *window, "--load-processes", "1", "--load-workers", "1", "--load-listen", listen]


@contextlib.contextmanager
def joining(listen: str, within: Sequence[str] = (), tree: Path = ROOT) -> Iterator[subprocess.Popen[str]]:
    """A load worker that is started as soon as a bench listens."""
    name, _, port = listen.rpartition(":")
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection((name, int(port)), timeout=1):
            break
        assert time.monotonic() < deadline
        time.sleep(0.02)
    command = [*within, sys.executable, str(tree / "bench.py"), "load-worker", "--master", listen, "--wait", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as worker:
        try:
            yield worker
        finally:
            if worker.poll() is None:
                worker.send_signal(signal.SIGINT)


def together(
    bench: CommandLine,
    server: CountingServer,
    *,
    within: Sequence[str] = (),
    tree: Path = ROOT,
    duration_s: float = 0.6,
    meanwhile: Meanwhile = nothing,
) -> tuple[Finished, int, str]:
    """A run with a load process that joins: how that ended, the worker's exit code, and what the worker said."""
    listen = f"{server.address}:{host.free_port()}"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(bench.measure, *arguments(server, listen, duration_s))
        with joining(listen, within, tree) as worker:
            meanwhile(psutil.Process(worker.pid))
            _, said = worker.communicate(timeout=30)
        return running.result(), worker.returncode, said


def check_counts(done: Finished, server: CountingServer) -> None:
    assert done.code == 0, done.err
    load = done.record("target-url-1")["load"]
    # The one that is not the load's is the bench's own look at the target beforehand.
    assert load["requests_issued"] == len(server.asked) - 1 > 50
    assert sum(part["requests_issued"] for part in load["processes"]) == load["requests_issued"]
    assert min(part["requests_issued"] for part in load["processes"]) > 20
    assert [part["users"] for part in load["processes"]] == [4, 4]
    assert load["connections_opened"] == server.connections - 1 == 8
    assert min(load["answered_per_user"]) > 0
    assert done.case("target/url")["verdict"] != "invalid"
    assert "not-reconciled" not in done.codes("target/url")


def test_one_from_another_network(bench: CommandLine, other_network: tuple[str, list[str]]) -> None:
    address, inside = other_network
    with CountingServer(address) as server:
        done, code, said = together(bench, server, within=inside)
    check_counts(done, server)
    assert code == 0
    assert "made load for 1 repeat;" in said


def test_one_of_another_version_is_refused(bench: CommandLine, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for part in ("runners", "results", "scenarios", "plots"):
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__", "published"))
    shutil.copy(ROOT / "bench.py", tree)
    with (tree / "runners" / "load" / "target.py").open("a") as file:
        file.write("# changed\n")
    with CountingServer() as server:
        done, code, said = together(bench, server, tree=tree)
    assert (done.code, code) == (4, 4)
    assert "runs another version of the bench" in said
    (reason,) = done.case("target/url")["reasons"]
    assert (reason["code"], done.case("target/url")["verdict"]) == ("load-broken", "invalid")
    assert "runs another version of the bench" in reason["text"]
    assert len(server.asked) == 1, "there was no load"


def test_one_that_vanishes_breaks_the_repeat(bench: CommandLine) -> None:
    def kill(worker: psutil.Process) -> None:
        while len(server.asked) < 200:
            time.sleep(0.01)
        workers_of(worker.children(recursive=True))[0].kill()

    with CountingServer() as server:
        done, code, said = together(bench, server, duration_s=60, meanwhile=kill)
    assert (done.code, code) == (4, 4)
    assert "the load process was ended by SIGKILL" in said
    (reason,) = done.case("target/url")["reasons"]
    assert reason["code"] == "load-broken"
    assert reason["text"].endswith("is gone: no sign of life from it")


def test_an_interrupted_bench_ends_the_load_from_elsewhere(bench: CommandLine) -> None:
    with CountingServer() as server:
        listen = f"{server.address}:{host.free_port()}"
        command = bench.command("--quiet", "--out", str(bench.folder / "run"), *arguments(server, listen, 60))
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as running, joining(listen) as worker:
            while len(server.asked) < 200:
                time.sleep(0.01)
            running.send_signal(signal.SIGINT)
            assert running.wait(PATIENCE_S) == 130
            assert worker.wait(15) == 0


def test_where_no_bench_listens(bench: CommandLine) -> None:
    port = host.free_port()
    done = bench.run("load-worker", "--master", f"127.0.0.1:{port}", "--wait", "0.5")
    assert done.code == 4
    assert f"no bench listens at 127.0.0.1:{port}: waited 0.5 s" in done.err


@pytest.mark.timeout(15)
def test_what_listens_there_may_be_no_bench() -> None:
    """Or one that has just ended, whose port is still open."""
    with CountingServer() as server, pytest.raises(BenchError) as error:
        workers.serve((server.address, server.port), wait_s=1, cpus=host.usable_cpus(), told=print)
    assert error.value.exit_code == ExitCode.NOT_MEASURED
