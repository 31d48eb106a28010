"""A load process, or the bench, that says nothing for a while or for ever. All wait most of the time: side by side."""

import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from runners import host
from tests.conftest import ROOT, CommandLine, Finished
from tests.counting_server import CountingServer
from tests.runners.load.load_process import SHORT, Ended, job, joined, run, workers_of
from tests.runners.load.together import arguments, joining, together

pytestmark = pytest.mark.long

Result = TypeVar("Result")
PATIENCE_S = 40.0
SLOW_START_S = 10.0
# What an hour's requests take to be counted.
LONG_ARITHMETIC = """
import sys
import runners.load.worker
from gevent import monkey
from runners.load import analysis
block, load = monkey.get_original("time", "sleep"), analysis.load
analysis.load = lambda *given: (block(6), load(*given))[1]
runners.load.worker.main(sys.argv[1])
"""


def is_killed(folder: Path) -> tuple[Finished, int, str]:
    def kill(worker: psutil.Process) -> None:
        while len(server.asked) < 100:
            time.sleep(0.01)
        workers_of(worker.children(recursive=True))[0].kill()

    with CountingServer() as server:
        return together(CommandLine(folder), server, duration_s=60, meanwhile=kill)


def is_left_by_the_bench(folder: Path) -> tuple[int, int]:
    """Exit codes of an interrupted bench and of the load worker."""
    with CountingServer() as server:
        listen, bench = f"{server.address}:{host.free_port()}", CommandLine(folder)
        command = bench.command("--quiet", "--out", str(bench.folder / "run"), *arguments(server, listen, 60))
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as running, joining(listen) as worker:
            while len(server.asked) < 100:
                time.sleep(0.01)
            running.send_signal(signal.SIGINT)
            return running.wait(PATIENCE_S), worker.wait(PATIENCE_S)


def joins_what_is_no_bench(folder: Path) -> Finished:
    with CountingServer() as server:
        address = f"{server.address}:{server.port}"
        return CommandLine(folder).run("load-worker", "--master", address, "--wait", "1", timeout_s=PATIENCE_S)


def waits_for_the_server(folder: Path) -> Ended:
    with CountingServer() as server:
        asked = job(server, replace(SHORT, load_processes=2))
        return run(asked, folder, before=lambda _: time.sleep(SLOW_START_S))


def computes(folder: Path) -> Ended:
    with CountingServer() as server:
        listen = f"{host.LOOPBACK}:{host.free_port()}"
        asked = replace(job(server, replace(SHORT, load_processes=1, load_workers=1)), listen=listen)
        with joined(asked, folder / "worker.log", program=("-c", LONG_ARITHMETIC)):
            return run(asked, folder)


@dataclass(frozen=True)
class Scenes:
    killed: Future[tuple[Finished, int, str]]
    left: Future[tuple[int, int]]
    no_bench: Future[Finished]
    waiting: Future[Ended]
    computing: Future[Ended]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Scenes:
    with ThreadPoolExecutor() as pool:

        def begin(scene: Callable[[Path], Result]) -> Future[Result]:
            return pool.submit(scene, tmp_path_factory.mktemp("scene"))

        return Scenes(
            killed=begin(is_killed),
            left=begin(is_left_by_the_bench),
            no_bench=begin(joins_what_is_no_bench),
            waiting=begin(waits_for_the_server),
            computing=begin(computes),
        )


def test_one_that_vanishes_breaks_the_repeat(scenes: Scenes) -> None:
    done, code, said = scenes.killed.result()
    assert (done.code, code) == (4, 4)
    assert "the load process was ended by SIGKILL" in said
    (reason,) = done.case("target/url")["reasons"]
    assert reason["code"] == "load-broken"
    assert reason["text"].endswith("is gone: no sign of life from it")


def test_an_interrupted_bench_ends_the_load_from_elsewhere(scenes: Scenes) -> None:
    assert scenes.left.result() == (130, 0)


def test_what_listens_there_may_be_no_bench(scenes: Scenes) -> None:
    """Or one that has just ended, whose port is still open."""
    assert scenes.no_bench.result().code == 4
    assert "no bench listens at" in scenes.no_bench.result().err


def test_a_server_may_take_its_time_to_start(scenes: Scenes) -> None:
    assert scenes.waiting.result().load.requests_issued > 0


def test_the_arithmetic_after_a_long_load_may_take_its_time(scenes: Scenes) -> None:
    assert scenes.computing.result().load.requests_issued > 0
