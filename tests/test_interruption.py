"""Ctrl-C, kill -9 and a port lost at the last moment: nothing is left running, nothing measured is lost."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from results.plan import SCHEMA_VERSION, Budget, Plan, Profile
from results.store import Store
from runners import experiment, host, plan, preflight, scenarios, servers
from runners.app import BENCH_APP
from tests.conftest import ROOT, CommandLine
from tests.runners.test_process import alive, loads, wait_for

pytestmark = pytest.mark.long

REPEATS = 2
T = TypeVar("T")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_an_interrupted_run_leaves_nothing_and_is_resumed(
    bench: CommandLine, number: signal.Signals, code: int
) -> None:
    out = bench.folder / "run"
    command = bench.command(
        *(
            "--server",
            "gunicorn-gthread",
            "--scenario",
            "hello",
            "--variant",
            "sync",
            "--users",
            "4",
            "--out",
            str(out),
        ),
        *("--duration", "1.2", "--warmup", "0.2", "--repeat", str(REPEATS), "--workers", "2"),
    )
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    first = out / "records" / "gunicorn-gthread-hello-sync-1.json"
    assert wait_for(first.is_file, seconds=30)
    family = wait_for_server_and_load(process.pid)
    ports = {port for one in family for port in listening(one)}
    assert ports
    process.send_signal(number)
    began = time.monotonic()
    error = process.communicate(timeout=10)[1]
    assert process.returncode == code
    assert wait_for(lambda: not any(alive(one) for one in family), seconds=2)
    assert time.monotonic() - began < 2
    assert all(host.port_owner(port) is None for port in ports)
    assert not list(out.rglob("*.tmp"))
    if number is signal.SIGINT:
        assert f"repeats are kept in {out}" in error
        assert f" --resume {out}" in error

    kept = {path: path.read_bytes() for path in (out / "records").iterdir()}
    assert first in kept
    assert len(kept) < REPEATS
    done = bench.run("--json", "--resume", str(out))
    assert done.code == 0, done.err
    assert len(list((out / "records").iterdir())) == REPEATS
    assert all(path.read_bytes() == content for path, content in kept.items())
    case = done.case("gunicorn-gthread/hello/sync")
    assert case["repeats"] == REPEATS
    assert not done.codes(case["case"]) & {"unlike-repeats", "repeats-missing"}
    assert case["throughput_rps"]["low"] < case["throughput_rps"]["value"] < case["throughput_rps"]["high"]


def wait_for_server_and_load(bench_pid: int) -> list[psutil.Process]:
    """The family of a bench that has a server listening and a load running."""
    head = psutil.Process(bench_pid)

    def up() -> bool:
        family = head.children(recursive=True)
        return any(listening(one) for one in family) and bool(loads(head))

    assert wait_for(up, seconds=15)
    return head.children(recursive=True)


def listening(process: psutil.Process) -> set[int]:
    return of_living(
        lambda: {one.laddr.port for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN}, set()
    )


def of_living(look: Callable[[], T], otherwise: T) -> T:
    try:
        return look()
    except psutil.NoSuchProcess:
        return otherwise


def test_a_port_that_another_program_takes_first(tmp_path: Path) -> None:
    """The wrong server is never measured, though it answers just as expected."""
    cpus = host.usable_cpus()
    budget = Budget(workers=1, threads=1, connections=10, server_cpus=cpus)
    profile = Profile(users=1, warmup_s=0, duration_s=0.5, timeout_s=1, connect_timeout_s=1)
    cases = plan.cases([servers.discover()["uvicorn"]], [scenarios.discover()["hello"]], ["sync"], profile, 1)
    made = Plan(
        schema=SCHEMA_VERSION,
        name="p",
        app=BENCH_APP,
        budget=budget,
        load_cpus=cpus,
        cases=cases,
        repeats=1,
        seed=1,
        start_timeout_s=10,
        steps=plan.steps(1, 1, 1),
    )
    store = Store.create(tmp_path / "run", made)
    with socket.create_server((host.LOOPBACK, 0)) as squatter:
        port = squatter.getsockname()[1]
        bench = replace(preflight.check(made), choose_port=lambda: port)
        record = experiment.measure(made, made.cases[0], 1, bench, lambda name: store.log_path(made.cases[0], 1, name))
    assert record.load is None
    assert record.breakdown is not None
    assert record.breakdown.stage == "start"
    assert f"port {port} was taken by " in record.breakdown.message or "exited" in record.breakdown.message
