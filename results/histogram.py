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
BUCKET_BITS = 11
"""Of a value that many leading bits are kept: 2,048 buckets for each doubling hold three digits."""
MOST_PIECES = 8
BINS_PER_DECADE = 16
BIN_EDGES_MS = np.logspace(-1, 5, 6 * BINS_PER_DECADE + 1)
"""Of the bins into which heat maps sort latencies: 0.1 ms to 100 s, sixteen for each tenfold."""


def encode(values_us: NDArray[np.int64]) -> str:
    """The histogram of `values_us` (1-d, µs; values outside 1 µs to 60 s are counted at the bound) as text."""
    counts = Counts()
    counts.add(values_us)
    return counts.encode()


class Counts:
    """How often there was each value, in µs, added up piece by piece until there is a histogram to be made of it."""

    def __init__(self) -> None:
        self._pieces: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []

    def add(self, values_us: NDArray[np.int64]) -> None:
        """Count `values_us` (1-d, µs; values outside 1 µs to 60 s are counted at the bound)."""
        if not values_us.size:
            return
        bounded = np.clip(values_us, LOWEST_US, HIGHEST_US)
        # What falls into one bucket anyway need not be told apart meanwhile.
        below = np.maximum(np.frexp(bounded)[1] - BUCKET_BITS, 0)
        self._pieces.append(np.unique(bounded >> below << below, return_counts=True))
        if len(self._pieces) > MOST_PIECES:
            self._pieces = [self._added_up()]

    def encode(self) -> str:
        """The histogram as text."""
        if not self._pieces:
            return ""
        histogram = _empty()
        values, counts = self._added_up()
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            histogram.record_value(value, count)
        return bytes(histogram.encode()).decode("ascii")

    def _added_up(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if len(self._pieces) == 1:
            return self._pieces[0]
        values, places = np.unique(np.concatenate([values for values, _ in self._pieces]), return_inverse=True)
        counts = np.bincount(places, weights=np.concatenate([counts for _, counts in self._pieces]))
        return values, counts.astype(np.int64)


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
    # As `get_value_at_percentile` finds it, which takes milliseconds as it looks at one bucket after the other.
    reached = np.cumsum(np.frombuffer(histogram.counts, dtype=histogram.counts._type_))
    place = int(np.searchsorted(reached, histogram.get_target_count_at_percentile(percentile)))
    return float(histogram.get_highest_equivalent_value(histogram.get_value_from_index(place))) / 1000


def shares(histogram: HdrHistogram) -> tuple[float, ...]:
    """The share of the samples in each of the bins between BIN_EDGES_MS; zeros of an empty one."""
    counts = np.frombuffer(histogram.counts, dtype=histogram.counts._type_)
    places = np.flatnonzero(counts)
    # What lies beyond them is in the outermost.
    values_ms = np.clip(_values_us(places) / 1000, BIN_EDGES_MS[0], BIN_EDGES_MS[-1])
    found = np.histogram(values_ms, bins=BIN_EDGES_MS, weights=counts[places])[0]
    return tuple((found / max(found.sum(), 1)).tolist())


def cumulated(histogram: HdrHistogram) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The values in µs that occur, each the highest that its bucket holds, and how many samples are not above it."""
    counts = np.frombuffer(histogram.counts, dtype=histogram.counts._type_)
    places = np.flatnonzero(counts)
    return _values_us(places + 1) - 1, np.cumsum(counts[places]).astype(np.int64)


def _values_us(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """The value of each place in the counts of a histogram of ours, as `get_value_from_index` finds it."""
    half = 1 << (BUCKET_BITS - 1)
    bucket: NDArray[np.int64] = np.maximum((places >> (BUCKET_BITS - 1)) - 1, 0)
    within: NDArray[np.int64] = np.where(places < half, places, (places & (half - 1)) + half)
    return np.left_shift(within, bucket)


def _empty() -> HdrHistogram:
    return HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
