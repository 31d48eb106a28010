"""Figures and cases in words: what tables on screen and in Markdown have in common."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from results.compare import Ratio
from results.export import calibration_as_json
from results.pace import Pace
from results.plan import Case, Plan, Profile
from results.record import Calibration
from results.stats import Estimate
from results.summary import CaseSummary, RunSummary

NONE = "–"
SUSPECT = "†"
"""Marks what rests on a case that is suspect, where its reasons have no room."""
DEVELOPMENT = "runserver"
"""Django's own server, of which its documentation says that it must not be used in production."""
DISTURBED = "Others took part of the CPUs meanwhile: it may well do more. Calibrate again when the machine is quiet."
RANGES = "A rank of 3–7 means that two cases are significantly better, and four cannot be told apart from it."
BY_P99 = "Ranked by p99, as throughput is what was offered."
FIRST_BYTE = "first byte ms"
SEARCHED = "A search tries most rates once: of those there is no interval."
COLUMNS = (
    "rank", "case", "verdict", "req/s", "of best", FIRST_BYTE, "p50 ms", "p99 ms", "p99.9 ms", "max ms", "failed",
    "CPU ms", "MiB", "switches", "threads", "files",
)  # fmt: skip
"""All that a table of one scenario shows; `SCREEN` are those for which a terminal has room."""
SCREEN = ("rank", "case", "verdict", "req/s", FIRST_BYTE, "p50 ms", "p99 ms", "failed", "CPU ms", "MiB")
WORDS = ("rank", "case", "verdict")
UNEVEN = "uneven-service"
"""The reason that a case has whose users were not served alike."""


def number(value: float) -> str:
    """Three significant digits, or all that stand before the point: 1,234, 51.8, 0.459."""
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:.3g}"


def rough(value: float) -> str:
    """Two significant digits: 1,200, 12, 1.0, 0.050."""
    return f"{float(f'{value:.2g}'):,.0f}" if abs(value) >= 9.95 else f"{value:#.2g}"


def interval(figure: Estimate | None) -> str:
    """A figure with its interval, as `2,512 (2,480–2,550)`."""
    if figure is None:
        return NONE
    if figure.low is None or figure.high is None:
        return number(figure.value)
    return f"{number(figure.value)} ({number(figure.low)}–{number(figure.high)})"


def ratio(one: Ratio | None, shown: Callable[[float], str] = number) -> str:
    """As `0.66 (0.62–0.71)`, each part as `shown`."""
    if one is None:
        return NONE
    if one.low is None or one.high is None:
        return shown(one.value)
    return f"{shown(one.value)} ({shown(one.low)}–{shown(one.high)})"


def of_best(summary: CaseSummary) -> str:
    """A case beside the best, in two digits, as `0.66 (0.62–0.71)`."""
    return "best" if summary.best else ratio(summary.ratio_to_best, rough)


def is_uneven(summary: CaseSummary) -> bool:
    """Whether its users were served so unevenly that throughput and percentiles hide those that waited."""
    return any(reason.code == UNEVEN for reason in summary.judgement.reasons)


def value(figure: Estimate | None) -> str:
    return NONE if figure is None else number(figure.value)


def _server(case: Case) -> str:
    """Its name, with what must be known of it beside that."""
    return f"{case.server} (development)" if case.server == DEVELOPMENT else case.server


def named(case: Case) -> str:
    """What tells a case from the others of its scenario."""
    return " ".join(part for part in (case.server, case.variant, case.settings, case.point) if part)


def marked(summary: CaseSummary) -> str:
    """A case as `named`, with a mark where it is suspect."""
    return f"{named(summary.case)} {SUSPECT}" if summary.judgement.verdict == "suspect" else named(summary.case)


def columns(known: Sequence[str], cases: Sequence[CaseSummary]) -> list[str]:
    """Those of `known` columns that a table of `cases` has: that of first bytes only where they were timed."""
    timed = any(one.first_byte_ms for one in cases)
    return [name for name in known if name != FIRST_BYTE or timed]


def rank(summary: CaseSummary) -> str:
    """As `1`, or as `3–7` where it cannot be told apart from others."""
    if summary.rank is None:
        return NONE
    return f"{summary.rank}" if summary.rank == summary.rank_to else f"{summary.rank}–{summary.rank_to}"


