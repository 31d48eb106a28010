import re
from dataclasses import replace

import pytest

from plots import report, text
from plots.text import COLUMNS, FIRST_BYTE
from results.compare import Ratio
from results.record import Breakdown
from results.summary import summarize
from tests.results.factory import case, load, plan, record, second, spread


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.4589, "0.459"), (1, "1"), (51.775, "51.8"), (99.96, "100"), (2513.4, "2,513"), (1e6, "1,000,000")],
)
def test_numbers(value: float, shown: str) -> None:
    assert text.number(value) == shown


def test_beside_the_best_two_digits_are_enough() -> None:
    fast, slow = case("uvicorn"), case("daphne")
    records = [
        record(load(second([5.0] * answers)), case=one, repeat=repeat)
        for one, rates in ((fast, (300, 303)), (slow, (100, 99)))
        for repeat, answers in enumerate(rates, 1)
    ]
    first, second_case = summarize("x", plan(fast, slow, repeats=2), records).cases
    assert text.cells(first)["of best"] == "best"
    assert re.fullmatch(r"0\.33 \(0\.\d\d–0\.\d\d\)", text.cells(second_case)["of best"])
    shown = [text.of_best(replace(second_case, ratio_to_best=Ratio(value=value, low=None, high=None)))
             for value in (0.0324, 0.7, 1.0, 1.42, 12.4, 1234.0)]  # fmt: skip
    assert shown == ["0.032", "0.70", "1.0", "1.4", "12", "1,200"]
    assert text.of_best(replace(second_case, ratio_to_best=None)) == "–"


def test_a_report_begins_with_its_scenarios_shows_charts_first_and_folds_reasons() -> None:
    one, other = case("uvicorn"), case("uvicorn", scenario="sleep")
    bad = load(second([5.0] * 10, errors=90), failures={"status 500": 90})
    page = report.markdown(summarize("x", plan(one, other), [record(load(second([5.0] * 100)), case=one)]))
    assert "Scenarios: [hello](#hello), [sleep](#sleep)." in page
    alone = report.markdown(summarize("x", plan(one), [record(bad, case=one)]))
    assert "Scenarios:" not in alone
    heading, chart, table, folded, reason = (
        alone.index(words) for words in ("## hello", "![hello: throughput]", "| rank |", "<details>", "failures: ")
    )
    assert heading < chart < table < folded < reason < alone.index("</details>")
    assert "<summary>Reasons and cures</summary>\n\n**uvicorn, sync: invalid**" in alone


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0496, "0.050"), (0.257, "0.26"), (1, "1.0"), (8.6, "8.6"), (9.96, "10"), (34.4, "34"), (1234, "1,200")],
)
def test_rough_numbers(value: float, shown: str) -> None:
    assert text.rough(value) == shown


def test_the_development_server_is_named_as_that() -> None:
    assert text.label(case("runserver")) == "runserver (development), sync"
    assert text.label(case("uvicorn")) == "uvicorn, sync"


def test_what_a_server_said_does_not_become_markup() -> None:
    one = case("uvicorn")
    odd = "<script>alert(1)</script> | **bold** [link](http://x)"
    broken = replace(record(None, case=one), breakdown=Breakdown(stage="run", message=odd, hint="h"))
    run = summarize("x", plan(one), [broken])
    page = report.markdown(run)
    assert "<script>" not in page
    assert "\\<script\\>" in page
    assert "\\*\\*bold\\*\\*" in page


def test_a_table_shows_first_bytes_only_where_they_were_timed() -> None:
    one, other = case("uvicorn"), case("daphne")
    plain = load(second([5.0] * 100))
    timed = load(replace(second([200.0] * 100), first_byte=spread([5_000] * 100)))
    run = summarize("x", plan(one, other), [record(timed, case=one), record(plain, case=other)])
    assert text.columns(COLUMNS, run.cases) == list(COLUMNS)
    assert [text.cells(summary)[FIRST_BYTE] for summary in run.cases] == ["5", "–"]
    assert "| of best | first byte ms | p50 ms |" in report.markdown(run)
    without = summarize("x", plan(other), [record(plain, case=other)])
    assert text.columns(COLUMNS, without.cases) == [name for name in COLUMNS if name != FIRST_BYTE]
    assert FIRST_BYTE not in report.markdown(without)


def test_a_rank_is_a_range_where_cases_cannot_be_told_apart() -> None:
    (one,) = summarize("x", plan(case("uvicorn")), [record(load(second([5.0] * 100)), case=case("uvicorn"))]).cases
    assert text.cells(one)["rank"] == "–"
    assert text.cells(replace(one, rank=3, rank_to=3))["rank"] == "3"
    assert text.cells(replace(one, rank=3, rank_to=7))["rank"] == "3–7"


def test_what_a_range_of_ranks_says_stands_below_the_tables_that_have_one() -> None:
    cases = case("uvicorn"), case("daphne")
    records = [record(load(second([5.0] * 100)), case=one, repeat=repeat) for one in cases for repeat in (1, 2)]
    assert text.RANGES in report.markdown(summarize("x", plan(*cases, repeats=2), records))
    assert text.RANGES not in report.markdown(summarize("x", plan(*cases), records[::2]))


def test_an_invalid_case_has_no_figure_in_the_table() -> None:
    one = case("uvicorn")
    bad = load(second([5.0] * 10, errors=90), failures={"status 500": 90})
    cells = text.cells(summarize("x", plan(one), [record(bad, case=one)]).cases[0])
    assert cells == {
        "rank": "–",
        "case": "uvicorn sync",
        "verdict": "invalid",
        "req/s": "–",
        "of best": "–",
        "first byte ms": "–",
        "p50 ms": "–",
        "p99 ms": "–",
        "p99.9 ms": "–",
        "max ms": "–",
        "failed": "90.0%",
        "CPU ms": "–",
        "MiB": "–",
        "switches": "–",
        "threads": "–",
        "files": "–",
    }
