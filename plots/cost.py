"""What serving a scenario took: CPU time for each good answer, and the most memory, a bar per server and variant."""

from matplotlib.figure import Figure

from plots import bars, style, text
from results.stats import Estimate
from results.summary import CaseSummary, RunSummary


def draw(run: RunSummary, scenario: str) -> Figure:
    """The figure; cases in the order of the chart of throughput, invalid ones without a bar."""
    cases = text.of_scenario(run, scenario)
    figure = style.new_figure(bars.AROUND_INCHES + bars.ROW_INCHES * len(cases))
    cpu, memory = figure.subplots(1, 2, sharey=True)
    looks = style.looks(run)
    bars.draw(cpu, cases, looks, lambda summary: summary.cost.cpu_ms_per_request, explained=False)
    bars.draw(memory, cases, looks, _memory, explained=False)
    bars.name_rows(cpu, cases)
    for row, summary in enumerate(cases):
        if not summary.usable:
            cpu.annotate(
                "✗ invalid", (0, row), xytext=(6, 0), textcoords="offset points", va="center", color=style.ALARM,
                fontsize=8.5,
            )  # fmt: skip
    below = ["CPU time of the server per good answer, less is better", "; ".join(bars.key(cases))]
    style.title(cpu, f"{scenario}: cost", "\n".join(filter(None, below)))
    style.title(memory, "", "all its processes at their largest")
    cpu.set_xlabel("\n".join(filter(None, ["CPU time (ms per answer)", bars.points(run)])))
    memory.set_xlabel("memory (MiB)")
    return figure


def _memory(summary: CaseSummary) -> Estimate | None:
    """The largest of all repeats, without an interval."""
    mib = summary.cost.memory_peak_mib
    return None if mib is None else Estimate(value=mib, low=None, high=None, repeats=(mib,))
