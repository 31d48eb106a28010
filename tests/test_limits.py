"""A bench that its machine keeps short, of CPU time, ports or file descriptors: seen, and named as what it is."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from results.validity import judge
from tests.conftest import BRIEF, ROOT, CommandLine, Finished
from tests.fakes import write
from tests.results.factory import load, record, second
from tests.runners.test_process import wait_for

pytestmark = pytest.mark.long

HELLO = ("--scenario", "hello", "--variant", "sync", *BRIEF)
CGROUPS = Path("/sys/fs/cgroup")
QUOTAS = (
    (CGROUPS / "cpu", {"cpu.cfs_period_us": "2000", "cpu.cfs_quota_us": "1000"}),
    (CGROUPS, {"cpu.max": "1000 2000"}),
)
"""Half of a CPU, for control groups of version 1 and of version 2: in periods so short that whoever gets a CPU for a
while is stopped, even where others take half of it."""
OWN_NETWORK = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")
FEW_PORTS = "ip link set lo up && echo 40000 40050 > /proc/sys/net/ipv4/ip_local_port_range"
PORTS = 51
USERS = 64
FEW_DESCRIPTORS = 40
"""Enough for a load process to start with, and not for its users."""


class Confined(CommandLine):
    """Runs bench.py after `first`, a shell's command, by the program `outside`."""

    def __init__(self, folder: Path, first: str, *outside: str) -> None:
        super().__init__(folder, "good")
        self.around = (*outside, "sh", "-c", f'{first} && exec "$@"', "sh")

    def command(self, *arguments: str) -> list[str]:
        return [*self.around, *super().command(*arguments)]


@pytest.fixture(scope="module", autouse=True)
def unconfined(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The same without limits; the load generator's calibration is made here, if there is none yet."""
    return CommandLine(tmp_path_factory.mktemp("unconfined"), "good").measure("--server", "fake-good", *HELLO)


def reasons(done: Finished, server: str) -> dict[str, str]:
    """The texts of a case's reasons by code."""
    return {reason["code"]: reason["text"] for reason in done.case(f"{server}/hello/sync")["reasons"]}


def test_nothing_is_short_where_there_are_no_limits(unconfined: Finished) -> None:
    assert not unconfined.codes("fake-good/hello/sync")


@contextmanager
def cpu_quota() -> Iterator[Path]:
    """A control group for the test alone; skips it where none can be made."""
    for parent, settings in QUOTAS:
        group = parent / f"bench-test-{os.getpid()}"
        if not (parent / "cgroup.procs").is_file() or not os.access(parent, os.W_OK):
            continue
        group.mkdir()
        try:
            if all((group / name).is_file() for name in settings):
                for name, value in settings.items():
                    (group / name).write_text(value)
                yield group
                return
        finally:
            remove(group)
    pytest.skip("this needs the right to make a control group with the controller cpu: root, outside of a container")


def remove(group: Path) -> None:
    """Remove a control group when all its processes have gone."""
    assert wait_for(lambda: not (group / "cgroup.procs").read_text(), seconds=5)
    group.rmdir()


def test_a_cpu_quota_that_stops_the_bench(tmp_path: Path) -> None:
    with cpu_quota() as group:
        done = Confined(tmp_path, f"echo $$ > {group}/cgroup.procs").measure("--server", "null", *HELLO)
    text = reasons(done, "null")["throttled"]
    assert int(re.findall(r"stopped the bench for (\d+)% of the window", text)[0]) >= 1
    assert done.case("null/hello/sync")["verdict"] == "suspect"
    assert done.record("null-hello-sync-1")["host"]["throttled_s"] > 0


def test_more_users_than_there_are_ports(tmp_path: Path) -> None:
    bench = Confined(tmp_path, FEW_PORTS, *OWN_NETWORK)
    tried = subprocess.run([*bench.around, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"this needs the right to make a network namespace, as root has it: {tried.stderr.strip()}")
    done = bench.measure("--server", "fake-good", *HELLO, "--users", str(USERS))
    assert done.code == 4, done.err
    case = done.case("fake-good/hello/sync")
    assert case["failures"] == {"EADDRNOTAVAIL": case["requests"]["failed"]}
    assert case["starved_users"] >= USERS - PORTS
    text = reasons(done, "fake-good")["ports-exhausted"]
    assert f"no port left for a new connection: {case['requests']['failed']:,} of " in text
    assert case["requests"]["sent"] == sum(case["requests"][part] for part in ("good", "failed", "unfinished"))


def test_more_users_than_there_are_descriptors(bench: CommandLine) -> None:
    """The bench sees to it beforehand that there are enough: here they are taken from what forks load processes."""
    write(bench.fakes, "good")
    # So that the generator is calibrated, which has load processes too.
    bench.measure("--server", "fake-good", *HELLO, "--duration", "0.5")
    out = bench.folder / "run"
    command = bench.command("--json", "--out", str(out), "--server", "fake-good", *HELLO, "--users", str(USERS))
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert wait_for(lambda: take_descriptors(process.pid), seconds=90)
        shown, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 4, error
    found = reasons(Finished(process.returncode, shown, error, out), "fake-good")
    assert "no file descriptor left" in found["descriptors-exhausted"]


def take_descriptors(bench_pid: int) -> bool:
    """Leave what forks the load processes of a bench, if it runs already, few open files; whether it does."""
    for one in psutil.Process(bench_pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if one.cmdline()[1:] == ["-m", "runners.load"]:
                one.rlimit(psutil.RLIMIT_NOFILE, (FEW_DESCRIPTORS, one.rlimit(psutil.RLIMIT_NOFILE)[1]))
                return True
    return False


USER_WITHOUT_DESCRIPTORS = """
import locust, argparse, os
from locust.env import Environment
from runners.load.recorder import Recorder
from runners.load.user import BenchUser, Conduct

class Anybody(BenchUser):
    host = "http://127.0.0.1:9"
    tasks = []

options = argparse.Namespace(variant="sync")
recorder = Recorder()
BenchUser.conduct = Conduct(recorder=recorder)
user = Anybody(Environment(parsed_options=options, catch_exceptions=False))
taken = []
try:
    while True:
        taken.append(os.dup(0))
except OSError:
    assert not user.get("/", None)
print(recorder.kinds[next(recorder.chunks()).outcome[0]])
"""


def test_a_user_without_a_descriptor_says_so() -> None:
    """What the load process makes of it, and what the rule makes of that."""
    few = ["sh", "-c", f'ulimit -n {USERS} && exec "$@"', "sh"]
    done = subprocess.run(
        [*few, sys.executable, "-c", USER_WITHOUT_DESCRIPTORS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kind = done.stdout.strip()
    found = judge(record(load(second([5.0] * 90, errors=10), failures={kind: 10}))).reasons
    assert "10 of 100 requests" in next(one.text for one in found if one.code == "descriptors-exhausted")
