"""Where the rules about the machine begin to fire."""

from dataclasses import replace

import pytest

from results.record import HostUse
from tests.results.factory import load, record, second, texts

STEADY = load(second([5.0] * 500), second([5.0] * 500))  # a window of 2 s, on one CPU for each side
QUIET = HostUse(foreign_cpu_s=0.0, stolen_s=0.0, load_stolen_s=0.0, throttled_s=0.0)


def beside(use: HostUse) -> dict[str, str]:
    return texts(replace(record(STEADY), host=use))


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        ("foreign_cpu_s", "foreign-load", "other programs took 6% of the server's CPUs"),
        ("stolen_s", "stolen-time", "the hypervisor took 6% of the server's CPUs"),
        ("load_stolen_s", "stolen-time", "the hypervisor took 6% of the load's CPUs"),
    ],
)
def test_others_may_take_a_twentieth_of_the_cpus(name: str, code: str, text: str) -> None:
    assert not beside(replace(QUIET, **{name: 0.1}))
    assert beside(replace(QUIET, **{name: 0.12})) == {code: text}


def test_what_others_take_is_a_share_of_all_the_cpus() -> None:
    whole = record(STEADY)
    assert whole.budget is not None
    two = replace(whole, budget=replace(whole.budget, server_cpus=(0, 2)), host=replace(QUIET, stolen_s=0.2))
    assert not texts(two)
    assert "7% of the server's CPUs" in texts(replace(two, host=replace(QUIET, stolen_s=0.28)))["stolen-time"]


def test_a_quota_may_stop_the_bench_for_a_hundredth_of_the_window() -> None:
    assert not beside(replace(QUIET, throttled_s=0.02))
    found = beside(replace(QUIET, throttled_s=0.06))
    assert "stopped the bench for 3% of the window" in found["throttled"]


def test_of_what_is_not_known_nothing_is_said() -> None:
    unknown = HostUse(foreign_cpu_s=None, stolen_s=None, load_stolen_s=None, throttled_s=None)
    assert not beside(unknown)
    assert not texts(replace(record(STEADY), host=None))
    assert not texts(replace(record(STEADY), host=unknown, budget=None, server=None, load_cpus=(0, 1)))
