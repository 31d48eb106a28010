"""What `--json` prints; docs/record-format.md describes it."""

from results import histogram
from results.compare import Ratio
from results.percentiles import PERCENTILES
from results.record import Calibration
from results.stats import Estimate
from results.summary import CaseSummary, RunSummary

JSON_SCHEMA = 1


def as_json(summary: RunSummary, directory: str) -> dict[str, object]:
    """The object that `--json` prints; docs/record-format.md describes it."""
    return {
        "schema": JSON_SCHEMA,
        "run": directory,
        "cases": [_case_as_json(case) for case in summary.cases],
    } | _climbed_as_json(summary)


def _climbed_as_json(summary: RunSummary) -> dict[str, object]:
    """What a sweep or a search has beside its cases."""
    if summary.plan.sweep is not None:
        return {
            "knees": {deployment: knee.case.name for deployment, knee in summary.knees.items()},
            "knees_at_edges": {deployment: knee.edge for deployment, knee in summary.knees.items() if knee.edge},
        }
    if summary.plan.objective is None:
        return {}
    capacities = [
        {
            "deployment": one.case.deployment,
            "sustained_rps": one.sustained_rps,
            "refuted_rps": one.refuted_rps,
            "confirmed": one.confirmed,
            "discounted": one.discounted,
            "finished": one.finished,
            "text": one.text,
            "refuted_text": one.refuted_text,
        }
        for one in summary.capacities
    ]
    return {"objective": summary.plan.objective, "capacities": capacities}


def _case_as_json(summary: CaseSummary) -> dict[str, object]:
    case = summary.case
    return {
        "case": case.name,
        "server": case.server,
        "interface": case.interface,
        "scenario": case.scenario,
        "variant": case.variant,
        "parameters": case.parameters,
        "profile": case.profile,
        "repeats": summary.repeats,
        "verdict": summary.judgement.verdict,
        "reasons": summary.judgement.reasons,
        "throughput_rps": _estimate_as_json(summary.throughput_rps),
        "latency_ms": {name: _estimate_as_json(figure) for name, figure in summary.latency_ms.items()},
        "requests": summary.requests,
        "failures": summary.failures,
        "starved_users": summary.starved_users,
        "cpu_ms_per_request": _value(summary.cost.cpu_ms_per_request),
        "memory_peak_mib": summary.cost.memory_peak_mib,
        "rank": summary.rank,
        "rank_to": summary.rank_to,
        "ratio_to_best": _ratio_as_json(summary.ratio_to_best),
        "service_time_ms": {name: _estimate_as_json(one) for name, one in (summary.service_time_ms or {}).items()},
        "first_byte_ms": {name: _estimate_as_json(one) for name, one in (summary.first_byte_ms or {}).items()},
        "connect_ms": summary.connect_ms,
        "endpoints": summary.endpoints,
        "switches_per_request": _value(summary.cost.switches_per_request),
        "threads_peak": summary.cost.threads_peak,
        "descriptors_peak": summary.cost.descriptors_peak,
        "worker_shares": summary.cost.worker_shares,
    }


def _ratio_as_json(one: Ratio | None) -> dict[str, float | None]:
    if one is None:
        return {"value": None, "low": None, "high": None}
    return {"value": one.value, "low": one.low, "high": one.high}


def _value(figure: Estimate | None) -> float | None:
    return figure.value if figure else None


def _estimate_as_json(figure: Estimate | None) -> dict[str, float | None]:
    if figure is None:
        return {"value": None, "low": None, "high": None}
    return {"value": figure.value, "low": figure.low, "high": figure.high}


def calibration_as_json(one: Calibration) -> dict[str, object]:
    """The object that `calibrate --json` prints."""
    floor, error = histogram.merge([one.floor]), histogram.merge([one.send_error])
    return {
        "ceiling_rps": one.ceiling_rps,
        "open_ceiling_rps": one.open_ceiling_rps,
        "floor_ms": {name: histogram.percentile_ms(floor, PERCENTILES[name]) for name in ("p50", "p99")},
        "send_error_ms": {name: histogram.percentile_ms(error, PERCENTILES[name]) for name in ("p50", "p99")},
        "cpu_us_per_request": one.cpu_us_per_request,
    }
