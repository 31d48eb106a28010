"""A scenario is a plain locustfile: `locust -f` runs it, with Locust's own statistics and checks."""

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from runners import host, scenarios
from tests.conftest import ROOT
from tests.fakes import PROGRAM
from tests.runners.load import by_hand


@pytest.fixture
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    port = host.free_port()
    server = subprocess.Popen([sys.executable, str(PROGRAM), f"127.0.0.1:{port}", request.param])
    while host.port_owner(port) is None:
        time.sleep(0.02)
    yield port
    server.kill()
    server.wait()


def run(port: int, address: str = "127.0.0.1") -> tuple[int, Any]:
    """The exit code and Locust's statistics of the one endpoint."""
    what = ("-f", "scenarios/hello.py", "--host", f"http://{address}:{port}", "--variant", "async")
    code, found = by_hand.run(*what, users=3, least=11)
    assert set(found) == {("GET", "/hello/async")}
    return code, found["GET", "/hello/async"]


@pytest.mark.parametrize("port", ["good"], indirect=True)
def test_good_answers(port: int) -> None:
    code, statistics = run(port)
    assert code == 0
    assert statistics["num_requests"] > 10
    assert statistics["num_failures"] == 0
    assert statistics["min_response_time"] >= 3


@pytest.mark.parametrize("port", ["wrong-body"], indirect=True)
def test_wrong_answers(port: int) -> None:
    code, statistics = run(port)
    assert code == 1
    assert statistics["num_failures"] == statistics["num_requests"] > 10


def test_what_fails_at_once_leaves_the_event_loop_its_turn() -> None:
    """A broadcast address is refused by the kernel without a wait, as ports or descriptors that ran out are."""
    code, statistics = run(80, address="127.255.255.255")
    assert code == 1
    assert statistics["num_failures"] == statistics["num_requests"] > 10


@pytest.mark.long
def test_every_scenario_lists_its_user() -> None:
    for found in scenarios.discover().values():
        listing = [*by_hand.LOCUST, "-f", str(found.locustfile), "--list"]
        done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
