import os

import pytest

from runners import host, speed


def test_the_speed_of_a_cpu_is_told_slice_by_slice_and_the_bench_stays_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(speed, "SLICES", 5)
    usable = os.sched_getaffinity(0)
    found = speed.measure(host.usable_cpus()[-1])
    assert os.sched_getaffinity(0) == usable
    assert 0 < found.slowest <= 1 <= found.fastest
    # All are within one spread of so few that none can be further from the mean than twice it.
    assert found.fastest - 1 <= 2 * found.swing + 1e-9
    assert 1 - found.slowest <= 2 * found.swing + 1e-9
