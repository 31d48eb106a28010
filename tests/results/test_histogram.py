import numpy as np
import pytest

from results import histogram


def test_merging_adds_counts() -> None:
    parts = [np.array([1_000, 2_000, 3_000]), np.array([2_000, 50_000]), np.array([], dtype=np.int64)]
    merged = histogram.merge(histogram.encode(part) for part in parts)
    whole = histogram.merge([histogram.encode(np.concatenate(parts))])
    assert merged.get_total_count() == 5
    assert merged.equals(whole)


def test_percentiles_are_within_the_three_digits_of_exact_ones() -> None:
    values = np.random.default_rng(1).lognormal(8, 1.5, 50_000).astype(np.int64) + 1
    merged = histogram.merge([histogram.encode(values)])
    for percentile in (50, 90, 99, 99.9):
        exact = np.sort(values)[round(values.size * percentile / 100) - 1] / 1000
        found = histogram.percentile_ms(merged, percentile)
        assert found == pytest.approx(exact, rel=0.002)
        assert found == merged.get_value_at_percentile(percentile) / 1000


def test_values_outside_the_range_are_counted_at_its_ends() -> None:
    merged = histogram.merge([histogram.encode(np.array([0, 90_000_000]))])
    assert merged.get_total_count() == 2
    assert histogram.percentile_ms(merged, 100) == pytest.approx(60_000, rel=0.001)


def test_shares_of_bins_are_those_of_the_samples() -> None:
    values = np.random.default_rng(1).lognormal(8, 1.5, 50_000).astype(np.int64) + 1
    shares = histogram.shares(histogram.merge([histogram.encode(values)]))
    edges = histogram.BIN_EDGES_MS
    exact = np.histogram(np.clip(values / 1000, edges[0], edges[-1]), bins=edges)[0] / values.size
    assert exact[0] > 0.005, "what is faster than the first bin is in it"
    assert sum(shares) == pytest.approx(1)
    assert shares == pytest.approx(exact, abs=0.0015)
    assert sum(histogram.shares(histogram.merge([]))) == 0


def test_empty() -> None:
    assert histogram.encode(np.array([], dtype=np.int64)) == ""
    assert histogram.percentile_ms(histogram.merge([""]), 50) is None
