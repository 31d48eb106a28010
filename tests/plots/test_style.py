"""Servers look different from each other and the same in every run; text is readable without the font of the layout."""

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from matplotlib.colors import to_rgb
from matplotlib.font_manager import findfont
from matplotlib.text import Text

from plots import style
from results.summary import RunSummary, summarize
from runners import servers
from tests.results.factory import CASE, plan

CONTRAST = 2.0
"""Of lines and outlines beside white, as WCAG defines it; names stand beside them in ink."""


def of(names: Iterable[str]) -> RunSummary:
    return summarize("r", plan(*(replace(CASE, server=name) for name in names)), [])


def test_every_server_that_there_is_has_a_look() -> None:
    assert sorted(style.SERVERS) == sorted(servers.discover())


def test_no_two_look_alike_known_or_not() -> None:
    names = [*style.SERVERS, *(f"another-{number}" for number in range(30))]
    looks = style.looks(of(names))
    assert set(looks) == set(names)
    assert len(set(looks.values())) == len(names)


def test_a_server_looks_the_same_whatever_else_was_measured() -> None:
    alone = style.looks(of(["uvicorn"]))
    assert style.looks(of(["a-new-one", "daphne", "uvicorn", "waitress"]))["uvicorn"] == alone["uvicorn"]


def test_relatives_differ_in_colour_and_in_marker() -> None:
    looks = style.looks(of(style.SERVERS))
    for one, other in combinations(style.SERVERS, 2):
        if one.partition("-")[0] == other.partition("-")[0] or {one, other} == {"uvicorn", "gunicorn-uvicorn"}:
            assert looks[one].colour != looks[other].colour, (one, other)
            assert looks[one].marker != looks[other].marker, (one, other)


def test_curves_that_look_alike_are_numbered_and_no_others() -> None:
    cases = [
        replace(CASE, variant=variant, settings=settings, server=server)
        for server, variant, settings in (
            ("uvicorn", "sync", "query=row"), ("daphne", "sync", ""), ("uvicorn", "async", ""),
            ("uvicorn", "sync-threads", "query=row"), ("uvicorn", "sync", "query=list"),
        )
    ]  # fmt: skip
    assert style.numbers(cases) == ["1", "", "", "2", "3"]


def test_every_colour_is_seen_on_white() -> None:
    for colour in style.COLOURS:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
        luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
        assert 1.05 / (luminance + 0.05) > CONTRAST, colour


def test_text_names_fonts_to_fall_back_on_and_is_laid_out_by_the_first(tmp_path: Path) -> None:
    figure = style.new_figure(2)
    style.title(figure.add_subplot(), "Title", "below")
    (svg,) = style.save(figure, "A caption.", tmp_path / "chart", ("svg",))
    fonts = re.findall(r"font-family: ([^;\"]+)", svg.read_text())
    assert fonts
    assert set(fonts) == {"'DejaVu Sans', 'Verdana', sans-serif"}
    assert Path(findfont(Text().get_fontproperties())).name == "DejaVuSans.ttf"
