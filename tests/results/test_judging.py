"""What confirms a finding, what refutes it, and what leaves it open, from records with chosen figures."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from results.errors import BenchError, ExitCode
from results.finding import CaseAsked, FeatureExpected, Finding, RatioExpected, Setup, StartExpected, StatusExpected
from results.judging import Evidence, Judged, exit_code, judge
from results.matrix import Cell
from results.plan import Case
from results.record import Breakdown, Record
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


def expected(**bounds: float) -> Finding:
    one = RatioExpected(that="t", metric="throughput", of=("fast",), to=("slow",), **bounds)
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
    (seen,) = judged(expected(at_least=1.5), found).outcomes[0].seen
    assert seen.ratio is not None
    assert seen.ratio.value == pytest.approx(2, rel=0.02)


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


def test_intervals_over_several_pairs_hold_together() -> None:
    """Beside one other it is decided; beside ten the same figures are not, as one in ten would err."""
    pool = {f"slow-{number}": ASKED["slow"] for number in range(10)}
    cases = {"fast": ASKED["fast"], **pool}
    found = evidence(*repeats(FAST, (118, 121, 124)), *repeats(SLOW, (104, 107, 110)))
    one = RatioExpected(that="t", metric="throughput", of=("fast",), to=("slow-0",), at_least=1.05)
    many = RatioExpected(that="t", metric="throughput", of=("fast",), to=tuple(pool), at_least=1.05)
    alone = Finding(claim="c", follows="f", cases={"fast": ASKED["fast"], "slow-0": ASKED["slow"]}, ratio=(one,))
    together = Finding(claim="c", follows="f", cases=cases, ratio=(many,))
    (narrow,) = judged(alone, found).outcomes[0].seen
    wide = judged(together, found).outcomes[0].seen[0]
    assert narrow.ratio is not None
    assert wide.ratio is not None
    assert wide.ratio.low is not None
    assert narrow.ratio.low is not None
    assert wide.ratio.low < narrow.ratio.low


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

    start = StartExpected(that="t", argv=("serve",), interface="wsgi", status=("works",), says_nothing_of="deprecated")
    starts = Finding(claim="c", follows="f", start=(start,))
    assert judged(starts, Evidence(runs={}, features={}, starts={("serve",): works})).verdict == "confirmed"
    warned = Cell(status="works", seen="it serves; it wrote: deprecated")
    assert judged(starts, Evidence(runs={}, features={}, starts={("serve",): warned})).verdict == "refuted"
    assert judged(starts, Evidence(runs={}, features={}, starts={})).verdict == "undecided"


def test_runs_of_several_machines_are_refused() -> None:
    other = replace(factory.MACHINE, cpu_model="another CPU")
    records = [*repeats(FAST, (200, 202)), *(replace(one, machine=other) for one in repeats(SLOW, (100, 101)))]
    with pytest.raises(BenchError, match="the runs are of 2 machines"):
        judged(expected(at_least=1.5), evidence(*records))


def test_exit_codes() -> None:
    found = evidence(*repeats(FAST, (200, 202, 198)), *repeats(SLOW, (100, 101, 99)))
    confirmed, refuted, open_ = (judged(expected(at_least=least), found) for least in (1.5, 2.5, 2.0))
    assert exit_code([confirmed]) == ExitCode.DONE
    assert exit_code([confirmed, open_]) == ExitCode.INCONCLUSIVE
    assert exit_code([confirmed, open_, refuted]) == ExitCode.REGRESSED
