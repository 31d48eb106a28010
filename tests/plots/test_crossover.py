"""Where async pays: each cell says what it rests on, and whose case is missing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from matplotlib.axes import Axes

from plots import crossover, report, style
from results.summary import CaseSummary, RunSummary, summarize
from tests.plots.seen import doubted, without_figures, words
from tests.results.factory import CASE, load, plan, record, second


def climbed(*, waits: Sequence[int] = (5, 50), users: Sequence[int] = (1, 8, 64)) -> RunSummary:
    """A run over waiting times and users: async gives twice as much where both are large, and half elsewhere."""
    cases, records = [], []
    for server, kind in (("threads", "sync"), ("greenlets", "sync"), ("loop", "async")):
        for wait in waits:
            for number in users:
                profile = replace(CASE.profile, users=number)
                case = replace(
                    CASE, server=server, variant=kind, scenario="sleep", parameters={"ms": wait}, profile=profile,
                    settings=f"ms={wait}", point=f"{number}users",
                )  # fmt: skip
                fast = kind == "async" and wait == max(waits) and number == max(users)
                rate = 40 if fast else 10 if kind == "async" else 20
                cases.append(case)
                made = load(*[second([2.0] * rate)] * 2, answered=[5] * number)
                made = replace(made, processes=(replace(made.processes[0], users=number),))
                records += [record(made, case=case, repeat=repeat) for repeat in (1, 2)]
    return summarize("climbed", replace(plan(*cases, repeats=2), sweep="users"), records)


def cells(axes: Axes) -> dict[tuple[float, float], str]:
    return {one.get_position(): one.get_text() for one in axes.texts}


def test_where_async_pays_is_drawn_beside_each_sync_deployment(tmp_path: Path) -> None:
    run = climbed()
    assert list(report.charts(run, "sleep")) == ["crossover"]
    figure = crossover.draw(run, "sleep")
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == [
        "loop async ÷ greenlets sync",
        "loop async ÷ threads sync",
    ]
    for axes in panels:
        said = cells(axes)
        assert said[2, 1] == "2.0"
        assert [text for place, text in said.items() if place != (2, 1)] == ["0.50"] * 5
    assert "async pays\n2 repeats of each case\n" in words(figure), "no mark is explained that is not there"
    style.save(figure, style.caption(run, run.cases), tmp_path / "crossover")


def test_cells_say_what_they_rest_on_and_whose_case_is_invalid() -> None:
    run = climbed()

    def seen(one: CaseSummary) -> CaseSummary:
        place = one.case.kind, one.case.parameters["ms"], one.case.profile.users
        if place == ("async", 5, 1) or (one.case.server == "threads" and place == ("sync", 5, 8)):
            return without_figures(one)
        return doubted(one, "unsteady") if place == ("async", 50, 8) else one

    figure = crossover.draw(replace(run, cases=tuple(map(seen, run.cases))), "sleep")
    greenlets, threads = (cells(axes) for axes in figure.axes[:2])
    assert (greenlets[0, 0], threads[0, 0]) == ("async ✗", "async ✗")
    assert (greenlets[1, 0], threads[1, 0]) == ("0.50", "sync ✗")
    assert greenlets[1, 1] == "0.50†"
    assert "†: one of the two cases is suspect; ✗: that case is invalid" in words(figure)


def test_of_several_async_deployments_the_best_is_taken_and_all_are_named() -> None:
    run = climbed()
    more = tuple(
        replace(one, case=replace(one.case, server="slow-loop")) for one in run.cases if one.case.kind == "async"
    )
    figure = crossover.draw(replace(run, cases=run.cases + more), "sleep")
    assert figure.axes[0].get_title(loc="left") == "best async ÷ greenlets sync"
    assert "best async: at each point the fastest of loop async, slow-loop async" in words(figure)


def test_other_sweeps_have_no_crossover() -> None:
    assert list(report.charts(climbed(waits=(5,)), "sleep")) == ["sweep"]
    assert list(report.charts(climbed(users=(8,)), "sleep")) == ["sweep"]


def test_variants_of_one_kind_are_not_taken_for_one_another() -> None:
    """A view that only hands work over is no way to wait: the faster of both would be called async."""
    run = climbed()
    assert crossover.applies(run, "sleep")
    more = [replace(one, case=replace(one.case, variant="async-wait")) for one in run.cases if one.case.kind == "async"]
    assert not crossover.applies(replace(run, cases=(*run.cases, *more)), "sleep")