def cells(summary: CaseSummary) -> dict[str, str]:
    """A case's cell in each of `COLUMNS`."""
    latency, requests = summary.latency_ms, summary.requests
    return {
        "rank": rank(summary),
        "case": named(summary.case),
        "verdict": summary.judgement.verdict,
        "req/s": interval(summary.throughput_rps),
        "of best": of_best(summary),
        FIRST_BYTE: value((summary.first_byte_ms or {}).get("p50")),
        "p50 ms": value(latency["p50"]),
        "p99 ms": interval(latency["p99"]),
        "p99.9 ms": value(latency["p999"]),
        "max ms": value(latency["max"]),
        "failed": failed(requests.failed + requests.unfinished + requests.dropped, requests.sent + requests.dropped),
        "CPU ms": value(summary.cost.cpu_ms_per_request),
        "MiB": NONE if summary.cost.memory_peak_mib is None else number(summary.cost.memory_peak_mib),
        "switches": value(summary.cost.switches_per_request),
        "threads": NONE if summary.cost.threads_peak is None else f"{summary.cost.threads_peak:,}",
        "files": NONE if summary.cost.descriptors_peak is None else f"{summary.cost.descriptors_peak:,}",
    }


def failed(count: int, sent: int) -> str:
    if not sent:
        return NONE
    return f"{count / sent:.1%}" if count else "0"


def reasons(summary: CaseSummary) -> list[str]:
    """One sentence per reason, as `starved-users: 31 of 32 users got no answer`."""
    return [f"{reason.code}: {reason.text}" for reason in summary.judgement.reasons]


def endpoints(summary: CaseSummary) -> list[str]:
    """Of a case with several: one line on each."""

    def ms(figure: float | None) -> str:
        return NONE if figure is None else number(figure)

    return [
        f"{name}: {one.good:,} good answers, p50 {ms(one.p50_ms)} ms, p99 {ms(one.p99_ms)} ms"
        for name, one in summary.endpoints.items()
    ]


def profile(run: RunSummary, scenario: str) -> str:
    """How a scenario was loaded, in one line."""
    profiles = [summary.case.profile for summary in run.cases if summary.case.scenario == scenario]
    one = profiles[0]
    return f"{loads(profiles)}, {one.duration_s:g} s after {one.warmup_s:g} s of warm-up"


def loads(profiles: Sequence[Profile]) -> str:
    """How load is offered where cases may differ in rate or users, as `closed profile, 1 to 256 users`."""
    said = list(dict.fromkeys(map(load, profiles)))
    if len(said) == 1:
        return said[0]
    if profiles[0].rate_rps is None:
        numbers: list[float] = [profile.users for profile in profiles]
        return load(profiles[0]).replace(f"{profiles[0].users:,} users", f"{min(numbers):,} to {max(numbers):,} users")
    rates = [profile.rate_rps or 0.0 for profile in profiles]
    users = [profile.users for profile in profiles]
    said_of_first = load(profiles[0]).replace(f"{users[0]:,} conn", f"{min(users):,} to {max(users):,} conn")
    return said_of_first.replace(f"{rates[0]:,g} requests/s", f"{min(rates):,g} to {max(rates):,g} requests/s")


def load(profile: Profile) -> str:
    """How load is offered, as `closed profile, 32 users`."""
    if profile.rate_rps is None:
        how = f"closed profile, {profile.users:,} users"
    else:
        when_busy = "dropped" if profile.max_in_flight is not None else "waiting"
        arrivals = "Poisson" if profile.arrivals == "poisson" else "uniform"
        how = (
            f"open profile, {profile.rate_rps:,g} requests/s, {arrivals} arrivals over {profile.users:,} connections, "
            f"{when_busy} when all are busy"
        )
    extra = "" if profile.keep_alive else ", a connection for each request"
    processes = profile.load_processes + profile.load_workers
    return how + extra + (f", {processes} load processes" if processes > 1 else "")


def retried(run: RunSummary) -> str:
    """How many repeats were measured more than once; empty where none was."""
    if not run.retried:
        return ""
    count = sum(one.repeats for one in run.cases)
    why = "as others took CPU time; the try that was disturbed least counts"
    return f"{run.retried} of {count} repeats were measured again, {why}"


def pace(one: Pace) -> str:
    """How long it took and what of that was load, as `20 min, 82% of them under load`."""
    return f"{number(one.wall_s / 60)} min, {one.share:.0%} of them under load"


