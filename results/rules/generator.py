"""Rules about the load generator: whether it was what gave out, or came too late."""

from collections.abc import Iterator

from results.record import Record
from results.rules import Reason, median_latency_us, percentile_us

CPU_SHARE = 0.9
"""Share of one CPU above which a load process, not the server, sets the pace."""
WAIT_SHARE = 0.05
"""Share of the window in which a load process may have been ready to run without a CPU."""
CEILING_SHARE = 0.8
"""Share of the calibrated ceiling above which the generator has a part in the figure."""
LAG_LEAST_US = 2000.0
LATE_LEAST_US = 1000.0
LATENCY_SHARE = 0.1
"""Lag and lateness count from these bounds on, and from this share of the median latency."""
MISSED_SHARE = 0.02
MISSED_DEVIATIONS = 5.0
"""Share of the offered requests by which the number in flight may grow, and deviations of its usual ups and downs."""
EDGE_SLICES = 4


def busy(record: Record) -> Iterator[Reason]:
    load = record.load
    if load is None or not load.processes:
        return
    cpu = max(process.cpu_s for process in load.processes) / load.window_s
    waited = max(process.cpu_wait_s for process in load.processes) / load.window_s
    if cpu > CPU_SHARE:
        yield Reason(
            code="generator-bound",
            verdict="suspect",
            text=f"a load process used {cpu:.0%} of a CPU: the load generator may have set this figure",
            cure="add --load-processes, on CPUs of their own; or give the server fewer workers or a heavier scenario",
        )
    if waited > WAIT_SHARE:
        yield Reason(
            code="generator-starved",
            verdict="suspect",
            text=f"a load process was ready to run and had no CPU for {waited:.0%} of the window",
            cure="end what else runs on its CPU",
        )


def near_ceiling(record: Record) -> Iterator[Reason]:
    load, calibration, profile = record.load, record.calibration, record.case.profile
    if load is None or calibration is None or calibration.disturbed:
        return  # what was measured beside other work is no ceiling
    if profile.rate_rps is not None:
        rate, ceiling = profile.rate_rps, calibration.open_ceiling_rps
    else:
        rate = sum(load.answered_per_user) / load.window_s
        ceiling = calibration.ceiling_rps
    if rate > CEILING_SHARE * ceiling:
        yield Reason(
            code="near-ceiling",
            verdict="suspect",
            text=f"{rate:,.0f} requests/s are {rate / ceiling:.0%} of what the load generator can do here "
            f"({ceiling:,.0f}/s against the null server)",
            cure="add --load-processes, on CPUs of their own; or give the server fewer workers or a heavier scenario",
        )


def lag(record: Record) -> Iterator[Reason]:
    load = record.load
    if load is None:
        return
    found_us, median_us = percentile_us(load.loop_lag, 99), median_latency_us(load)
    if found_us > max(LAG_LEAST_US, LATENCY_SHARE * median_us):
        yield Reason(
            code="generator-lag",
            verdict="suspect",
            text=f"the load's event loop was {found_us / 1000:.1f} ms late in one of a hundred cases, which is in the "
            f"latencies (median {median_us / 1000:.3g} ms)",
            cure="end what else runs on the load's CPUs, or add --load-processes",
        )


def late_sends(record: Record) -> Iterator[Reason]:
    load = record.load
    if load is None:
        return
    late_us, median_us = percentile_us(load.send_delay, 99), median_latency_us(load)
    if late_us > max(LATE_LEAST_US, LATENCY_SHARE * median_us):
        yield Reason(
            code="late-sends",
            verdict="suspect",
            text=f"one in a hundred requests was sent {late_us / 1000:.1f} ms late or more, though a connection was "
            f"free (median latency {median_us / 1000:.3g} ms)",
            cure="offer a lower --rate, add --load-processes, or end what else runs on the load's CPUs",
        )


def rate_missed(record: Record) -> Iterator[Reason]:
    load, profile = record.load, record.case.profile
    if load is None or profile.rate_rps is None or len(load.in_flight_slices) < EDGE_SLICES:
        return
    begun, ended = (sum(part) / len(part) for part in (load.in_flight_slices[:2], load.in_flight_slices[-2:]))
    offered = profile.rate_rps * load.window_s
    if ended - begun > MISSED_SHARE * offered + MISSED_DEVIATIONS * (1 + begun) ** 0.5:
        answered = sum(load.answered_per_user) / load.window_s
        yield Reason(
            code="offered-rate-missed",
            verdict="suspect",
            text=f"{profile.rate_rps:,.0f} requests/s were offered and {answered:,.0f} answered: {begun:,.0f} were in "
            f"flight or waiting when the window began, {ended:,.0f} when it ended: latency depends on its length",
            cure="the server does not sustain this --rate with these connections: offer less, or give it more workers",
        )


RULES = (busy, near_ceiling, rate_missed, late_sends, lag)
