"""The report page: escaped, whole, and in a real browser sorted, filtered and opened, without a network."""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from plots import answer, report
from results.store import Store
from results.summary import RunSummary, summarize
from tests import browser
from tests.conftest import ROOT
from tests.plots.seen import doubted
from tests.results.factory import CASE, load, plan, record, second

RUN = ROOT / "tests" / "data" / "four-servers"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the published run, beside its records."""
    folder = tmp_path_factory.mktemp("page") / "run"
    shutil.copytree(RUN, folder)
    store = Store(folder)
    made = store.plan()
    return report.write(summarize(made.name, made, store.records()), folder)


def summary(server: str = CASE.server) -> RunSummary:
    case = replace(CASE, server=server)
    slow, fast = second([9.0] * 50), second([1.0] * 90)
    records = [
        replace(record(load(one, one)), case=each)
        for each, one in ((case, slow), (replace(case, server="other"), fast))
    ]
    return summarize("r", plan(case, replace(case, server="other")), records)


def test_a_page_is_one_file_that_links_its_records(written: Path) -> None:
    text = written.read_text()
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text)
    links = re.findall(r'<a href="(records/[^"]+)" download>', text)
    assert len(links) == len(list((RUN / "records").iterdir()))
    assert all((written.parent / link).is_file() for link in links)
    assert text.count("<svg") == 12
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(set(re.findall(r"url\(#([^)]+)\)", text)) - set(ids)) == 0
    assert len([one for one in ids if not one.startswith("chart")]) == len(
        {one for one in ids if not one.startswith("chart")}
    )


def test_names_with_markup_are_escaped(tmp_path: Path) -> None:
    made = summary("<script>alert(1)</script>")
    text = report.write(made, tmp_path).read_text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_answer_says_what_one_repeat_cannot() -> None:
    (one,) = answer.answers(summary())
    assert one.first == "One repeat of each: too little to say who is faster."


def of_rates(rates: Mapping[str, Sequence[int]]) -> RunSummary:
    """A run by the answers a second of each server in each of its three repeats."""
    cases = [replace(CASE, server=server) for server in rates]
    records = [
        record(load(*[second([1.0] * rate)] * 2), case=one, repeat=repeat)
        for one in cases
        for repeat, rate in enumerate(rates[one.server], 1)
    ]
    return summarize("r", plan(*cases, repeats=3), records)


def test_the_answer_names_those_behind_by_their_figures_and_not_by_rank() -> None:
    """A wide interval, and so a rank that begins early, puts nobody before a better figure."""
    rates = {"wide": (75, 90, 82), "last": (50, 50, 51), "third": (85, 85, 84), "next": (90, 91, 90)}
    rates["best"] = (300, 302, 298)
    run = of_rates(rates)
    ranks = {one.case.server: one.rank for one in run.cases}
    assert (ranks["next"], ranks["wide"], ranks["third"]) == (2, 2, 3)
    (said,) = answer.answers(run)
    assert said.first == "Best: best sync, 300 req/s."
    assert re.findall(r"(\w+) sync", said.rest[0]) == ["next", "third", "wide", "last"]


def test_the_answer_names_ties_and_the_invalid(written: Path) -> None:
    text = written.read_text()
    assert "Tied for best, as they cannot be told apart: gunicorn-gevent sync, 614 req/s; uwsgi-gevent sync" in text
    assert "gunicorn-gevent, async: 99.9% of 7,608 requests failed" in text


def test_a_suspect_case_that_the_answer_names_is_marked_and_the_mark_explained_once(tmp_path: Path) -> None:
    rates = {"best": (300, 302, 298), "second": (200, 201, 199), "third": (100, 101, 99)}
    run = of_rates(rates)
    assert answer.LEGEND not in report.write(run, tmp_path).read_text()
    best, other, third = run.cases
    run = replace(run, cases=(doubted(best, "foreign-load"), other, doubted(third, "unsteady")))
    (said,) = answer.answers(run)
    assert said.first == "Best: best sync †, 300 req/s."
    assert re.findall(r"\w+ sync(?: †)?", said.rest[0]) == ["second sync", "third sync †"]
    assert report.write(run, tmp_path).read_text().count(answer.LEGEND) == 1
    alone = replace(run, cases=(doubted(best, "foreign-load"),))
    assert answer.answers(alone)[0].first == "best sync † gave 300 req/s; there is nothing to compare it with."


pytestmark_browser = pytest.mark.skipif(
    browser.PROGRAM is None, reason="Chromium is not there: apt-get install chromium"
)


@pytest.fixture(scope="module")
def opened(written: Path) -> Iterator[browser.Page]:
    with browser.page() as page:
        page.open(written.as_uri())
        yield page


@pytestmark_browser
class TestInABrowser:
    """In this order: a page is opened once."""

    def test_nothing_is_loaded_from_outside_and_nothing_complained_of(self, opened: browser.Page) -> None:
        assert {url.partition(":")[0] for url in opened.requested} == {"file", "data"}
        assert opened.complaints == []

    def test_a_column_is_sorted_both_ways_from_the_keyboard(self, opened: browser.Page) -> None:
        column = opened.run("[...document.querySelectorAll('#cases th')].findIndex(one => one.innerText == 'req/s')")
        figures = f"[...document.querySelectorAll('#cases tbody tr')].map(row => row.cells[{column}].dataset.sort)"
        opened.run(f"document.querySelectorAll('#cases th button')[{column}].focus()")
        for direction in ("ascending", "descending"):
            opened.press("Enter", text="\r")
            assert opened.run(f"document.querySelectorAll('#cases th')[{column}].ariaSort") == direction
            found = opened.run(figures)
            known = [float(one) for one in found if one is not None]
            assert len(known) == 18
            assert known == sorted(known, reverse=direction == "descending")
            assert found[len(known) :] == [None] * 6, "what is not known comes last"

    def test_rows_are_filtered_by_words_and_verdicts(self, opened: browser.Page) -> None:
        opened.run("document.querySelector('#filter').focus()")
        for letter in "sleep gevent":
            opened.press(letter, text=letter)
        shown = "[...document.querySelectorAll('#cases tbody tr')].filter(row => !row.hidden).length"
        assert opened.run(shown) == 4
        assert opened.run("document.querySelector('#shown').innerText") == "4 of 24"
        opened.run("document.querySelector('input[value=invalid]').click()")
        assert opened.run(shown) == 2

    def test_a_case_opens_from_its_name(self, opened: browser.Page) -> None:
        opened.run(
            "[...document.querySelectorAll('#cases tbody tr')].find(row => !row.hidden).querySelector('a').click()"
        )
        opened.run("new Promise(done => setTimeout(done, 100))")
        assert opened.run("document.querySelectorAll('details[open]').length") == 1
        assert "req/s" in opened.run("document.querySelector('details[open]').innerText")
        assert opened.run("document.activeElement.tagName") == "SUMMARY"

    def test_a_phone_scrolls_the_table_and_not_the_page(self, opened: browser.Page) -> None:
        opened.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=2, mobile=True)
        assert opened.run("document.documentElement.scrollWidth") <= 390
        assert opened.complaints == []
