"""What is published, and what the README shows of it, can be drawn again from the records that are published."""

from pathlib import Path

import pytest

from plots import matrix, publish, readme, report, text
from plots.publish import Published
from results.store import Store
from results.summary import summarize
from tests.conftest import ROOT

WHERE = Published()


@pytest.mark.parametrize("name", WHERE.names("run"))
def test_a_published_report_is_that_of_the_records_beside_it(name: str) -> None:
    store = Store(WHERE.records / name)
    plan = store.plan()
    summary = summarize(plan.name, plan, store.records())
    assert report.markdown(summary) == (WHERE.pages / name / "report.md").read_text()
    for scenario in text.scenarios(summary):
        for chart in report.charts(summary, scenario):
            assert (WHERE.pages / name / "charts" / f"{scenario}-{chart}.svg").stat().st_size > 5_000


@pytest.mark.parametrize("name", WHERE.matrices())
def test_a_published_matrix_is_drawn_from_what_is_published_beside_it(name: str) -> None:
    drawn = matrix.markdown(matrix.read(WHERE.records / f"{name}.json"), name)
    assert drawn == (WHERE.pages / f"{name}.md").read_text()
    assert (WHERE.pages / f"{name}.svg").stat().st_size > 5_000


@pytest.mark.parametrize("name", WHERE.names("findings"))
def test_published_verdicts_are_those_of_the_records_beside_them(name: str, tmp_path: Path) -> None:
    drawn = publish.draw(name, Published(WHERE.records, tmp_path))
    assert drawn.read_text() == (WHERE.pages / name / "findings.md").read_text()


def test_the_index_is_of_what_is_there() -> None:
    assert publish.index(WHERE) == (WHERE.pages / "index.md").read_text()


def test_of_all_that_is_published_it_is_said_what_it_is_for() -> None:
    assert set(WHERE.about) == {*WHERE.names("run"), *WHERE.names("findings"), *WHERE.matrices()}


def test_the_readme_shows_what_is_published() -> None:
    content = WHERE.readme.read_text()
    assert WHERE.readme == ROOT / "README.md"
    assert publish.with_published(content, WHERE) == content
    shown = [found["name"] for found in readme.BLOCK.finditer(content)]
    assert shown == ["servers", "findings"]
    assert set(shown) <= {*WHERE.names("run"), *WHERE.names("findings")}
