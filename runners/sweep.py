"""Sweeps over rates and the search for a capacity: what is measured next depends on what was found."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from results import merging
from results.capacity import Ask, so_far
from results.plan import Case, Plan
from results.record import Record
from results.rules import totals
from results.store import Store
from runners import calibration, experiment, plan
from runners.experiment import Bench, Observer

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25)
"""Rates of a sweep, as shares of what a closed profile gets through: to beyond saturation."""
PROBE_WARMUP_S, PROBE_DURATION_S = 0.5, 2.0
UNSOUND_SHARE = 0.1
UNSOUND_RPS = 10.0
"""What a deployment is asked for that did not even bear the probe: once, so that its reasons are shown."""


def refuse_beyond(made: Plan, bench: Bench, rates: Sequence[float]) -> None:
    """Refuse rates for the cases of `made` that the load generator cannot offer.

    Raises:
        BenchError: one of them is above its ceiling.
    """
    if bench.calibration is not None:
        for rate in rates:
            calibration.refuse_beyond(bench.calibration, plan.at_rate(made.cases[0].profile, rate))


def over_rates(made: Plan, bench: Bench, rates: Sequence[float], folder: Path, told: Callable[[str], None]) -> Plan:
    """The plan `made` with each of its deployments at several rates.

    Args:
        made: one case for each deployment; its profiles' own rates do not matter.
        bench: what it stands for here.
        rates: requests/s; none: shares of what each deployment gets through in a short closed profile.
        folder: for the logs of that.
        told: is told what is being done.
    """
    cases: list[Case] = []
    for case in made.cases:
        if not rates:
            told(f"finding the range of {case.deployment}")
        own = rates or _range(_probe(made, case, bench, folder))
        most_rps = bench.calibration.most_rps if bench.calibration else math.inf
        profiles = [plan.at_rate(case.profile, rate) for rate in own if rate <= most_rps]
        cases.extend(plan.swept([case], profiles))
    return replace(made, sweep="rate", cases=tuple(cases), steps=plan.steps(len(cases), made.repeats, made.seed))


def _probe(made: Plan, case: Case, bench: Bench, folder: Path) -> Record:
    profile = replace(
        case.profile,
        kind="closed",
        users=plan.OPEN_CONNECTIONS.stop,
        rate_rps=None,
        arrivals=None,
        max_in_flight=None,
        warmup_s=PROBE_WARMUP_S,
        duration_s=PROBE_DURATION_S,
    )
    return experiment.measure(made, replace(case, profile=profile), 1, bench, lambda name: folder / f"{name}.log")


def _range(record: Record) -> list[float]:
    good = sum(second.good_ended for second in merging.seconds(record.load)) if record.load else 0
    # That some users got no answer in so short a time does not matter here.
    if record.load is None or not good or totals(record.load).failed > UNSOUND_SHARE * totals(record.load).sent:
        return [UNSOUND_RPS]
    return sorted({float(f"{max(1.0, level * good / record.load.window_s):.3g}") for level in LEVELS})


def search(made: Plan, store: Store, bench: Bench, observer: Observer) -> None:
    """For each case of `made` find the highest rate that keeps the plan's objective; records are kept in `store`.

    What `store` has already is not measured again, so that an interrupted search goes on where it was.

    Raises:
        BenchError: a record cannot be written, or a process not started.
    """
    # Also where it was disturbed: beyond that it would not be known whether the server or the generator gave out.
    most_rps = bench.calibration.open_ceiling_rps or math.inf if bench.calibration else math.inf
    for case in made.cases:
        while isinstance(ask := so_far(made, case, store.records(), most_rps), Ask):
            profile = plan.at_rate(case.profile, ask.rate_rps)
            at_rate = replace(case, profile=profile, point=plan.point(profile))
            experiment.carry_out(made, at_rate, ask.repeat, store, bench, observer)
