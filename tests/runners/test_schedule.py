"""The turns of a block: as long as the slower side needs, and no more of them than there is time for."""

import pytest

from results.blocks import SIDES
from results.losses import GROUP_REQUESTS
from runners import schedule
from runners.schedule import LEAD_IN, pace, turns, without_latency


@pytest.mark.parametrize("throughput_rps", [20_000, 1000, 160, 20, 2])
def test_both_sides_have_turns_alike_in_which_enough_is_answered(throughput_rps: float) -> None:
    found = pace(throughput_rps)
    planned = turns("base", found)
    for kind in ("warm-up", "closed", "open"):
        times = {side: sum(one.duration_s for one in planned if (one.side, one.kind) == (side, kind)) for side in SIDES}
        assert times["base"] == pytest.approx(times["head"])
    rate_rps = schedule.RATE_SHARE * throughput_rps
    assert found.rate_rps == pytest.approx(rate_rps)
    opened = [one for one in planned if (one.side, one.kind) == ("head", "open")]
    counted = sum(rate_rps * one.duration_s - LEAD_IN for one in opened)
    assert counted >= GROUP_REQUESTS


def test_a_block_takes_longer_where_answers_have_to_be_waited_for() -> None:
    quick, slow = pace(1000), pace(1000, drain_s=0.1)
    count = len(turns("base", quick))
    assert len(turns("base", slow)) == count
    assert slow.block_s - quick.block_s == pytest.approx(0.1 * count)
    assert pace(1000, start_s=7.0).block_s - quick.block_s == pytest.approx(7.0 - schedule.START_S)


def test_where_there_is_no_time_for_a_rate_the_rest_stays() -> None:
    found = pace(2)
    alone = without_latency(found)
    assert [one for one in turns("head", found) if one.kind != "open"] == list(turns("head", alone))
    assert alone.block_s < found.block_s / 3
