"""Sweeps and the search for a capacity, against a server that answers 100 requests/s at most."""

from pathlib import Path

import pytest

from bench import main
from tests.conftest import CommandLine, Finished

pytestmark = pytest.mark.long

MODE = "one-at-a-time"
NAME = f"fake-{MODE}/hello/sync"
CASE = ("--server", f"fake-{MODE}", "--scenario", "hello", "--variant", "sync")
WINDOW = ("--duration", "1", "--warmup", "0.3", "--repeat", "1")
MOST_STEPS = 30
"""Twice what the search needs on a machine of its own: what fails while that is disturbed is tried again."""


@pytest.fixture
def bench(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, MODE)


def stems(done: Finished) -> set[str]:
    return {path.stem for path in (done.directory / "records").iterdir()}


def test_a_sweep_climbs_to_beyond_saturation(bench: CommandLine) -> None:
    # Evenly, and for so long that an eighth too much piles up beyond what chance can do.
    done = bench.measure(*CASE, *WINDOW, "--sweep", "--arrivals", "uniform", "--duration", "2", drawn=True)
    assert done.code == 0, done.err
    found = done.json()
    rates = [case["profile"]["rate_rps"] for case in found["cases"]]
    assert len(rates) >= 5
    assert rates == sorted(rates)
    assert rates[0] < 20
    assert 100 < rates[-1] < 150
    answered = [case["throughput_rps"]["value"] for case in found["cases"]]
    assert max(answered) <= 105
    assert "offered-rate-missed" in {reason["code"] for reason in found["cases"][-1]["reasons"]}
    assert found["knees"][NAME] in {case["case"] for case in found["cases"]}
    assert (done.directory / "charts" / "hello-sweep.png").stat().st_size > 5_000
    assert "knee at" in (done.directory / "report.md").read_text()


def test_a_sweep_over_given_rates_and_over_users(bench: CommandLine) -> None:
    rates = bench.measure(*CASE, *WINDOW, "--sweep", "40,20").json()
    assert [case["case"] for case in rates["cases"]] == [f"{NAME}/20rps", f"{NAME}/40rps"]
    users = bench.measure(*CASE, *WINDOW, "--sweep-users", "1,4,2").json()
    assert [case["case"] for case in users["cases"]] == [f"{NAME}/{count}users" for count in (1, 2, 4)]
    assert [case["profile"]["users"] for case in users["cases"]] == [1, 2, 4]
    p50 = [case["latency_ms"]["p50"]["value"] for case in users["cases"]]
    assert p50[2] > 2.5 * p50[0], "four users wait for each other"


def test_the_highest_rate_that_keeps_an_objective(bench: CommandLine) -> None:
    done = bench.measure(*CASE, *WINDOW, "--slo", "p90<150ms", drawn=True)
    assert done.code == 0, done.err
    found = done.json()
    assert found["objective"] == "p90<150ms"
    (capacity,) = found["capacities"]
    assert (capacity["deployment"], capacity["finished"], capacity["confirmed"]) == (NAME, True, 1)
    assert 30 < capacity["sustained_rps"] < capacity["refuted_rps"] < 130
    assert capacity["text"].startswith("p90 ")
    assert capacity["refuted_text"]
    assert len(stems(done)) <= MOST_STEPS
    assert (done.directory / "charts" / "hello-capacity.png").stat().st_size > 5_000
    shown = bench.run("report", str(done.directory)).out
    assert "requests/s keep p90<150ms in 1 fresh repeat" in shown

    # What was measured is not measured again: without the last record, that one alone is.
    kept = {path: path.stat().st_mtime_ns for path in (done.directory / "records").iterdir()}
    last = max(kept, key=lambda path: kept[path])
    last.unlink()
    again = bench.run("--json", "--resume", str(done.directory))
    assert again.code == 0, again.err
    assert all(path.stat().st_mtime_ns == kept[path] for path in kept if path != last)
    assert again.json()["capacities"][0]["finished"]


def test_an_objective_that_no_rate_keeps(bench: CommandLine) -> None:
    done = bench.measure(*CASE, *WINDOW, "--slo", "p50<1ms")
    assert done.code == 4
    assert "no rate keeps p50<1ms" in done.err
    (capacity,) = done.json()["capacities"]
    assert (capacity["sustained_rps"], capacity["refuted_rps"]) == (None, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--slo", "p99"], "'p99' is not an objective"),
        (["--slo", "p99<100ms", "--users", "5"], "--slo and --users do not go together"),
        (["--sweep", "10,x"], "--sweep '10,x' is not a list of positive numbers"),
        (["--sweep", "0,5"], "is not a list of positive numbers"),
        (["--sweep-users", "1,2.5"], "users are whole numbers"),
        (["--sweep", "--rate", "5"], "--rate and --sweep do not go together"),
        (["--sweep-users", "--slo", "p99<1s"], "--sweep-users and --slo do not go together"),
    ],
)
def test_wrong_use(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(["--server", "uvicorn", *arguments]) == 2
    assert message in capsys.readouterr().err
