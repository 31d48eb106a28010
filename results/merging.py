"""Several loads as one: counts and histograms added up, so that nothing is lost and nothing estimated."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from results import histogram
from results.record import Load, Second

EMPTY = Second(sent=0, good=0, failed=0, unfinished=0, good_ended=0, latency="", unanswered="", failure_time="")


def seconds(load: Load) -> tuple[Second, ...]:
    """The seconds of the window over all endpoints."""
    return _add_up(load.endpoints.values())


def merge(loads: Sequence[Load]) -> Load:
    """What the users of all `loads` saw, which were made at the same time, each with its own users.

    Raises:
        ValueError: they are of windows of different lengths, or there are none.
    """
    if len({load.window_s for load in loads}) != 1:
        raise ValueError("only loads of windows of one length can be merged, and at least one")
    names = dict.fromkeys(name for load in loads for name in load.endpoints)
    return Load(
        window_s=loads[0].window_s,
        endpoints={name: _add_up(load.endpoints.get(name, ()) for load in loads) for name in names},
        rate_slices=tuple(map(sum, zip_longest(*(load.rate_slices for load in loads), fillvalue=0))),
        in_flight_slices=tuple(map(sum, zip_longest(*(load.in_flight_slices for load in loads), fillvalue=0))),
        failures=dict(sum((Counter(load.failures) for load in loads), Counter())),
        answered_per_user=tuple(count for load in loads for count in load.answered_per_user),
        longest_wait_us=tuple(wait_us for load in loads for wait_us in load.longest_wait_us),
        latency_max_us=max(load.latency_max_us for load in loads),
        in_flight_mean=_sum_of_known(load.in_flight_mean for load in loads),
        answered_latency_s=_sum_of_known(load.answered_latency_s for load in loads),
        send_delay=histogram.add(load.send_delay for load in loads),
        loop_lag=histogram.add(load.loop_lag for load in loads),
        failure_examples={kind: text for load in reversed(loads) for kind, text in load.failure_examples.items()},
        connections_opened=sum(load.connections_opened for load in loads),
        requests_issued=sum(load.requests_issued for load in loads),
        requests_settled=sum(load.requests_settled for load in loads),
        requests_answered=sum(load.requests_answered for load in loads),
        requests_good=sum(load.requests_good or 0 for load in loads),
        requests_unsafe=sum(load.requests_unsafe or 0 for load in loads),
        answers_read=sum(load.answers_read for load in loads),
        drained_s=max((load.drained_s for load in loads if load.drained_s is not None), default=None),
        processes=tuple(process for load in loads for process in load.processes),
    )


def _add_up(series: Iterable[Sequence[Second]]) -> tuple[Second, ...]:
    found = list(series)
    if len(found) == 1:
        return tuple(found[0])
    return tuple(_add(together) for together in zip_longest(*found, fillvalue=EMPTY))


def _add(together: Sequence[Second]) -> Second:
    service_times = [one.service_time for one in together]
    return Second(
        sent=sum(one.sent for one in together),
        good=sum(one.good for one in together),
        failed=sum(one.failed for one in together),
        unfinished=sum(one.unfinished for one in together),
        dropped=sum(one.dropped for one in together),
        good_ended=sum(one.good_ended for one in together),
        latency=histogram.add(one.latency for one in together),
        service_time=histogram.add(text or "" for text in service_times) if any(service_times) else None,
        unanswered=histogram.add(one.unanswered for one in together),
        failure_time=histogram.add(one.failure_time for one in together),
        connect_time=histogram.add(one.connect_time for one in together),
        first_byte=histogram.add(one.first_byte for one in together),
    )


def _sum_of_known(figures: Iterable[float | None]) -> float | None:
    known = list(figures)
    return None if None in known else sum(figure for figure in known if figure is not None)
