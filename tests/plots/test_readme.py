"""What the README shows of what is published is written by `publish`, between its marks, and nowhere else."""

from dataclasses import replace
from pathlib import Path

from plots import answer, publish, readme, text
from plots.publish import Published
from results.rules import Reason
from results.store import Store
from results.summary import CaseSummary, RunSummary, summarize
from tests.conftest import ROOT
from tests.plots.test_publish import findings, where  # noqa: F401  # a fixture

RUN = ROOT / "tests" / "data" / "schema-1"
README = "# A bench\n\n<!-- published: NAME -->\nold\n<!-- end -->\n\nThe rest.\n"
PAGE = "plots/published/a-run/report.md"


def doubted(one: CaseSummary, code: str) -> CaseSummary:
    """A case of whose five repeats two are suspect."""
    reason = Reason(code=code, verdict="suspect", text="t", cure="c")
    return replace(one, repeats=5, doubted=2, judgement=replace(one.judgement, verdict="suspect", reasons=(reason,)))


def run() -> RunSummary:
    store = Store(RUN)
    return summarize("a-run", store.plan(), store.records())


def test_publishing_writes_the_block_of_what_is_published(where: Published) -> None:  # noqa: F811  # the fixture
    where.readme.write_text(README.replace("NAME", "a-run"))
    publish.publish(RUN, "a-run", where)
    found = where.readme.read_text()
    assert found.startswith("# A bench\n\n<!-- published: a-run -->\n\n- `")
    assert found.endswith("\n\n<!-- end -->\n\nThe rest.\n")
    assert readme.of_run(run(), PAGE) in found
    assert "old" not in found
    publish.publish(RUN, "a-run", where)
    assert where.readme.read_text() == found


def test_findings_are_listed_with_links(where: Published, tmp_path: Path) -> None:  # noqa: F811  # the fixture
    where.readme.write_text(README.replace("NAME", "claims"))
    publish.publish(findings(tmp_path / "found"), "claims", where)
    found = where.readme.read_text()
    assert found.count("](plots/published/claims/findings.md#") == 2
    assert "[**undecided**](plots/published/claims/findings.md#one-query): not measured |" in found
    assert "[**refuted**](plots/published/claims/findings.md#uwsgi-async-gevent) | fails |" in found


def test_a_block_of_what_is_not_published_yet_stays(where: Published) -> None:  # noqa: F811  # the fixture
    content = README.replace("NAME", "nothing")
    assert publish.with_published(content, where) == content


def test_each_row_has_the_figures_of_its_case_and_async_views_under_wsgi_are_left_out() -> None:
    shown = run()
    table = readme.of_run(shown, PAGE)
    for one in shown.cases:
        natural = one.case.kind == "sync" or one.case.interface == "asgi"
        assert (f"| {one.case.server} {one.case.variant} |" in table) == natural
        if natural and one.throughput_rps is not None:
            assert f"{one.throughput_rps.value:,.0f}" in table or f"{one.throughput_rps.value:.3g}" in table


def test_a_suspect_figure_is_marked() -> None:
    shown = run()
    first = next(one for one in shown.cases if one.case.kind == "sync")
    assert first.judgement.verdict == "valid"
    assert text.SUSPECT not in readme.of_run(replace(shown, cases=(first,)), PAGE)
    table = readme.of_run(replace(shown, cases=(doubted(first, "stolen-time"),)), PAGE)
    assert f" {text.SUSPECT}2/5 |" in table
    assert f"{text.SUSPECT} is *suspect*" in table
    assert "1 of these 1 cases are, 1 for `stolen-time`: [the report](" in table
    assert readme.UNEVEN not in table


def test_a_case_that_serves_unevenly_is_not_in_bold_has_its_own_mark_and_a_caveat() -> None:
    shown = run()
    first = replace(next(one for one in shown.cases if one.case.kind == "sync"), rank=1)
    assert f"**{text.interval(first.throughput_rps)}**" in readme.of_run(replace(shown, cases=(first,)), PAGE)
    uneven = doubted(first, text.UNEVEN)
    other = replace(first, case=replace(first.case, server="other"))
    table = readme.of_run(replace(shown, cases=(uneven, other)), PAGE)
    (row,) = [line for line in table.splitlines() if line.startswith(f"| {first.case.server} ")]
    assert f"| {text.interval(first.throughput_rps)} {text.SUSPECT}2/5 {readme.UNEVEN} |" in row
    assert f"| {text.value(first.latency_ms['p99'])} |" in row
    assert f"- {readme.UNEVEN} answered some users while others waited" in table
    assert "req/s, but unevenly served; other" in table


def test_the_mark_of_a_suspect_case_is_explained_once_whether_it_has_a_row_or_not() -> None:
    shown = run()
    sync = next(one for one in shown.cases if one.case.kind == "sync")
    no_row = replace(sync, case=replace(sync.case, variant="async", interface="wsgi"))
    table = readme.of_run(replace(shown, cases=(doubted(sync, "stolen-time"),)), PAGE)
    assert f"{sync.case.server} sync {text.SUSPECT} gave" in table
    assert table.count(f"{text.SUSPECT} is *suspect*") == 1
    assert answer.LEGEND not in table
    table = readme.of_run(replace(shown, cases=(doubted(no_row, "stolen-time"),)), PAGE)
    assert f"{no_row.case.server} async {text.SUSPECT} gave" in table
    assert table.count(answer.LEGEND) == 1


def test_an_invalid_case_has_no_figure() -> None:
    shown = run()
    first = next(one for one in shown.cases if one.case.kind == "sync")
    cost = replace(first.cost, memory_peak_mib=None)
    broken = replace(first, throughput_rps=None, rank=None, rank_to=None, cost=cost)
    table = readme.of_run(replace(shown, cases=(broken,)), PAGE)
    assert f"| {first.case.server} sync | {readme.NOTHING} | – | – |" in table
