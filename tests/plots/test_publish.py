"""What is published: the same bytes whenever it is done, nothing that is damaged or mixed, and a site of it all."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from plots import findings as findings_page
from plots import publish
from plots.publish import Published
from results import finding
from results.errors import BenchError
from results.evidence import SCHEMA, FindingsStore, Probed, StartSeen
from results.finding import Setup
from results.judging import Evidence, judge
from results.matrix import Cell
from tests import browser
from tests.conftest import ROOT
from tests.results import factory

RUN = ROOT / "tests" / "data" / "schema-1"


@pytest.fixture
def where(tmp_path: Path) -> Published:
    found = Published(tmp_path / "results" / "published", tmp_path / "plots" / "published")
    found.records.mkdir(parents=True)
    found.pages.mkdir(parents=True)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def findings(folder: Path) -> Path:
    """A directory of findings, one of which has something in it that could become markup."""
    start = StartSeen(
        argv=("uwsgi", "--http-socket", "BIND", "--module", "APP", "--master", "--async=gevent"),
        cell=Cell(status="fails", seen="it wrote: <script>alert(1)</script> | *no*"),
    )
    chosen = {name: finding.discover()[name] for name in ("one-query", "uwsgi-async-gevent")}
    store = FindingsStore.create(folder, chosen, {Setup(): _plan()})
    store.write(
        Probed(schema=SCHEMA, findings=chosen, probed_at="2026-01-01T00:00:00+00:00", features={}, starts=(start,))
    )
    for run in store.runs():
        for case in run.plan().cases:
            for repeat in (1, 2):
                run.write(factory.record(factory.load(*[factory.second([5.0] * 100)] * 2), case=case, repeat=repeat))
    return folder


def _plan() -> Any:
    return factory.plan(factory.case("gunicorn-gthread", scenario="orm-read"), repeats=2)


def test_a_run_is_published_twice_as_the_same_bytes(where: Published) -> None:
    page = publish.publish(RUN, "old-run", where)
    assert page == where.pages / "old-run" / "report.md"
    first = contents(where.records), contents(where.pages)
    publish.publish(RUN, "old-run", where)
    assert (contents(where.records), contents(where.pages)) == first
    assert msgspec.json.decode(first[0]["old-run/plan.json"])["schema"] > 1, "upgraded"
    assert not any("log" in name or name.startswith(".") for name in first[0])
    assert "[old-run](old-run/report.md)" in (where.pages / "index.md").read_text()


def test_what_is_published_can_be_published_from(where: Published) -> None:
    publish.publish(RUN, "one", where)
    publish.publish(where.records / "one", "two", where)
    assert contents(where.records / "one") == contents(where.records / "two")


def test_findings_are_published_with_their_runs(where: Published, tmp_path: Path) -> None:
    source = findings(tmp_path / "found")
    page = publish.publish(source, "findings", where)
    text = page.read_text()
    assert "| **refuted** |" in text
    assert "<script>" not in text
    link = re.findall(r"\[1-worker\]\(([^)]+)\)", text)[0]
    assert link.endswith("results/published/findings/runs/1-worker/records")
    assert (where.records / "findings" / "runs" / "1-worker" / "records").is_dir()
    assert "uWSGI with gevent. | **refuted** |" in (where.pages / "index.md").read_text()


def test_the_page_of_findings_tells_rows_apart_and_has_what_is_long_below_the_table(tmp_path: Path) -> None:
    chosen = {name: finding.discover()[name] for name in ("sync-under-asgi", "uwsgi-async-gevent")}
    long = "it serves; it wrote: " + "a line of a log / " * 20
    starts = {one.argv: Cell(status="works", seen=long) for one in chosen["uwsgi-async-gevent"].start}
    evidence = Evidence(runs={}, features={}, starts=starts)
    page = findings_page.markdown([judge(name, one, evidence) for name, one in chosen.items()], evidence)
    rows = [line for line in page.splitlines() if line.startswith("| under each of them")]
    assert [row.partition(" (p50) |")[0].partition("more: ")[2] for row in rows] == [
        "uvicorn", "granian", "hypercorn", "daphne",
    ]  # fmt: skip
    assert all("| undecided: not measured |" in row for row in rows)
    assert (
        "| with `--async=gevent` it serves by gevent | works | works, with “gevent loop engine” | refuted (note 1) |"
        in page
    )
    assert "\n1. uwsgi --http-socket BIND" in page
    assert not any("a line of a log" in line for line in page.splitlines() if line.startswith("|"))


def test_the_index_says_what_each_is_for_where_that_is_known(where: Published) -> None:
    publish.publish(RUN, "one", where)
    (where.records / publish.ABOUT).write_text('two = "Which is *it*?"\n')
    publish.publish(RUN, "two", where)
    found = (where.pages / "index.md").read_text()
    assert "- [one](one/report.md)\n- [two](two/report.md): Which is \\*it\\*?\n" in found


def test_a_matrix_is_published_with_its_figure(where: Published, tmp_path: Path) -> None:
    source = tmp_path / "tried"
    source.mkdir()
    shutil.copy(ROOT / "results" / "published" / "matrix-django-6.json", source / "matrix.json")
    page = publish.publish(source, "some-matrix", where)
    assert "![What works with what](some-matrix.svg)" in page.read_text()
    assert (where.pages / "some-matrix.png").stat().st_size > 5_000
    assert "[some-matrix](some-matrix.md)" in (where.pages / "index.md").read_text()
    before = contents(where.records)
    for content, says in (("{}", "is damaged"), ('{"schema": 1}', "is damaged"), ('{"schema": 9}', "has schema 9")):
        (source / "matrix.json").write_text(content)
        with pytest.raises(BenchError, match=says):
            publish.publish(source, "some-matrix", where)
    assert contents(where.records) == before


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        found = dict(attrs)
        self.links += [link for name in ("href", "src") if (link := found.get(name))]
        if found.get("id"):
            self.ids.add(str(found["id"]))


def test_a_site_has_every_page_that_it_links(where: Published, tmp_path: Path) -> None:
    publish.publish(RUN, "old-run", where)
    publish.publish(findings(tmp_path / "found"), "findings", where)
    shutil.copy(ROOT / "results" / "published" / "matrix.json", where.records)
    first = publish.site(where, tmp_path / "site")
    assert first == tmp_path / "site" / "index.html"
    pages = [path for path in (tmp_path / "site").rglob("*.html") if path.name != "report.html"]
    assert {path.name for path in pages} == {"index.html", "findings.html", "matrix.html"}
    for page in pages:
        found = _Links()
        found.feed(page.read_text())
        assert "script" not in found.tags
        for link in found.links:
            target, _, place = link.partition("#")
            assert (page.parent / target).exists(), (page, link)
            assert target or place in found.ids, (page, link)
    with pytest.raises(BenchError, match="is not empty"):
        publish.site(where, tmp_path / "site")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RUN, tmp_path / "copied"))


def _changed(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_is_not_fit_to_be_published_is_refused_and_nothing_is_changed(where: Published, copied: Path) -> None:
    publish.publish(RUN, "run", where)
    before = contents(where.records), contents(where.pages)
    (record, *others) = sorted((copied / "records").iterdir())
    sound = record.read_text()
    machine = json.loads(sound)["machine"]

    def refused(says: str) -> None:
        with pytest.raises(BenchError, match=says):
            publish.publish(copied, "run", where)
        assert (contents(where.records), contents(where.pages)) == before

    record.write_text(sound[:100])
    refused("is damaged")
    record.write_text(sound)
    _changed(record, schema=99)
    refused("has schema 99")
    record.write_text(sound)
    _changed(record, machine=machine | {"cpu_model": "another"})
    refused("are of 2 machines")
    for path in (record, *others):
        path.unlink()
    refused("has no records")
    record.write_text(sound)
    _changed(record, app=json.loads(sound)["app"] | {"directory": "/home/somebody/shop"})
    refused("is of a project of somebody's own")
    (copied / "plan.json").unlink()
    refused("is neither a run nor findings")


@pytest.mark.parametrize("name", ["", "Upper", "with space", "../up", "a--b", "<b>", "index"])
def test_a_name_must_be_good_for_a_link(where: Published, name: str) -> None:
    with pytest.raises(BenchError, match="is no name to publish under"):
        publish.publish(RUN, name, where)


@pytest.mark.skipif(browser.PROGRAM is None, reason="Chromium is not there: apt-get install chromium")
def test_a_phone_scrolls_tables_and_not_pages(where: Published, tmp_path: Path) -> None:
    publish.publish(findings(tmp_path / "found"), "findings", where)
    shutil.copy(ROOT / "results" / "published" / "matrix.json", where.records)
    first = publish.site(where, tmp_path / "site")
    with browser.page() as page:
        for path in (first, first.parent / "findings" / "findings.html", first.parent / "matrix.html"):
            page.open(path.as_uri())
            page.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=2, mobile=True)
            assert page.run("document.documentElement.scrollWidth") <= 390
        assert page.run("document.images[0].naturalWidth") > 0, "the figure of the matrix"
        assert page.complaints == []
        assert {url.partition(":")[0] for url in page.requested} == {"file"}
