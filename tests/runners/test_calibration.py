"""What the load generator can do here: measured against the real null server, remembered, used, and bounding rates."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench import main
from plots import calibration as chart
from results.errors import BenchError
from results.record import Calibration
from runners import calibration
from runners.calibration import Setting
from tests.conftest import BRIEF, CommandLine, Finished
from tests.results.factory import CALIBRATION, MACHINE, OPEN, PROFILE

TRIES = 3
SETTING = Setting(server_cpus=(0,), load_cpus=(1,))
VERSIONS = {"python": "3.11.7", "locust": "2.47.0"}


@dataclass(frozen=True)
class Calibrated:
    """`calibrate --json` as run, with a cache folder of its own."""

    done: Finished
    cache: Path
    bench: CommandLine

    @property
    def remembered(self) -> Path:
        (found,) = self.cache.rglob("calibration-*.json")
        return found


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calibrated]:
    cache = tmp_path_factory.mktemp("cache")
    bench = CommandLine(tmp_path_factory.mktemp("calibrated"), "good")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        for _ in range(TRIES):
            done = bench.run("calibrate", "--json")
            if done.code == 0 and done.json()["open_ceiling_rps"] > 0:
                break
        else:
            pytest.skip(f"in {TRIES} tries others took too much of the CPUs: {done.err}")
        yield Calibrated(done, cache, bench)


@pytest.mark.long
def test_its_json_has_the_documented_figures_and_nothing_else(calibrated: Calibrated) -> None:
    assert calibrated.done.code == 0, calibrated.done.err
    assert "calibrating the load generator" in calibrated.done.err
    found: dict[str, Any] = calibrated.done.json()
    assert set(found) == {"ceiling_rps", "open_ceiling_rps", "floor_ms", "send_error_ms", "cpu_us_per_request"}
    assert 0 < found["open_ceiling_rps"] <= 0.9 * found["ceiling_rps"] + 1
    assert found["cpu_us_per_request"] > 0
    for name in ("floor_ms", "send_error_ms"):
        assert set(found[name]) == {"p50", "p99"}
        assert 0 < found[name]["p50"] <= found[name]["p99"]


@pytest.mark.long
def test_it_is_remembered_and_every_run_uses_it(calibrated: Calibrated) -> None:
    remembered = json.loads(calibrated.remembered.read_text())
    done = calibrated.bench.measure("--server", "fake-good", "--scenario", "hello", "--variant", "sync", *BRIEF)
    assert done.code == 0, done.err
    assert "calibrating" not in done.err
    assert done.record("fake-good-hello-sync-1")["calibration"] == remembered
    assert len(remembered["closed_rps"]) == calibration.REPEATS
    shown = calibrated.done.json()
    assert shown["ceiling_rps"] == sorted(remembered["closed_rps"])[1]
    assert shown["open_ceiling_rps"] == remembered["open_ceiling_rps"]
    assert remembered["open_refused_rps"] is None or remembered["open_refused_rps"] > remembered["open_ceiling_rps"]
    assert f"calibration-{remembered['fingerprint']}.json" == calibrated.remembered.name


@pytest.mark.long
def test_a_rate_that_the_generator_cannot_offer_is_refused(
    calibrated: Calibrated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ceiling_rps = calibrated.done.json()["open_ceiling_rps"]
    sound = json.loads(calibrated.remembered.read_text()) | {"disturbed": False}
    calibrated.remembered.write_text(json.dumps(sound))
    out = tmp_path / "run"
    rate = ("--rate", str(ceiling_rps + 1), "--scenario", "hello", "--server", "uvicorn", "--out", str(out))
    assert main([*rate]) == 2
    shown = capsys.readouterr().err
    assert f"the load generator cannot offer {ceiling_rps + 1:,g} requests/s here" in shown
    assert f"{ceiling_rps:,.0f} is the most that it sent in time" in shown
    assert "--load-processes" in shown
    sweep = ("--sweep", f"10,{ceiling_rps + 1}", "--scenario", "hello", "--server", "uvicorn", "--out", str(out))
    assert main([*sweep]) == 2
    assert f"the load generator cannot offer {ceiling_rps + 1:,g} requests/s here" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.long
def test_a_calibration_is_drawn(calibrated: Calibrated, tmp_path: Path) -> None:
    found = msgspec.json.decode(calibrated.remembered.read_bytes(), type=Calibration)
    paths = chart.write(found, tmp_path / "calibration.json")
    assert {path.suffix for path in paths} == {".svg", ".png"}
    assert all(path.stat().st_size > 5_000 for path in paths)


@pytest.mark.parametrize(
    ("name", "setting", "machine", "versions"),
    [
        ("server CPUs", replace(SETTING, server_cpus=(0, 2)), MACHINE, VERSIONS),
        ("load CPUs", replace(SETTING, load_cpus=(2,)), MACHINE, VERSIONS),
        ("load processes", replace(SETTING, load_processes=2), MACHINE, VERSIONS),
        ("CPU model", SETTING, replace(MACHINE, cpu_model="another CPU"), VERSIONS),
        ("CPUs", SETTING, replace(MACHINE, cpus_online=4), VERSIONS),
        ("cores", SETTING, replace(MACHINE, cores=((0, 1),)), VERSIONS),
        ("kernel", SETTING, replace(MACHINE, kernel="Linux 7"), VERSIONS),
        ("governor", SETTING, replace(MACHINE, governor="powersave"), VERSIONS),
        ("versions", SETTING, MACHINE, VERSIONS | {"locust": "3"}),
    ],
)
def test_what_bears_on_it_makes_another_one(
    name: str, setting: Setting, machine: Any, versions: dict[str, str]
) -> None:
    here = calibration.fingerprint(SETTING, MACHINE, VERSIONS)
    assert calibration.fingerprint(setting, machine, versions) != here, name


def test_what_does_not_bear_on_it_does_not() -> None:
    here = calibration.fingerprint(SETTING, MACHINE, VERSIONS)
    backwards = dict(reversed(VERSIONS.items()))
    assert calibration.fingerprint(SETTING, replace(MACHINE, memory_bytes=1), backwards) == here


def test_server_and_load_cpus_are_not_mixed_up() -> None:
    swapped = Setting(server_cpus=SETTING.load_cpus, load_cpus=SETTING.server_cpus)
    two = Setting(server_cpus=(0, 1), load_cpus=())
    names = {calibration.fingerprint(setting, MACHINE, VERSIONS) for setting in (SETTING, swapped, two)}
    assert len(names) == 3


def test_what_is_remembered_is_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert calibration.remembered("f") is None
    path = calibration.remember(CALIBRATION)
    assert path is not None
    assert calibration.remembered("f") == CALIBRATION
    assert not list(tmp_path.rglob("*.tmp"))
    path.rename(path.with_name("calibration-g.json"))
    assert calibration.remembered("g") is None, "of another machine, under a wrong name"
    path.write_bytes(b'{"fingerprint": "f"')
    assert calibration.remembered("f") is None, "damaged"


def test_one_that_was_disturbed_refuses_only_what_is_far_beyond_and_is_forgotten_after_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    disturbed = replace(CALIBRATION, disturbed=True)
    too_much = replace(OPEN, rate_rps=10 * CALIBRATION.open_ceiling_rps)
    calibration.refuse_beyond(disturbed, too_much)
    with pytest.raises(BenchError, match="15,000 is 3 times what it got through"):
        calibration.refuse_beyond(disturbed, replace(OPEN, rate_rps=3 * max(CALIBRATION.closed_rps) + 1))
    with pytest.raises(BenchError, match="cannot offer"):
        calibration.refuse_beyond(CALIBRATION, too_much)
    path = calibration.remember(disturbed)
    assert path is not None
    assert calibration.remembered("f") == disturbed
    long_ago = time.time() - 2 * calibration.DISTURBED_KEPT_S
    os.utime(path, (long_ago, long_ago))
    assert calibration.remembered("f") is None


def test_a_cache_that_cannot_be_written_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    assert calibration.remember(CALIBRATION) is None
    assert calibration.remembered("f") is None


def test_rates_up_to_the_open_ceiling_are_offered() -> None:
    calibration.refuse_beyond(CALIBRATION, PROFILE)
    calibration.refuse_beyond(CALIBRATION, replace(OPEN, rate_rps=800.0))
    with pytest.raises(BenchError, match=r"cannot offer 801 requests/s here: 800 is the most"):
        calibration.refuse_beyond(CALIBRATION, replace(OPEN, rate_rps=801.0))
