"""Runs of older schemas are read as the present one, with their numbers unchanged."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bench import main
from results import histogram, upgrade
from results.plan import SCHEMA_VERSION
from results.record import Record
from results.store import Store
from results.summary import summarize

OLD = Path(__file__).parent.parent / "data" / "schema-1"
"""Two cases of a run that was published, with their first repeat: one that is valid, one that failed."""
STEMS = ("gunicorn-gevent-sleep-async-1", "gunicorn-sync-sleep-sync-1")


def old(stem: str) -> Any:
    return json.loads((OLD / "records" / f"{stem}.json").read_text())


def upgraded(stem: str) -> Record:
    return dict(zip(STEMS, Store(OLD).records(), strict=True))[stem]


def test_a_plan_of_schema_1_is_read() -> None:
    written = json.loads((OLD / "plan.json").read_text())
    plan = Store(OLD).plan()
    assert written["schema"] == 1
    assert plan.schema == SCHEMA_VERSION
    assert plan.budget is not None
    assert list(plan.budget.server_cpus) == written["budget"]["server_cpus"]
    assert list(plan.load_cpus) == written["budget"]["load_cpus"]
    assert [case.name for case in plan.cases] == ["gunicorn-gevent/sleep/async", "gunicorn-sync/sleep/sync"]
    assert (plan.name, plan.seed, plan.repeats) == (written["name"], written["seed"], 1)
    for case, before in zip(plan.cases, written["cases"], strict=True):
        assert (case.profile.kind, case.profile.rate_rps) == ("closed", None)
        assert case.profile.users == before["profile"]["users"]
        assert case.profile.connect_timeout_s == case.profile.timeout_s == before["profile"]["timeout_s"]


@pytest.mark.parametrize("stem", STEMS)
def test_the_numbers_of_a_load_stay_the_same(stem: str) -> None:
    before, record = old(stem)["load"], upgraded(stem)
    load = record.load
    assert before["seconds"]
    assert load is not None
    (series,) = load.endpoints.values()
    assert list(load.endpoints) == [record.path]
    for second, written in zip(series, before["seconds"], strict=True):
        for name, value in written.items():
            assert getattr(second, name) == value
        assert second.service_time is None
        assert second.first_byte == ""
        assert second.dropped == 0
    assert list(load.answered_per_user) == before["answered_per_user"]
    assert list(load.longest_wait_us) == before["longest_wait_us"]
    (process,) = load.processes
    assert (process.cpu_s, process.cpu_wait_s) == (before["cpu_s"], before["cpu_wait_s"])
    assert (process.requests_issued, process.users) == (before["requests_issued"], len(before["answered_per_user"]))
    for name in before.keys() - {"seconds", "cpu_s", "cpu_wait_s", "answered_per_user", "longest_wait_us"}:
        assert getattr(load, name) == before[name]


@pytest.mark.parametrize("stem", STEMS)
def test_the_numbers_of_server_and_machine_stay_the_same(stem: str) -> None:
    before, record = old(stem), upgraded(stem)
    assert record.schema == SCHEMA_VERSION
    assert record.server is not None
    assert record.host is not None
    for name in before["server"].keys() - {"foreign_cpu_s", "stolen_s"}:
        assert getattr(record.server, name) == before["server"][name]
    assert record.host.foreign_cpu_s == before["server"]["foreign_cpu_s"]
    assert record.host.stolen_s == before["server"]["stolen_s"]
    assert list(record.load_cpus) == before["budget"]["load_cpus"]
    assert list(record.command or ()) == before["command"]
    for name in ("repeat", "port", "path", "started_at", "sources", "environment", "versions", "load_versions"):
        assert getattr(record, name) == before[name]


@pytest.mark.parametrize("stem", STEMS)
def test_what_was_not_known_then_is_null_and_not_0(stem: str) -> None:
    record = upgraded(stem)
    assert record.calibration is None
    assert record.host is not None
    assert (record.host.load_stolen_s, record.host.throttled_s) == (None, None)
    assert record.server is not None
    assert (record.server.descriptors_peak, record.server.switches_voluntary) == (None, None)
    assert record.load is not None
    assert (record.load.in_flight_mean, record.load.answered_latency_s) == (None, None)
    assert (record.load.rate_slices, record.load.in_flight_slices) == ((), ())
    assert (record.load.requests_good, record.load.requests_unsafe) == (None, None)


def test_switches_of_an_event_loop_were_not_known_before_schema_5() -> None:
    server = {"switches_voluntary": -1962, "switches_involuntary": 10}
    for interface, known in (("asgi", None), ("wsgi", -1962)):
        found = upgrade.record_from_4({"schema": 4, "case": {"interface": interface}, "server": dict(server)})
        assert found["schema"] == 5
        assert found["server"]["switches_voluntary"] == known
    assert upgrade.record_from_4({"schema": 4, "case": {"interface": "asgi"}, "server": None})["server"] is None


def test_the_verdicts_and_figures_stay_the_same() -> None:
    store = Store(OLD)
    failed, valid = summarize("old", store.plan(), store.records()).cases
    assert [reason.code for reason in failed.judgement.reasons] == ["failures"]
    assert (valid.judgement.verdict, valid.judgement.reasons) == ("valid", ())
    seconds = old(STEMS[1])["load"]["seconds"]
    assert valid.throughput_rps is not None
    assert valid.throughput_rps.value == pytest.approx(sum(second["good_ended"] for second in seconds) / 5)
    p50 = valid.latency_ms["p50"]
    assert p50 is not None
    assert p50.value == histogram.percentile_ms(histogram.merge(second["latency"] for second in seconds), 50)
    assert valid.cost.switches_per_request is None
    assert valid.first_byte_ms is None


def test_a_record_that_only_says_why_there_is_none_is_read(tmp_path: Path) -> None:
    copy = shutil.copytree(OLD, tmp_path / "old")
    breakdown = {"stage": "start", "message": "m", "hint": "h"}
    for stem in STEMS:
        content = old(stem) | {"load": None, "server": None, "breakdown": breakdown}
        (copy / "records" / f"{stem}.json").write_text(json.dumps(content))
    for record in Store(copy).records():
        assert (record.load, record.server, record.host) == (None, None, None)
        assert record.breakdown is not None


def test_what_was_read_is_written_as_the_present_schema(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "new", Store(OLD).plan())
    for record in Store(OLD).records():
        store.write(record)
    assert store.records() == Store(OLD).records()
    assert store.plan() == Store(OLD).plan()
    assert {json.loads(path.read_text())["schema"] for path in store.directory.rglob("*.json")} == {SCHEMA_VERSION}


def test_a_run_of_schema_1_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = shutil.copytree(OLD, tmp_path / "old")
    assert main(["report", str(copy)]) == 0
    assert "gunicorn-sync sync" in capsys.readouterr().out
    assert "gunicorn-sync" in (copy / "report.md").read_text()
    assert json.loads((copy / "plan.json").read_text())["schema"] == 1
