"""What confirms a finding, what refutes it, and what leaves it open, from records with chosen figures."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from msgspec.structs import replace as replaced

from results.errors import ExitCode
from results.finding import CaseAsked, FeatureExpected, Finding, RatioExpected, Setup, StartExpected, StatusExpected
from results.judging import Evidence, Judged, deciding, exit_code, judge
from results.matrix import Cell
from results.plan import Case, LeftOut
from results.record import Breakdown, HostUse, Record
from results.summary import summarize
from tests.results import factory

FAST, SLOW = factory.case("fast"), factory.case("slow")
ASKED = {name: CaseAsked(server=name, scenario="hello", variant="sync") for name in ("fast", "slow")}


def repeats(case: Case, rates: Sequence[int], ms: float = 5.0) -> list[Record]:
    """Records of a case with so many answers a second each."""
    return [
        factory.record(factory.load(*[factory.second([ms] * rate)] * 2), case=case, repeat=number + 1)
        for number, rate in enumerate(rates)
    ]


def evidence(*records: Record) -> Evidence:
    cases = tuple(dict.fromkeys(record.case for record in records))
    plan = factory.plan(*cases, repeats=max(record.repeat for record in records))
    return Evidence(runs={Setup(): summarize("run", plan, records)}, features={}, starts={})


def expected(
    at_least: float | None = None, at_most: float | None = None, beyond: float | None = None, *, control: bool = False
) -> Finding:
    one = RatioExpected(
        that="t", control=control, metric="throughput", of=("fast",), to=("slow",), at_least=at_least, at_most=at_most,
        refuted_beyond=beyond,
    )  # fmt: skip
    return Finding(claim="c", follows="f", cases=ASKED, ratio=(one,))


def judged(finding: Finding, found: Evidence) -> Judged:
    return judge("name", finding, found)


def test_a_ratio_confirms_refutes_or_leaves_open() -> None:
    found = evidence(*repeats(FAST, (200, 202, 198)), *repeats(SLOW, (100, 101, 99)))
    assert judged(expected(at_least=1.5), found).verdict == "confirmed"
    assert judged(expected(at_least=1.5, at_most=2.5), found).verdict == "confirmed"
    assert judged(expected(at_least=2.5), found).verdict == "refuted"
    assert judged(expected(at_most=1.5), found).verdict == "refuted"
    assert judged(expected(at_least=2.0), found).verdict == "undecided", "the interval holds 2"
    assert judged(expected(at_least=2.5, beyond=1.0), found).verdict == "undecided", "neither 2.5 times nor no more"
    assert judged(expected(at_least=2.5, beyond=2.4), found).verdict == "refuted"
    assert judged(expected(at_most=1.5, beyond=1.7), found).verdict == "refuted"
    assert judged(expected(at_most=1.5, beyond=3.0), found).verdict == "undecided"
    assert judged(expected(at_least=2.5, control=True), found).verdict == "undecided", "a control refutes nothing"
    (seen,) = judged(expected(at_least=1.5), found).outcomes[0].seen
    assert seen.ratio is not None
    assert seen.ratio.value == pytest.approx(2, rel=0.02)


def test_what_is_undecided_says_why() -> None:
    tight = evidence(*repeats(FAST, (200, 202, 198)), *repeats(SLOW, (100, 101, 99)))

    def why(finding: Finding, found: Evidence) -> tuple[str, ...]:
        return judged(finding, found).why

    assert why(expected(at_least=1.5), tight) == ()
    assert why(expected(at_least=2.5), tight) == (), "it is refuted"
    assert why(expected(at_least=2.0), tight) == ("too noisy",)
    assert why(expected(at_least=2.5, beyond=1.0), tight) == ("between the bounds",)
    assert why(expected(at_least=2.5, control=True), tight) == ("its control failed",)
    assert why(expected(at_least=1.5), evidence(*repeats(FAST, (200,)), *repeats(SLOW, (100,)))) == ("too few repeats",)
    assert why(expected(at_least=1.5), evidence(*repeats(FAST, (200, 202)))) == ("not measured",)
    quota = HostUse(foreign_cpu_s=0.0, stolen_s=0.0, load_stolen_s=0.0, throttled_s=1.0)
    doubtful = [replace(one, host=quota) for one in repeats(FAST, (200, 202, 198))]
    assert why(expected(at_least=1.5), evidence(*doubtful, *repeats(SLOW, (100, 101, 99)))) == ("measured under doubt",)


def test_of_a_case_those_repeats_decide_that_have_nothing_against_them() -> None:
    sound = repeats(FAST, (200, 201, 199, 202, 198))
    stolen = HostUse(foreign_cpu_s=0.0, stolen_s=1.0, load_stolen_s=0.0, throttled_s=0.0)
    assert deciding([replace(one, host=stolen) for one in sound], Setup()) == [
        replace(one, host=stolen) for one in sound
    ], "that is in the intervals"
    quota = [replace(one, host=replace(stolen, stolen_s=0.0, throttled_s=1.0)) for one in sound]
    assert deciding([*quota[:2], *sound[2:]], Setup()) == sound[2:]
    doubtful = [*quota[:3], *sound[3:]]
    assert deciding(doubtful, Setup()) == doubtful, "two are too few"
    broken = replace(sound[4], load=None, server=None, host=None)
    failed = [*quota[:1], *sound[1:4], replace(broken, breakdown=Breakdown(stage="start", message="m", hint=""))]
    assert deciding(failed, Setup()) == failed, "one that failed may not be left out"


def test_one_repeat_decides_nothing() -> None:
    found = judged(expected(at_least=1.5), evidence(*repeats(FAST, (200,)), *repeats(SLOW, (100,))))
    assert found.verdict == "undecided"
    assert "no interval" in found.outcomes[0].seen[0].text


def test_what_is_only_told_decides_nothing_and_is_given_all_the_same() -> None:
    told = RatioExpected(that="told", metric="p50", of=("fast",), to=("slow",))
    finding = expected(at_least=1.5)
    finding = Finding(claim="c", follows="f", cases=ASKED, ratio=(*finding.ratio, told))
    found = judged(finding, evidence(*repeats(FAST, (200, 202)), *repeats(SLOW, (100, 101))))
    assert found.outcomes[1].verdict is None
    assert found.outcomes[1].seen[0].ratio is not None
    alone = Finding(claim="c", follows="f", cases=ASKED, ratio=(told,))
    assert judged(alone, evidence(*repeats(FAST, (200, 202)), *repeats(SLOW, (100, 101)))).verdict == "undecided"


def test_a_latency_beside_a_number_of_ms() -> None:
    finding = Finding(
        claim="c",
        follows="f",
        cases={"fast": ASKED["fast"]},
        ratio=(RatioExpected(that="t", metric="p50", of=("fast",), to_ms=5.0, at_least=0.9, at_most=1.1),),
    )
    found = evidence(*repeats(FAST, (100, 101, 99), 5.0))
    assert judged(finding, found).verdict == "confirmed"
    assert judged(finding, evidence(*repeats(FAST, (100, 101, 99), 50.0))).verdict == "refuted"


def test_an_invalid_case_or_none_leaves_open_and_says_why() -> None:
    breakdown = Breakdown(stage="start", message="slow exited with code 1", hint="")
    broken = [
        replace(record, load=None, server=None, host=None, breakdown=breakdown) for record in repeats(SLOW, (100, 101))
    ]
    found = judged(expected(at_least=1.5), evidence(*repeats(FAST, (200, 202)), *broken))
    assert found.verdict == "undecided"
    assert "slow/hello/sync is invalid: slow exited with code 1" in found.outcomes[0].seen[0].text
    absent = judged(expected(at_least=1.5), evidence(*repeats(FAST, (200, 202))))
    assert absent.verdict == "undecided"
    assert "slow/hello/sync was not measured" in absent.outcomes[0].seen[0].text


def test_intervals_of_all_ratios_that_decide_hold_together() -> None:
    """Beside one other it is decided; beside ten the same figures are not, as one in ten would err more often."""
    pool = {f"slow-{number}": ASKED["slow"] for number in range(10)}
    cases = {"fast": ASKED["fast"], **pool}
    found = evidence(*repeats(FAST, (118, 121, 124)), *repeats(SLOW, (104, 107, 110)))
    one = RatioExpected(that="t", metric="throughput", of=("fast",), to=("slow-0",), at_least=1.05)
    many = RatioExpected(that="t", metric="throughput", of=("fast",), to=tuple(pool), at_least=1.05)
    alone = Finding(claim="c", follows="f", cases={"fast": ASKED["fast"], "slow-0": ASKED["slow"]}, ratio=(one,))
    together = Finding(claim="c", follows="f", cases=cases, ratio=(many,))
    assert judged(alone, found).verdict == "confirmed"
    assert judged(together, found).verdict == "undecided"
    apart = tuple(replaced(one, to=(name,)) for name in pool)
    assert judged(Finding(claim="c", follows="f", cases=cases, ratio=apart), found).verdict == "undecided"
    told = tuple(replaced(one, to=(name,), at_least=None) for name in pool if name != "slow-0")
    assert judged(Finding(claim="c", follows="f", cases=cases, ratio=(one, *told)), found).verdict == "confirmed"


def test_a_case_that_may_be_wrong_without_any_spread_decides_nothing() -> None:
    busy = [
        replace(one, load=replace(one.load, processes=(replace(one.load.processes[0], cpu_s=1.99),)))
        for one in repeats(FAST, (200, 202, 198))
        if one.load is not None
    ]
    found = judged(expected(at_least=1.5), evidence(*busy, *repeats(SLOW, (100, 101, 99))))
    assert found.verdict == "undecided"
    assert "fast/hello/sync is suspect" in found.outcomes[0].seen[0].text
    crowded = [
        replace(one, host=replace(one.host, foreign_cpu_s=0.5))
        for one in repeats(FAST, (200, 202, 198))
        if one.host is not None
    ]
    noisy = judged(expected(at_least=1.5), evidence(*crowded, *repeats(SLOW, (100, 101, 99))))
    assert noisy.verdict == "confirmed", "noise is in the interval"


def test_a_status_that_the_bench_could_not_see_is_none() -> None:
    status = StatusExpected(that="t", case="fast", status=("fails",))
    finding = Finding(claim="c", follows="f", cases={"fast": ASKED["fast"]}, status=(status,))
    breakdown = Breakdown(stage="backend", message="redis ended", hint="")
    broken = [replace(one, load=None, server=None, host=None, breakdown=breakdown) for one in repeats(FAST, (100, 100))]
    found = judged(finding, evidence(*broken))
    assert found.verdict == "undecided"
    assert found.outcomes[0].seen[0].text.startswith("redis ended")


def test_what_was_left_out_says_why() -> None:
    there = evidence(*repeats(FAST, (200, 202)))
    (run,) = there.runs.values()
    left_out = (LeftOut(server="slow", scenario="hello", why="slow is not installed: /a/b/python -m pip install slow"),)
    found = Evidence(runs={Setup(): replace(run, plan=replace(run.plan, left_out=left_out))}, features={}, starts={})
    text = judged(expected(at_least=1.5), found).outcomes[0].seen[0].text
    assert text == "slow is not installed: python -m pip install slow"


def test_statuses_features_and_starts() -> None:
    status = StatusExpected(that="t", case="fast", status=("works",))
    finding = Finding(claim="c", follows="f", cases={"fast": ASKED["fast"]}, status=(status,))
    found = evidence(*repeats(FAST, (100, 100)))
    assert judged(finding, found).verdict == "confirmed"
    unlike = StatusExpected(that="t", case="fast", status=("fails",), says="Error")
    assert judged(Finding(claim="c", follows="f", cases=finding.cases, status=(unlike,)), found).verdict == "refuted"

    feature = FeatureExpected(that="t", servers=("one", "two"), feature="http/2", status=("works",))
    speaks = Finding(claim="c", follows="f", feature=(feature,))
    works, fails = Cell(status="works", seen="so"), Cell(status="fails", seen="not so")
    both = Evidence(runs={}, features={"one": {"http/2": works}, "two": {"http/2": works}}, starts={})
    assert judged(speaks, both).verdict == "confirmed"
    only_one = Evidence(runs={}, features={"one": {"http/2": works}}, starts={})
    assert judged(speaks, only_one).verdict == "undecided"
    not_two = Evidence(runs={}, features={"one": {"http/2": works}, "two": {"http/2": fails}}, starts={})
    assert judged(speaks, not_two).verdict == "refuted"

    start = StartExpected(
        that="t", argv=("serve",), interface="wsgi", needs=("server",), status=("works",), says_nothing_of="old"
    )
    starts = Finding(claim="c", follows="f", start=(start,))
    assert judged(starts, Evidence(runs={}, features={}, starts={("serve",): works})).verdict == "confirmed"
    warned = Cell(status="works", seen="it serves; it wrote: old")
    assert judged(starts, Evidence(runs={}, features={}, starts={("serve",): warned})).verdict == "refuted"
    assert judged(starts, Evidence(runs={}, features={}, starts={})).verdict == "undecided"


def test_exit_codes() -> None:
    found = evidence(*repeats(FAST, (200, 202, 198)), *repeats(SLOW, (100, 101, 99)))
    confirmed, refuted, open_ = (judged(expected(at_least=least), found) for least in (1.5, 2.5, 2.0))
    assert exit_code([confirmed]) == ExitCode.DONE
    assert exit_code([confirmed, open_]) == ExitCode.INCONCLUSIVE
    assert exit_code([confirmed, open_, refuted]) == ExitCode.REGRESSED
