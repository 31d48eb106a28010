"""Rules about whether there was one state to measure: no trend, no swings, the parts in keeping with each other."""

from collections.abc import Iterator

import numpy as np
import scipy
from numpy.typing import NDArray

from results.record import Record
from results.rules import Reason, evenness

SLICES_LEAST = 10
BLOCKS = 20
"""Into so many parts the window is divided, if it has as many slices."""
TREND_SHARE = {"closed": 0.1, "open": 0.5}
"""Change from one end of the window to the other that is borne: of throughput in a closed profile, where the number in
flight is given, and of the number in flight in an open one, where throughput is."""
TREND_P = 0.001
SWING_SHARE = {"closed": 0.1, "open": 1.0}
"""Coefficient of variation that is borne when neighbours are alike."""
SWING_CORRELATION = 0.4
LITTLE_SHARE = 0.1
LITTLE_ANSWERS = 100
WORKERS_EVENNESS = 0.8
WORKERS_CPU_SHARE = 0.05
"""Share of one CPU that the workers must have used for their evenness to say something."""


def steady(record: Record) -> Iterator[Reason]:
    if record.load is None:
        return
    kind = record.case.profile.kind
    slices = record.load.rate_slices if kind == "closed" else record.load.in_flight_slices
    what = "throughput" if kind == "closed" else "the number of requests in flight"
    if len(slices) < SLICES_LEAST or not any(slices):
        return
    blocks = np.array([part.mean() for part in np.array_split(np.array(slices), min(BLOCKS, len(slices)))])
    mean = float(blocks.mean())
    change, probability, residuals = _trend(blocks)
    if abs(change) > TREND_SHARE[kind] * mean and probability < TREND_P:
        yield Reason(
            code="no-steady-state",
            verdict="suspect",
            text=f"{what} {'rose' if change > 0 else 'fell'} by {abs(change) / mean:.0%} of its mean from one end of "
            "the window to the other",
            cure="raise --warmup until it is steady; if it never is, the server or the machine changes meanwhile",
        )
        return
    swing, correlation = float(residuals.std()) / mean, _autocorrelation(residuals)
    if swing > SWING_SHARE[kind] and correlation > SWING_CORRELATION:
        yield Reason(
            code="unsteady",
            verdict="suspect",
            text=f"{what} swung by {swing:.0%} about its mean for longer spells (autocorrelation {correlation:.2f})",
            cure="raise --duration to cover many such swings, or find what causes them: the heat map shows when, "
            "`python bench.py doctor` whether the CPU itself is steady",
        )


def littles_law(record: Record) -> Iterator[Reason]:
    """J. D. C. Little: A Proof for the Queuing Formula L = λW, Operations Research 9 (1961)."""
    load = record.load
    if load is None or load.in_flight_mean is None or load.answered_latency_s is None or not load.in_flight_mean:
        return
    if sum(load.answered_per_user) < LITTLE_ANSWERS:
        return
    expected = load.answered_latency_s / load.window_s
    residual = expected / load.in_flight_mean - 1
    if abs(residual) > LITTLE_SHARE:
        yield Reason(
            code="littles-law",
            verdict="suspect",
            text=f"throughput × mean latency of the answers is {expected:.3g}, but {load.in_flight_mean:.3g} requests "
            f"were in flight on average ({residual:+.0%}): the answers do not stand for all requests",
            cure="raise --warmup and --duration to many times the latency, or offer less; requests that never end show "
            "up here too",
        )


def uneven_workers(record: Record) -> Iterator[Reason]:
    if record.load is None or record.server is None or record.budget is None or record.budget.workers < 2:
        return
    # The busiest ones are the workers; a master or a router that computes less is not one.
    shares = record.server.cpu_s_per_process[: record.budget.workers]
    if len(shares) < 2 or sum(shares) < WORKERS_CPU_SHARE * record.load.window_s:
        return
    found = evenness(shares)
    if found < WORKERS_EVENNESS:
        parts = ", ".join(f"{part / sum(shares):.0%}" for part in shares)
        yield Reason(
            code="uneven-workers",
            verdict="suspect",
            text=f"the workers shared the work unevenly (Jain's index {found:.2f}): {parts} of it",
            cure="more users even it out; so does a server that lets the kernel share connections out (SO_REUSEPORT)",
        )


def _trend(blocks: NDArray[np.float64]) -> tuple[float, float, NDArray[np.float64]]:
    """Change over the whole of `blocks` by least squares, its p value, and the residuals.

    The standard error is widened for residuals that are correlated with their neighbours, as if there were fewer of
    them: (1 + r) / (1 - r).
    """
    places = np.arange(len(blocks))
    centred = places - places.mean()
    squares = float(centred @ centred)
    slope = float(centred @ blocks) / squares
    residuals = blocks - blocks.mean() - slope * centred
    # From few residuals of a fit it comes out too low (F. H. C. Marriott, J. A. Pope, Biometrika 41, 1954).
    size = len(blocks)
    correlation = min(max((size * _autocorrelation(residuals) + 1) / (size - 4), 0.0), 0.9)
    variance = float(residuals @ residuals) / (size - 2) / squares
    error = (variance * (1 + correlation) / (1 - correlation)) ** 0.5
    probability = 2 * float(scipy.special.stdtr(size - 2, -abs(slope) / error)) if error else float(slope == 0)
    return slope * size, probability, residuals


def _autocorrelation(values: NDArray[np.float64]) -> float:
    """Of neighbours."""
    centred = values - values.mean()
    total = float((centred * centred).sum())
    return float((centred[1:] * centred[:-1]).sum()) / total if total else 0.0


RULES = (steady, littles_law, uneven_workers)
