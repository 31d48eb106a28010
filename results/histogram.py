"""HDR histograms of microseconds: from samples to text, merged by adding counts, and percentiles from them.

Method and encoding: Gil Tene's HdrHistogram, through its Python port `hdrhistogram`.
"""

from collections.abc import Iterable

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

LOWEST_US = 1
HIGHEST_US = 60_000_000
DIGITS = 3


def encode(values_us: NDArray[np.int64]) -> str:
    """The histogram of `values_us` (1-d, µs; values outside 1 µs to 60 s are counted at the bound) as text."""
    if values_us.size == 0:
        return ""
    histogram = _empty()
    values, counts = np.unique(np.clip(values_us, LOWEST_US, HIGHEST_US), return_counts=True)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        histogram.record_value(value, count)
    return bytes(histogram.encode()).decode("ascii")


def merge(texts: Iterable[str]) -> HdrHistogram:
    """One histogram with the counts of all `texts` added."""
    merged = _empty()
    for text in texts:
        if text:
            merged.decode_and_add(text)
    return merged


def add(texts: Iterable[str]) -> str:
    """The counts of all `texts` added, as text."""
    full = [text for text in texts if text]
    if len(full) < 2:
        return full[0] if full else ""
    return bytes(merge(full).encode()).decode("ascii")


def percentile_ms(histogram: HdrHistogram, percentile: float) -> float | None:
    """The value in ms below or at which `percentile` (0 to 100) of the samples lie; None of an empty one."""
    if histogram.get_total_count() == 0:
        return None
    return float(histogram.get_value_at_percentile(percentile)) / 1000


def _empty() -> HdrHistogram:
    return HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
