"""How fast and how exact the load generator is, beside others: `python benchmarks/generators.py`.

Speed: every generator loads the `null` server (on the first CPU) over 32 connections from the last CPU, in turn, so
that drift falls on all alike. Ours records and checks every answer meanwhile, and so do Locust's users.

Punctuality: our open profile against the `null` server, how late requests are sent and what it takes. Beside it stands
what of the load's CPU a hypervisor gave to others meanwhile: nobody can send then. What its parts cost by themselves
says `benchmarks/parts.py`.

Exactness: every generator loads a server that takes down how long it had each request (`known_server.py`), at a fixed
rate where it can: at 1,000 requests/s, and ours at half of its ceiling too, which is found first. Printed is what it
reports, and beside it what the server saw; for ours also since each request was really sent, as the difference is how
late they were sent, which the bench reports and judges besides. No request is to wait for a connection, as no server
sees that; where a rate would need too many of them, the highest that does not is taken.

`wrk`, `hey` and `autocannon` take part where they are installed. Nothing else should run on the machine.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from benchmarks.drivers import CONNECTIONS, PERCENTILES, Driver, Seen, Speed, drivers, ours_open, pinned  # noqa: E402
from benchmarks.known_server import DISTRIBUTIONS  # noqa: E402
from results import histogram  # noqa: E402
from runners import calibration, host, preflight  # noqa: E402

SPEED_S, EXACT_S = 4.0, 10.0
SLOW_RPS = 1000.0
HELD_S = {"constant": 0.02, "bimodal": 0.02, "stall": 1.2}
"""Connections for each request per second, so that none has to wait for one: four times as many as are in flight in the
mean, and in a stall all that arrive."""
PACED_CONNECTIONS = 64
SPARE, MOST_CONNECTIONS = 100, 10_000
TOLERANCE_SHARE, TOLERANCE_MS = 0.02, 0.25
"""Our own bar: within so much of what the server saw, whichever is larger."""


@contextmanager
def served(command: list[str], cpu: int) -> Iterator[str]:
    """The URL of a server, started on a free port; PORT in its command is replaced by it."""
    port = host.free_port()
    argv = [word.replace("PORT", str(port)) for word in command]
    server = subprocess.Popen(pinned(cpu, argv))
    try:
        while host.port_owner(port) is None:
            time.sleep(0.05)
        yield f"http://{host.LOOPBACK}:{port}"
    finally:
        server.terminate()
        server.wait()


def half_of_the_ceiling(server_cpu: int, load_cpu: int) -> float:
    """Of the rate that our open profile can offer here, now."""
    setting = calibration.Setting(server_cpus=(server_cpu,), load_cpus=(load_cpu,), load_processes=1)
    name = calibration.fingerprint(setting, host.machine(), preflight.load_versions())
    ceiling_rps = calibration.measure(setting, name, lambda _: None).open_ceiling_rps
    print(f"\nthe ceiling of our open profile: {ceiling_rps:,.0f} requests/s")
    return float(round(ceiling_rps / 2, -3))


def speeds(repeats: int, server_cpu: int, load_cpu: int) -> None:
    """Print the table of speeds."""
    generators = {name: driver for name, driver in drivers().items() if name != "ours, closed"}
    null = [sys.executable, str(ROOT / "runners" / "null_server.py"), f"{host.LOOPBACK}:PORT"]
    found: dict[str, list[Speed]] = {name: [] for name in generators}
    with served(null, server_cpu) as url:
        for _ in range(repeats):
            for name, driver in generators.items():
                found[name].append(driver.fast(url, load_cpu, SPEED_S))
    print(f"speed: {CONNECTIONS} connections, one core; median (least to most) of {repeats}; ours as a multiple")
    print(f"{'':14}{'requests/s':>34}{'ours':>8}{'requests per core-second':>34}{'ours':>8}")
    ours = found["ours"]
    for name, these in found.items():
        rates, per_core = [one.rate_rps for one in these], [one.rate_rps / one.cores for one in these]
        print(
            f"{name:14}{spread(rates):>34}{multiple([one.rate_rps for one in ours], rates):8.2f}"
            f"{spread(per_core):>34}{multiple([one.rate_rps / one.cores for one in ours], per_core):8.2f}"
        )


def punctuality(rates: list[float], repeats: int, server_cpu: int, load_cpu: int) -> None:
    """Print how late our open profile sends to the `null` server, and its share of a core."""
    null = [sys.executable, str(ROOT / "runners" / "null_server.py"), f"{host.LOOPBACK}:PORT"]
    print("\npunctuality: open profile against the null server; from intended to actual start of every request, in ms")
    print(f"median (least to most) of {repeats}; core: what the load used for all of it; stolen: of the load's CPU")
    print(f"{'':14}" + "".join(f"{title:>25}" for title in ("p50", "p99", "p99.9", "core", "stolen")))
    with served(null, server_cpu) as url:
        for rate in rates:
            rows = []
            for _ in range(repeats):
                stolen = Stolen(load_cpu)
                load = ours_open(url, load_cpu, rate, EXACT_S, PACED_CONNECTIONS)
                late = histogram.merge([load.send_delay])
                delays_ms = [histogram.percentile_ms(late, percentile) or 0.0 for percentile in (50, 99, 99.9)]
                rows.append((*delays_ms, load.processes[0].cpu_s / load.window_s, stolen.share()))
            *delays, core, taken = zip(*rows, strict=True)
            print(f"{rate:12,.0f}/s" + "".join(f"{spread(these, '.3f'):>25}" for these in delays), end="")
            print(f"{spread(core, '.0%'):>25}{spread(taken, '.1%'):>25}")


class Stolen:
    """What of a CPU's time a hypervisor gave to others since this was made."""

    def __init__(self, cpu: int) -> None:
        self._cpus = (cpu,)
        self._began_s, self._stolen_s = time.monotonic(), host.cpu_times(self._cpus).stolen_s

    def share(self) -> float:
        return (host.cpu_times(self._cpus).stolen_s - self._stolen_s) / (time.monotonic() - self._began_s)


