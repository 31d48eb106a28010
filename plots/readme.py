"""What the README shows of what is published: between two marks each, written by `publish` and by nobody else.

<!-- published: NAME -->
...
<!-- end -->
"""

import re
from collections.abc import Callable, Mapping, Sequence

from plots import answer, text
from plots.markup import as_is
from results.judging import Judged
from results.summary import CaseSummary, RunSummary

BLOCK = re.compile(r"(?P<begin><!-- published: (?P<name>[a-z0-9-]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)
NOTHING = "*invalid*"
SUSPECT = "†"
"""Marks a figure of a case that is suspect."""


def update(content: str, blocks: Mapping[str, Callable[[], str]]) -> str:
    """A README with each block written anew; `blocks` make them, by the name of what is published. Others stay."""

    def written(found: re.Match[str]) -> str:
        if found["name"] not in blocks:
            return found[0]
        return f"{found['begin']}\n{blocks[found['name']]()}\n\n{found['end']}"

    return BLOCK.sub(written, content)


def of_run(run: RunSummary) -> str:
    """The answer of a run in sentences, and a table with a row for each server and kind of view, the best in bold."""
    scenarios = text.scenarios(run)
    lines = [f"- `{one.scenario}`: {one.first}" for one in answer.answers(run)]
    lines += ["", f"| server and view | {' | '.join(f'`{name}`, req/s' for name in scenarios)} | MiB |"]
    lines += ["| --- |" + " ---: |" * (len(scenarios) + 1)]
    lines += [_row(name, cases, scenarios) for name, cases in _rows(run).items()]
    marked = any(SUSPECT in line for line in lines)
    said = [text.intervals(run)] + [f"{SUSPECT} is suspect: the report says why."] * marked
    return "\n".join([*lines, "", " ".join(said)])


def of_findings(judged: Sequence[Judged], page: str) -> str:
    """Each claim with its verdict and a link to what it rests on, at `page`."""
    lines = ["| claim | verdict |", "| --- | --- |"]
    lines += [f"| {as_is(one.finding.claim, code=True)} | [**{one.verdict}**]({page}#{one.name}) |" for one in judged]
    return "\n".join(lines)


def _rows(run: RunSummary) -> dict[str, dict[str, CaseSummary]]:
    """By server and view its case of each scenario, the best in the first scenario first.

    Async views under WSGI are left out: nobody would deploy them so, and the run's report has them.
    """
    rows: dict[str, dict[str, CaseSummary]] = {}
    for scenario in text.scenarios(run):
        for one in sorted(text.of_scenario(run, scenario), key=_rate, reverse=True):
            if one.case.kind == "sync" or one.case.interface == "asgi":
                rows.setdefault(text.named(one.case), {})[scenario] = one
    return rows


def _rate(one: CaseSummary) -> float:
    return one.throughput_rps.value if one.throughput_rps else 0.0


def _row(name: str, cases: Mapping[str, CaseSummary], scenarios: Sequence[str]) -> str:
    memory = [one.cost.memory_peak_mib for one in cases.values() if one.cost.memory_peak_mib is not None]
    cells = [_cell(cases.get(scenario)) for scenario in scenarios]
    return f"| {name} | {' | '.join(cells)} | {text.number(max(memory)) if memory else text.NONE} |"


def _cell(one: CaseSummary | None) -> str:
    if one is None:
        return text.NONE
    if one.throughput_rps is None:
        return NOTHING
    shown = text.interval(one.throughput_rps)
    mark = f" {SUSPECT}" if one.judgement.verdict == "suspect" else ""
    return (f"**{shown}**" if one.rank == 1 else shown) + mark
