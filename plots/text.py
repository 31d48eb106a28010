"""Figures and cases in words: what tables on screen and in Markdown have in common."""

from results.stats import Estimate
from results.summary import CaseSummary, RunSummary

NONE = "–"
COLUMNS = ("case", "verdict", "req/s", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "failed", "CPU ms", "MiB")
"""All that a table of one scenario shows; `SCREEN` are those for which a terminal has room."""
SCREEN = ("case", "verdict", "req/s", "p50 ms", "p99 ms", "failed", "CPU ms", "MiB")


def number(value: float) -> str:
    """Three significant digits, or all that stand before the point: 1,234, 51.8, 0.459."""
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:.3g}"


def interval(figure: Estimate | None) -> str:
    """A figure with its interval, as `2,512 (2,480–2,550)`."""
    if figure is None:
        return NONE
    if figure.low is None or figure.high is None:
        return number(figure.value)
    return f"{number(figure.value)} ({number(figure.low)}–{number(figure.high)})"


def value(figure: Estimate | None) -> str:
    return NONE if figure is None else number(figure.value)


def cells(summary: CaseSummary) -> dict[str, str]:
    """A case's cell in each of `COLUMNS`."""
    latency, requests = summary.latency_ms, summary.requests
    return {
        "case": f"{summary.case.server} {summary.case.variant}",
        "verdict": summary.judgement.verdict,
        "req/s": interval(summary.throughput_rps),
        "p50 ms": value(latency["p50"]),
        "p99 ms": interval(latency["p99"]),
        "p99.9 ms": value(latency["p999"]),
        "max ms": value(latency["max"]),
        "failed": failed(requests.failed + requests.unfinished, requests.sent),
        "CPU ms": value(summary.cpu_ms_per_request),
        "MiB": NONE if summary.memory_peak_mib is None else number(summary.memory_peak_mib),
    }


def failed(count: int, sent: int) -> str:
    if not sent:
        return NONE
    return f"{count / sent:.1%}" if count else "0"


def reasons(summary: CaseSummary) -> list[str]:
    """One sentence per reason, as `starved-users: 31 of 32 users got no answer`."""
    return [f"{reason.code}: {reason.text}" for reason in summary.judgement.reasons]


def profile(run: RunSummary, scenario: str) -> str:
    """How a scenario was loaded, in one line."""
    one = next(summary.case.profile for summary in run.cases if summary.case.scenario == scenario)
    return f"closed profile, {one.users} users, {one.duration_s:g} s after {one.warmup_s:g} s of warm-up"


def repeats(run: RunSummary) -> str:
    """What the brackets in a table are."""
    if run.plan.repeats == 1:
        return "One repeat: there is no interval, and differences of a few per cent mean nothing."
    return f"In brackets: 95% confidence intervals over {run.plan.repeats} repeats, each in a freshly started server."


def scenarios(run: RunSummary) -> list[str]:
    return list(dict.fromkeys(summary.case.scenario for summary in run.cases))