def calibration(run: RunSummary) -> list[str]:
    """What the load generator could do, as a line of a list; none where that is not known."""
    one = run.calibration
    if one is None:
        return []
    rates = f"{number(one.ceiling_rps)} requests/s closed, {number(one.open_ceiling_rps)} open"
    line = f"- load generator against the null server: {rates}, {number(one.cpu_us_per_request)} µs of CPU a request"
    return [f"{line}; {DISTURBED}" if one.disturbed else line]


def calibration_lines(one: Calibration) -> list[str]:
    """A calibration in full."""
    found = calibration_as_json(one)
    beyond = f"; {number(one.open_refused_rps)} was not" if one.open_refused_rps is not None else ""
    late = _ms(found, "send_error_ms", "p99")
    shown = ", ".join(number(rate) for rate in one.closed_rps)
    return [
        f"ceiling, closed profile   {number(one.ceiling_rps)} requests/s (repeats: {shown})",
        f"ceiling, open profile     {number(one.open_ceiling_rps)} requests/s were sent in time and answered{beyond}",
        f"latency of a single user  p50 {_ms(found, 'floor_ms', 'p50')} ms, p99 {_ms(found, 'floor_ms', 'p99')} ms",
        f"lateness of sending       p50 {_ms(found, 'send_error_ms', 'p50')} ms, p99 {late} ms",
        f"                          at {number(one.send_error_rps)} requests/s",
        f"CPU time of a request     {number(one.cpu_us_per_request)} µs",
        *([DISTURBED] if one.disturbed else []),
    ]


def _ms(found: dict[str, Any], what: str, percentile: str) -> str:
    figure = found[what][percentile]
    return NONE if figure is None else number(figure)


def parameters(choices: Mapping[str, int | Sequence[int | str]]) -> str:
    """What may be set of a scenario, the default first."""
    return "; ".join(
        f"{name}={choice}" if isinstance(choice, int) else f"{name}={'|'.join(map(str, choice))}"
        for name, choice in choices.items()
    )


def left_out(plan: Plan) -> list[str]:
    """What is no case though all were asked for, and why; what has the same reason in one line."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for one in plan.left_out:
        grouped.setdefault((one.scenario, one.why), []).append(one.server)
    return [
        f"{f'scenario {scenario}' if scenario else ', '.join(servers)} is left out"
        f"{' of ' + ', '.join(servers) if scenario and any(servers) else ''}: {why}"
        for (scenario, why), servers in grouped.items()
    ]


def repeats(run: RunSummary) -> str:
    """What ranks and brackets in a table are."""
    ranges = any(one.rank != one.rank_to for one in run.cases)
    by_p99 = any(one.ratio_to_best is not None and one.case.profile.kind == "open" for one in run.cases)
    return (f"{BY_P99} " if by_p99 else "") + (f"{RANGES} " if ranges else "") + intervals(run)


def intervals(run: RunSummary) -> str:
    """What the brackets in a table are."""
    if run.plan.objective is not None:
        return (
            f"{SEARCHED} In brackets: 95% confidence intervals over the repeats of the others, each in a fresh server."
        )
    if run.plan.repeats == 1:
        return "One repeat: there is no interval, and differences of a few per cent mean nothing."
    fresh = "each in a freshly started server" if run.plan.target is None else "each on new connections"
    return f"In brackets: 95% confidence intervals over {run.plan.repeats} repeats, {fresh}."


def scenarios(run: RunSummary) -> list[str]:
    return list(dict.fromkeys(summary.case.scenario for summary in run.cases))


def of_scenario(run: RunSummary, scenario: str) -> list[CaseSummary]:
    """The scenario's cases, the server with the highest throughput first, its variants together."""
    found = [summary for summary in run.cases if summary.case.scenario == scenario]
    best: dict[str, float] = {}
    for summary in found:
        rate = summary.throughput_rps.value if summary.throughput_rps else -1.0
        best[summary.case.server] = max(best.get(summary.case.server, -1.0), rate)
    return sorted(
        found,
        key=lambda one: (
            *(-best[one.case.server], one.case.server, one.case.kind != "sync", one.case.variant or ""),
            *(one.case.profile.rate_rps or 0.0, one.case.profile.users, one.case.settings),
        ),
    )


def label(case: Case) -> str:
    return ", ".join(part for part in (_server(case), case.variant, case.settings, case.point) if part)


def label_of_deployment(case: Case) -> str:
    return ", ".join(part for part in (_server(case), case.variant, case.settings) if part)


def cpu_text(cpus: Sequence[int]) -> str:
    return ", ".join(map(str, cpus))
