"""`findings`: a few of them measured on the real servers, as their users run it."""

import shutil
from pathlib import Path

import msgspec
import pytest

from results import finding
from results.evidence import FindingsStore
from runners import findings as plans
from runners.planning import LoadWish, RunWish
from tests.conftest import CommandLine, Finished

NAMES = ("lazy-foreign-keys", "http2", "uwsgi-async-gevent", "one-query", "channel-layer")
BRIEF = ("--duration", "1.5", "--warmup", "0.3", "--repeat", "2")


def test_every_finding_asks_for_what_there_is() -> None:
    found = plans.plans(finding.discover(), LoadWish(), RunWish(repeat=2, seed=1, start_timeout=20))
    asked = {case.name for one in finding.discover().values() for case in one.cases.values()}
    planned = {case.name for plan in found.values() for case in plan.cases}
    left_out = [one for plan in found.values() for one in plan.left_out]
    assert planned == asked or left_out
    for setup, plan in found.items():
        assert plan.budget is not None
        assert plan.budget.workers == setup.workers
        assert len(plan.steps) == 2 * len(plan.cases)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    bench = CommandLine(tmp_path_factory.mktemp("findings"))
    out = bench.folder / "found"
    done = bench.run("findings", *NAMES, *BRIEF, "--json", "--out", str(out))
    return Finished(done.code, done.out, done.err, out)


@pytest.mark.long
def test_claims_are_judged_by_what_was_measured(measured: Finished) -> None:
    assert measured.code == 1, measured.err
    verdicts = {one["name"]: one for one in measured.json()}
    assert list(verdicts) == [name for name in finding.discover() if name in NAMES]
    stored = FindingsStore(measured.directory)
    found = {one.name: one for one in stored.judged()[0]}
    assert list(found) == list(verdicts)
    # What holds on any machine.
    assert found["lazy-foreign-keys"].verdict == "confirmed"
    assert found["http2"].verdict == "refuted"
    assert {store.directory.name for store in stored.runs()} == {"1-worker", "2-workers"}
    in_memory, over_redis, _ = found["channel-layer"].outcomes
    assert in_memory.verdict == "confirmed"
    assert over_redis.verdict == ("confirmed" if shutil.which("redis-server") else "undecided")
    for outcome in found["one-query"].outcomes:
        for seen in outcome.seen:
            assert seen.text or (seen.ratio is not None and seen.ratio.low is not None)
    page = (measured.directory / "findings.md").read_text()
    for name, one in found.items():
        assert f"(#{name}) | **{one.verdict}** |" in page
    assert "SynchronousOnlyOperation" in page
    assert (measured.directory / "runs" / "1-worker" / "report.html").is_file()


@pytest.mark.long
def test_a_command_line_is_tried_and_what_it_wrote_is_told(measured: Finished) -> None:
    (one,) = [one for one in measured.json() if one["name"] == "uwsgi-async-gevent"]
    as_claimed, as_documented = (outcome["seen"][0] for outcome in one["outcomes"])
    assert as_claimed["first"].endswith("--async=gevent")
    assert as_claimed["verdict"] == "refuted"
    assert "single process" in as_claimed["text"]
    assert as_documented["verdict"] == "confirmed"
    assert as_documented["text"].startswith("works: it serves")


@pytest.mark.long
def test_they_are_resumed_without_measuring_again(measured: Finished, bench: CommandLine) -> None:
    record = next((measured.directory / "runs" / "1-worker" / "records").iterdir())
    others = {path: path.stat().st_mtime_ns for path in record.parent.iterdir() if path != record}
    record.unlink()
    done = bench.run("findings", "--resume", str(measured.directory), "--json")
    assert done.code == measured.code, done.err
    assert record.is_file()
    assert all(path.stat().st_mtime_ns == time for path, time in others.items())
    assert [one["name"] for one in done.json()] == [one["name"] for one in measured.json()]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("http-2",), "did you mean http2?"),
        (("http2", "--resume", "{}"), "do not go with --resume"),
        (("--resume", "{}"), "has no findings.json"),
        (("--repeat", "0"), "0 is not in the range"),
    ],
)
def test_what_is_wrong_is_said(bench: CommandLine, tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    done = bench.run("findings", *(word.format(tmp_path) for word in arguments))
    assert done.code == 2
    assert says in done.err


def test_damaged_or_newer_findings_are_refused(bench: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "findings.json").write_text('{"schema": 99, "findings": []}')
    assert "use a newer bench" in bench.run("findings", "--resume", str(tmp_path)).err
    (tmp_path / "findings.json").write_bytes(msgspec.json.encode({"schema": 1}))
    assert "is damaged" in bench.run("findings", "--resume", str(tmp_path)).err
