"""A mixture of requests: by weight, each kind apart, and only orders leave work behind."""

import subprocess
import sys

import pytest

from tests.conftest import BRIEF, ROOT, CommandLine

WEIGHTS = {"hello": 10, "render": 30, "read_row": 30, "read_list": 20, "order": 10}


def test_the_weights_are_locusts_own() -> None:
    # Importing Locust patches the standard library.
    script = "from scenarios.mixed import Mixed; print(*(task.__name__ for task in Mixed.tasks))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    tasks = done.stdout.split()
    assert {name: tasks.count(name) for name in tasks} == WEIGHTS


@pytest.mark.alone
def test_each_kind_is_shown_apart_and_asked_for_by_weight(bench: CommandLine) -> None:
    done = bench.measure("--server", "uvicorn", "--scenario", "mixed", "--variant", "sync", "--users", "8", *BRIEF)
    assert done.code == 0, done.err
    assert not done.codes("uvicorn/mixed/sync")
    record = done.record("uvicorn-mixed-sync-1")
    counts = {name: sum(one["sent"] for one in series) for name, series in record["load"]["endpoints"].items()}
    shares = {name: count / sum(counts.values()) for name, count in counts.items()}
    assert shares.keys() == {
        "/hello/sync", "/template/sync", "/orm-read/sync?query=row", "/orm-read/sync?query=list",
        "POST /orm-write/sync",
    }  # fmt: skip
    assert 0.4 < shares["/template/sync"] + shares["/orm-read/sync?query=row"] < 0.8
    assert shares["POST /orm-write/sync"] < 0.3
    assert done.case("uvicorn/mixed/sync")["endpoints"].keys() == shares.keys()
    load = record["load"]
    assert 0 < load["requests_unsafe"] < load["requests_good"]
    assert load["requests_unsafe"] <= record["work"]["done"] < load["requests_good"]
