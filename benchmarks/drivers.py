"""Load generators by one interface: as fast as they can, or at a rate; each as its users run it."""

import csv
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from results import histogram, merging
from results.plan import Profile
from results.record import Load
from runners.app import ROOT
from runners.load.job import Job, Outcome, Window

CONNECTIONS = 32
WARMUP_S = 2.0
PACED_WARMUP_S = 6.0
"""Of our open profile: thousands of connections are made, and what came meanwhile and in a stall is worked off."""
PERCENTILES = (50.0, 90.0, 99.0, 99.9)
PATH = "/hello/sync"
LOCUSTFILE = """
from locust import FastHttpUser, HttpUser, constant_throughput, task

class Hello(BASE):
    WAIT
    @task
    def hello(self):
        with self.client.get("/hello/sync", catch_response=True) as answer:
            if answer.text != '{"message": "Hello, world!"}':
                answer.failure("wrong body")
"""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Requests/s, and the share of a core that was used for them."""

    rate_rps: float
    cores: float


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Percentiles in ms as a generator reports them.

    `service_ms` counts from when a request was really sent, `window_ns` are the requests' ends, where they are known.
    """

    profile: str
    latency_ms: dict[float, float]
    service_ms: dict[float, float] | None = None
    window_ns: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Driver:
    """A load generator.

    Attributes:
        fast: loads a URL from a CPU for some seconds as fast as it can.
        paced: loads it at a rate, an open profile over so many connections; None where it cannot.
    """

    fast: Callable[[str, int, float], Speed]
    paced: Callable[[str, int, float, float, int], Seen] | None


def drivers() -> dict[str, Driver]:
    """Ours, Locust's, and those programs that are installed."""
    found = {
        "ours": Driver(fast=_ours_fast, paced=_ours_open),
        "ours, closed": Driver(fast=_ours_fast, paced=_ours_closed),
    }
    found |= {name: Driver(fast=_locust_fast(name), paced=_locust_paced(name)) for name in ("FastHttpUser", "HttpUser")}
    programs = {
        "wrk": Driver(fast=_wrk_fast, paced=_wrk_closed),
        "hey": Driver(fast=_hey_fast, paced=_hey_paced),
        "autocannon": Driver(fast=_autocannon_fast, paced=_autocannon_paced),
    }
    return found | {name: driver for name, driver in programs.items() if shutil.which(name)}


def pinned(cpu: int, command: Sequence[str]) -> list[str]:
    return ["taskset", "--cpu-list", str(cpu), *command]


