"""`bench.py load-worker`: load from another network, of another version, or for nobody."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runners import host
from tests.conftest import ROOT, CommandLine, Finished
from tests.counting_server import CountingServer
from tests.runners.load.together import together


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


def check_counts(done: Finished, server: CountingServer) -> None:
    assert done.code == 0, done.err
    load = done.record("target-url-1")["load"]
    # The one that is not the load's is the bench's own look at the target beforehand.
    assert load["requests_issued"] == len(server.asked) - 1 > 50
    assert sum(part["requests_issued"] for part in load["processes"]) == load["requests_issued"]
    assert min(part["requests_issued"] for part in load["processes"]) > 20
    assert [part["users"] for part in load["processes"]] == [4, 4]
    # It looks first whether there is anybody.
    assert load["connections_opened"] == server.connections - 2 == 8
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


def test_where_no_bench_listens(bench: CommandLine) -> None:
    port = host.free_port()
    done = bench.run("load-worker", "--master", f"127.0.0.1:{port}", "--wait", "0.5")
    assert done.code == 4
    assert f"no bench listens at 127.0.0.1:{port}: waited 0.5 s" in done.err
