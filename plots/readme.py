"""What the README shows of what is published: between two marks each, written by `publish` and by nobody else.

<!-- published: NAME -->
...
<!-- end -->
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from plots import answer, text
from plots.findings import short
from plots.markup import as_is
from results.judging import Judged
from results.summary import CaseSummary, RunSummary

BLOCK = re.compile(r"(?P<begin><!-- published: (?P<name>[a-z0-9-]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)
NOTHING = "*invalid*"
UNEVEN = "‡"
"""Marks one of a case whose users were served unevenly."""
REASONS_NAMED = 2
"""Of those for which cases are suspect, the most frequent."""
VERDICTS = "docs/methodology.md#verdicts"


def update(content: str, blocks: Mapping[str, Callable[[], str]]) -> str:
    """A README with each block written anew; `blocks` make them, by the name of what is published. Others stay."""

    def written(found: re.Match[str]) -> str:
        if found["name"] not in blocks:
            return found[0]
        return f"{found['begin']}\n{blocks[found['name']]()}\n\n{found['end']}"

    return BLOCK.sub(written, content)


def of_run(run: RunSummary, page: str) -> str:
    """The answer of a run in sentences, and a table with a row for each server and kind of view, the best in bold.

    `page` is the run's report.
    """
    scenarios, rows = text.scenarios(run), _rows(run)
    lines = [f"- `{one.scenario}`: {one.first}" for one in answer.answers(run)]
    lines += ["", f"| server and view | {' | '.join(f'`{name}`, req/s | its p99, ms' for name in scenarios)} | MiB |"]
    lines += ["| --- |" + " ---: |" * (2 * len(scenarios) + 1)]
    lines += [_row(name, cases, scenarios) for name, cases in rows.items()]
    shown = [one for cases in rows.values() for one in cases.values()]
    # A sentence may name a case that has no row, and the table's legend explains the marks of those that have.
    marked = text.SUSPECT in "".join(lines) and all(one.judgement.verdict != "suspect" for one in shown)
    return "\n".join([*lines, "", *_legend(run, shown, page), *([f"- {answer.LEGEND}"] if marked else [])])


def of_findings(judged: Sequence[Judged], page: str) -> str:
    """Each claim with its verdict, a link to what it rests on, at `page`, and what was seen in short."""
    lines = ["| claim | verdict | seen |", "| --- | --- | --- |"]
    lines += [f"| {as_is(one.finding.claim, code=True)} | {_verdict(one, page)} | {short(one)} |" for one in judged]
    return "\n".join(lines)


def _verdict(one: Judged, page: str) -> str:
    why = f": {', '.join(one.why)}" if one.why else ""
    return f"[**{one.verdict}**]({page}#{one.name}){why}"


def _legend(run: RunSummary, shown: Sequence[CaseSummary], page: str) -> list[str]:
    """What brackets, marks and the last column are, and how much of the table is in doubt and why."""
    bold = "**Bold** is of the first rank." if any(one.rank for one in shown) else ""
    several = len(text.scenarios(run)) > 1
    memory = "MiB is the server's peak memory" + (", in the scenario where that was larger." if several else ".")
    lines = [f"- {' '.join(part for part in (text.intervals(run), bold, memory) if part)}"]
    suspect = [one for one in shown if one.judgement.verdict == "suspect"]
    if suspect:
        counts = Counter(code for one in suspect for code in {reason.code for reason in one.judgement.reasons})
        often = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:REASONS_NAMED]
        why = " and ".join(f"{count} for `{code}`" for code, count in often)
        of = f", 2/{run.plan.repeats} in two of its repeats" if run.plan.repeats > 1 else ""
        lines.append(
            f"- {text.SUSPECT} is *suspect*{of}. {len(suspect)} of these {len(shown)} cases are, {why}: "
            f"[the report]({page}) has all reasons, the [methodology]({VERDICTS}) what they mean."
        )
    if any(map(text.is_uneven, shown)):
        lines.append(
            f"- {UNEVEN} answered some users while others waited: its req/s hide that, its p99 shows it. It is not in "
            "bold, whatever its rank."
        )
    return lines


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
    cells = [cell for scenario in scenarios for cell in _cells(cases.get(scenario))]
    return f"| {name} | {' | '.join(cells)} | {text.number(max(memory)) if memory else text.NONE} |"


def _cells(one: CaseSummary | None) -> tuple[str, str]:
    """Throughput and p99 of a case."""
    if one is None:
        return text.NONE, text.NONE
    if one.throughput_rps is None:
        return NOTHING, text.NONE
    shown, uneven = text.interval(one.throughput_rps), text.is_uneven(one)
    best = one.may_be_best and not uneven
    return (f"**{shown}**" if best else shown) + _marks(one), text.value(one.latency_ms["p99"])


def _marks(one: CaseSummary) -> str:
    if one.judgement.verdict != "suspect":
        return ""
    of = f"{one.doubted}/{one.repeats}" if one.repeats > 1 else ""
    return f" {text.SUSPECT}{of}" + f" {UNEVEN}" * text.is_uneven(one)