def spread(figures: Sequence[float], form: str = ",.0f") -> str:
    return f"{statistics.median(figures):{form}} ({min(figures):{form}} to {max(figures):{form}})"


def multiple(ours: list[float], theirs: list[float]) -> float:
    """The median of the ratios within each round."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def exactness(rates: list[float], names: list[str], repeats: int, server_cpu: int, load_cpu: int) -> bool:
    """Print the table of errors; whether our open profile keeps within its tolerance.

    Ours is repeated, and the medians of its repeats are printed; others take part once, at the lowest rate.
    """
    kept = True
    for distribution, delay in DISTRIBUTIONS.items():
        possible = sorted({min(rate, highest(distribution)) for rate in rates})
        for rate in possible:
            what = f"{distribution} ({(delay.__doc__ or '').strip('.')}) at {rate:,.0f} requests/s"
            print(f"\n{what}: p50, p90, p99, p99.9 in ms as reported, and in brackets as the server saw them")
            connections = round(SPARE + HELD_S[distribution] * rate)
            for name, driver in drivers().items():
                if driver.paced is None or name not in names or (rate != possible[0] and name != "ours"):
                    continue
                stolen = Stolen(load_cpu)
                found = [
                    compared(driver, distribution, rate, connections, server_cpu, load_cpu)
                    for _ in range(repeats if name == "ours" else 1)
                ]
                print(f"{name:14}{found[0][0].profile:26}{cells([(seen.latency_ms, own) for seen, own in found])}")
                if name == "ours":
                    sent = [(seen.service_ms or {}, own) for seen, own in found]
                    print(f"{'':14}{'the same, since sent':26}{cells(sent)}")
                    print(f"{'':14}of the load's CPU {stolen.share():.1%} were stolen meanwhile")
                    errors = {p: [(seen.latency_ms[p], own[p]) for seen, own in found] for p in PERCENTILES}
                    kept &= all(sum(map(near, these)) > len(these) / 2 for these in errors.values())
    return kept


def highest(distribution: str) -> float:
    """The rate for which there are connections enough."""
    return (MOST_CONNECTIONS - SPARE) / HELD_S[distribution]


def compared(
    driver: Driver, distribution: str, rate: float, connections: int, server_cpu: int, load_cpu: int
) -> tuple[Seen, dict[float, float]]:
    """What a generator reports and what a fresh server saw of it, in ms by percentile."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "taken"
        program = str(ROOT / "benchmarks" / "known_server.py")
        known = [sys.executable, program, f"{host.LOOPBACK}:PORT", distribution, str(output)]
        assert driver.paced is not None
        with served(known, server_cpu) as url:
            seen = driver.paced(url, load_cpu, rate, EXACT_S, connections)
        taken = np.frombuffer(output.read_bytes(), dtype=np.int64).reshape(-1, 2)
    if seen.window_ns is not None:
        start_ns, end_ns = seen.window_ns
        taken = taken[(taken[:, 0] + taken[:, 1] >= start_ns) & (taken[:, 0] < end_ns)]
    # A percentile is the smallest value that so many are not above, as HdrHistogram has it.
    own = np.percentile(taken[:, 1], PERCENTILES, method="inverted_cdf") / 1e6
    return seen, dict(zip(PERCENTILES, own.tolist(), strict=True))


def cells(found: list[tuple[dict[float, float], dict[float, float]]]) -> str:
    """For each percentile the median over repeats of what was reported, and of what the server saw."""
    texts = []
    for percentile in PERCENTILES:
        known = [seen_ms[percentile] for seen_ms, _ in found if percentile in seen_ms]
        shown = f"{statistics.median(known):.2f}" if known else "-"
        texts.append(f"{shown} ({statistics.median(own_ms[percentile] for _, own_ms in found):.2f})")
    return "".join(f"{text:>22}" for text in texts)


def near(both_ms: tuple[float, float]) -> bool:
    """Whether what was reported is near what the server saw."""
    seen_ms, own_ms = both_ms
    return abs(seen_ms - own_ms) <= max(TOLERANCE_SHARE * own_ms, TOLERANCE_MS)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3, help="of what is ours, and of all speeds")
    parser.add_argument("--only", choices=("speed", "punctuality", "exactness"))
    parser.add_argument("--rate", type=float, action="append", help="of the exactness; others take part at the lowest")
    parser.add_argument("--generator", action="append", choices=list(drivers()), help="of the exactness")
    options = parser.parse_args()
    cpus = sorted(os.sched_getaffinity(0))
    if options.only in (None, "speed"):
        speeds(options.repeats, cpus[0], cpus[-1])
    if options.only in (None, "punctuality"):
        punctuality(options.rate or [1000.0, 5000.0], options.repeats, cpus[0], cpus[-1])
    if options.only in (None, "exactness"):
        names = options.generator or list(drivers())
        rates = options.rate or [SLOW_RPS, half_of_the_ceiling(cpus[0], cpus[-1])]
        kept = exactness(rates, names, options.repeats, cpus[0], cpus[-1])
        print(
            f"\nours, open: {'within' if kept else 'NOT within'} {TOLERANCE_SHARE:.0%} or {TOLERANCE_MS} ms "
            "everywhere, in most repeats"
        )


if __name__ == "__main__":
    main()