def _timed(cpu: int, command: Sequence[str], seconds: float) -> tuple[str, float]:
    """The output of a command that loads for `seconds`, and the share of a core that it used once it was under way."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(pinned(cpu, command), cwd=ROOT, stdout=output, stderr=subprocess.DEVNULL)
        time.sleep(WARMUP_S)
        began, before = time.monotonic(), _cpu_s(process.pid)
        time.sleep(max(0.5, seconds - WARMUP_S - 0.5))
        cores = (_cpu_s(process.pid) - before) / (time.monotonic() - began)
        if process.wait() != 0:
            raise SystemExit(f"{command[0]} failed")
        output.seek(0)
        return output.read(), cores


def _cpu_s(pid: int) -> float:
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return float(sum(times.user + times.system for times in (one.cpu_times() for one in family)))


def _output(cpu: int, command: Sequence[str]) -> str:
    return subprocess.run(
        pinned(cpu, command), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True
    ).stdout


def _ours(url: str, cpu: int, profile: Profile) -> tuple[Outcome, Window]:
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "load.json"
        job = Job(
            locustfile="scenarios/hello.py",
            variant="sync",
            host=url.split("/")[2].partition(":")[0],
            port=int(url.rpartition(":")[2]),
            profile=profile,
            cpus=(cpu,),
        )
        command = [sys.executable, "-m", "runners.load.repeat", msgspec.json.encode(job).decode(), str(result)]
        done = subprocess.run(
            pinned(cpu, command),
            cwd=ROOT,
            input=b"go\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        window = msgspec.json.decode(done.stdout.splitlines()[1], type=Window)
        return msgspec.json.decode(result.read_bytes(), type=Outcome), window


def _profile(seconds: float, rate_rps: float | None = None, connections: int = CONNECTIONS) -> Profile:
    return Profile(
        kind="closed" if rate_rps is None else "open",
        users=connections,
        rate_rps=rate_rps,
        arrivals=None if rate_rps is None else "poisson",
        warmup_s=WARMUP_S if rate_rps is None else PACED_WARMUP_S,
        duration_s=seconds,
        timeout_s=10,
        connect_timeout_s=10,
    )


def _ours_fast(url: str, cpu: int, seconds: float) -> Speed:
    load = _ours(url, cpu, _profile(seconds))[0].load
    assert load is not None
    assert not load.failures, load.failures
    good = sum(second.good_ended for second in merging.seconds(load))
    return Speed(rate_rps=good / load.window_s, cores=load.processes[0].cpu_s / load.window_s)


def _ours_seen(url: str, cpu: int, profile: Profile) -> Seen:
    outcome, window = _ours(url, cpu, profile)
    assert outcome.load is not None
    assert not outcome.load.failures, outcome.load.failures
    seconds = list(merging.seconds(outcome.load))
    return Seen(
        profile=profile.kind,
        latency_ms=_of_histograms(second.latency for second in seconds),
        service_ms=_of_histograms(second.service_time or second.latency for second in seconds),
        window_ns=(window.start_ns, window.end_ns),
    )


def _of_histograms(texts: Iterable[str]) -> dict[float, float]:
    merged = histogram.merge(texts)
    return {p: histogram.percentile_ms(merged, p) or 0.0 for p in PERCENTILES}


def ours_open(url: str, cpu: int, rate_rps: float, seconds: float, connections: int) -> Load:
    """What our open profile saw."""
    load = _ours(url, cpu, _profile(seconds, rate_rps, connections))[0].load
    assert load is not None
    return load


def _ours_open(url: str, cpu: int, rate_rps: float, seconds: float, connections: int) -> Seen:
    return _ours_seen(url, cpu, _profile(seconds, rate_rps, connections))


def _ours_closed(url: str, cpu: int, _rate_rps: float, seconds: float, _connections: int) -> Seen:
    return _ours_seen(url, cpu, _profile(seconds))


def _locust(base: str, wait: str, url: str, seconds: float, folder: str) -> list[str]:
    locustfile = Path(folder) / "locustfile.py"
    locustfile.write_text(LOCUSTFILE.replace("BASE", base).replace("WAIT", wait))
    users = ["--users", str(CONNECTIONS), "--spawn-rate", str(CONNECTIONS), "--run-time", f"{seconds:.0f}s"]
    return [sys.executable, "-m", "locust", "-f", str(locustfile), "--headless", "--json", "--host", url, *users]


def _locust_fast(base: str) -> Callable[[str, int, float], Speed]:
    def fast(url: str, cpu: int, seconds: float) -> Speed:
        with tempfile.TemporaryDirectory() as folder:
            output, cores = _timed(cpu, _locust(base, "", url, seconds + WARMUP_S, folder), seconds + WARMUP_S)
        (found,) = json.loads(output)
        assert found["num_failures"] == 0
        return Speed(
            rate_rps=found["num_requests"] / (found["last_request_timestamp"] - found["start_time"]), cores=cores
        )

    return fast


def _locust_paced(base: str) -> Callable[[str, int, float, float, int], Seen]:
    def paced(url: str, cpu: int, rate_rps: float, seconds: float, _connections: int) -> Seen:
        wait = f"wait_time = constant_throughput({rate_rps / CONNECTIONS})"
        with tempfile.TemporaryDirectory() as folder:
            (found,) = json.loads(_output(cpu, _locust(base, wait, url, seconds, folder)))
        times = sorted((float(ms), count) for ms, count in found["response_times"].items())
        return Seen(profile="closed, paced", latency_ms=_of_counts(times))

    return paced


def _of_counts(times: Sequence[tuple[float, int]]) -> dict[float, float]:
    """Percentiles of values with counts, ascending."""
    total, found = sum(count for _, count in times), {}
    for percentile in PERCENTILES:
        seen = 0
        for value, count in times:
            seen += count
            if seen >= percentile / 100 * total:
                found[percentile] = value
                break
    return found


def _wrk(url: str, seconds: float) -> list[str]:
    return [
        "wrk",
        "--latency",
        "--threads",
        "1",
        "--connections",
        str(CONNECTIONS),
        "--duration",
        f"{seconds:.0f}s",
        url + PATH,
    ]


def _wrk_fast(url: str, cpu: int, seconds: float) -> Speed:
    output, cores = _timed(cpu, _wrk(url, seconds + WARMUP_S), seconds + WARMUP_S)
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert found is not None, output
    return Speed(rate_rps=float(found[1]), cores=cores)


def _wrk_closed(url: str, cpu: int, _rate_rps: float, seconds: float, _connections: int) -> Seen:
    units = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    lines = re.findall(r"^\s+(50|90|99)%\s+([\d.]+)(us|ms|s)$", _output(cpu, _wrk(url, seconds)), re.MULTILINE)
    return Seen(profile="closed", latency_ms={float(p): float(value) * units[unit] for p, value, unit in lines})


def _hey(url: str, seconds: float, *options: str) -> list[str]:
    return ["hey", "-cpus", "1", "-c", str(CONNECTIONS), "-z", f"{seconds:.0f}s", *options, url + PATH]


def _hey_fast(url: str, cpu: int, seconds: float) -> Speed:
    output, cores = _timed(cpu, _hey(url, seconds + WARMUP_S), seconds + WARMUP_S)
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert found is not None, output
    return Speed(rate_rps=float(found[1]), cores=cores)


def _hey_paced(url: str, cpu: int, rate_rps: float, seconds: float, _connections: int) -> Seen:
    output = _output(cpu, _hey(url, seconds, "-q", str(round(rate_rps / CONNECTIONS)), "-o", "csv"))
    times = sorted(1000 * float(row["response-time"]) for row in csv.DictReader(output.splitlines()))
    return Seen(profile="closed, paced", latency_ms=_of_counts([(value, 1) for value in times]))


def _autocannon(url: str, seconds: float, *options: str) -> list[str]:
    return ["autocannon", "--json", "-c", str(CONNECTIONS), "-d", f"{seconds:.0f}", *options, url + PATH]


def _autocannon_fast(url: str, cpu: int, seconds: float) -> Speed:
    output, cores = _timed(cpu, _autocannon(url, seconds + WARMUP_S), seconds + WARMUP_S)
    return Speed(rate_rps=json.loads(output)["requests"]["average"], cores=cores)


def _autocannon_paced(url: str, cpu: int, rate_rps: float, seconds: float, _connections: int) -> Seen:
    latency = json.loads(_output(cpu, _autocannon(url, seconds, "-R", f"{rate_rps:.0f}")))["latency"]
    names = {50.0: "p50", 90.0: "p90", 99.0: "p99", 99.9: "p99_9"}
    return Seen(profile="closed, paced, corrected", latency_ms={p: float(latency[name]) for p, name in names.items()})
