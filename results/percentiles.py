"""The percentiles that summaries give: of merged histograms, with intervals over repeats, and only where supported."""

from collections.abc import Sequence

from hdrh.histogram import HdrHistogram

from results import histogram
from results.stats import Estimate, estimate

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9}


def percentiles(merged: HdrHistogram, single: Sequence[HdrHistogram]) -> dict[str, Estimate | None]:
    """Each of PERCENTILES, of all repeats together, with the interval from each repeat's own."""
    found: dict[str, Estimate | None] = {}
    for name, percentile in PERCENTILES.items():
        pooled = supported(merged, percentile)
        each = [supported(one, percentile) for one in single]
        figures = [figure for figure in each if figure is not None]
        if pooled is None:
            found[name] = None
        elif len(figures) == len(each):
            found[name] = estimate(figures, pooled=pooled)
        else:
            found[name] = Estimate(value=pooled, low=None, high=None, repeats=tuple(figures))
    return found


def supported(one: HdrHistogram, percentile: float) -> float | None:
    """The percentile in ms, if there are so many samples that at least one is expected to lie beyond it."""
    if one.get_total_count() * (100 - percentile) < 100 - 1e-9:
        return None
    return histogram.percentile_ms(one, percentile)
