"""What is published can be drawn again from what is published beside it."""

from pathlib import Path

import pytest

from plots import matrix, publish, report
from plots.publish import Published
from results.store import Store
from results.summary import summarize
from tests.conftest import ROOT

RUN = ROOT / "results" / "published" / "four-servers"
PAGE = ROOT / "plots" / "published" / "four-servers" / "report.md"


def test_the_published_report_is_that_of_the_published_records() -> None:
    store = Store(RUN)
    plan = store.plan()
    summary = summarize(plan.name, plan, store.records())
    assert report.markdown(summary) == PAGE.read_text()
    # The README shows a table of this run.
    readme = (ROOT / "README.md").read_text()
    for case in summary.cases:
        if case.case.scenario == "sleep" and case.throughput_rps is not None:
            assert f" {case.throughput_rps.value:,.3g} (" in readme


@pytest.mark.parametrize("name", ["matrix", "matrix-django-6"])
def test_a_published_matrix_is_drawn_from_what_is_published_beside_it(name: str) -> None:
    drawn = matrix.markdown(matrix.read(ROOT / "results" / "published" / f"{name}.json"), name)
    assert drawn == (ROOT / "plots" / "published" / f"{name}.md").read_text()
    assert (ROOT / "plots" / "published" / f"{name}.svg").stat().st_size > 5_000


@pytest.mark.parametrize("scenario", ["cpu", "hello", "sleep"])
def test_every_published_chart_is_there(scenario: str) -> None:
    for chart in report.CHARTS:
        for kind in ("svg", "png"):
            assert (PAGE.parent / "charts" / f"{scenario}-{chart}.{kind}").stat().st_size > 5_000


def test_the_index_and_the_findings_are_of_what_is_there(tmp_path: Path) -> None:
    where = publish.Published()
    assert publish.index(where) == (where.pages / "index.md").read_text()
    assert "four-servers" in where.names("run")
    for name in where.names("findings"):
        page = where.pages / name / "findings.md"
        drawn = publish.draw(name, Published(where.records, tmp_path))
        assert drawn.read_text() == page.read_text()
