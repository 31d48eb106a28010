"""How fast the load generator is, beside others: `python benchmarks/generators.py [--repeats N]`.

Every generator loads the same bare uvloop server (`null_server.py`, on the first CPU) over 32 connections from one
process on the last CPU, in turn, so that drift falls on all alike. Printed are the medians with their range, and ratios
to ours. `wrk` takes part where it is installed. Nothing else should run on the machine.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import msgspec  # noqa: E402

from results import merging  # noqa: E402
from results.record import Profile  # noqa: E402
from runners import host  # noqa: E402
from runners.load.job import Job, Outcome  # noqa: E402

CONNECTIONS = 32
SECONDS = 4
LOCUSTFILE = """
from locust import FastHttpUser, HttpUser, task

class Hello(BASE):
    @task
    def hello(self):
        with self.client.get("/hello/sync", catch_response=True) as answer:
            if answer.text != '{"message": "Hello, world!"}':
                answer.failure("wrong body")
"""


def ours(url: str, folder: Path, cpu: int) -> float:
    """Requests/s of the bench's own user, recording and checking everything, Locust driving."""
    result = folder / "load.json"
    profile = Profile(users=CONNECTIONS, warmup_s=1, duration_s=SECONDS, timeout_s=10, connect_timeout_s=10)
    job = Job(
        locustfile=str(ROOT / "scenarios" / "hello.py"),
        variant="sync",
        host=host.LOOPBACK,
        port=int(url.rpartition(":")[2]),
        profile=profile,
    )
    command = [sys.executable, "-m", "runners.load", msgspec.json.encode(job).decode(), str(result)]
    subprocess.run(pinned(cpu, command), cwd=ROOT, input=b"go\n", stdout=subprocess.DEVNULL, check=True)
    load = msgspec.json.decode(result.read_bytes(), type=Outcome).load
    assert load is not None
    assert not load.failures, load.failures
    return sum(second.good_ended for second in merging.seconds(load)) / load.window_s


def locust(base: str) -> Callable[[str, Path, int], float]:
    """Requests/s of one of Locust's own users, as its final statistics have them."""

    def measure(url: str, folder: Path, cpu: int) -> float:
        locustfile = folder / "locustfile.py"
        locustfile.write_text(LOCUSTFILE.replace("BASE", base))
        users = ["--users", str(CONNECTIONS), "--spawn-rate", str(CONNECTIONS), "--run-time", f"{SECONDS + 1}s"]
        command = [sys.executable, "-m", "locust", "-f", str(locustfile), "--headless", "--json", "--host", url, *users]
        done = subprocess.run(pinned(cpu, command), capture_output=True, text=True, check=True)
        (statistics_of_one,) = json.loads(done.stdout)
        assert statistics_of_one["num_failures"] == 0
        seconds = statistics_of_one["last_request_timestamp"] - statistics_of_one["start_time"]
        return float(statistics_of_one["num_requests"] / seconds)

    return measure


def wrk(url: str, folder: Path, cpu: int) -> float:
    command = [
        "wrk",
        "--threads",
        "1",
        "--connections",
        str(CONNECTIONS),
        "--duration",
        f"{SECONDS}s",
        f"{url}/hello/sync",
    ]
    done = subprocess.run(pinned(cpu, command), cwd=folder, capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])


def pinned(cpu: int, command: list[str]) -> list[str]:
    return ["taskset", "--cpu-list", str(cpu), *command]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    generators = {"ours": ours, "FastHttpUser": locust("FastHttpUser"), "HttpUser": locust("HttpUser")}
    if shutil.which("wrk"):
        generators["wrk"] = wrk
    cpus = sorted(os.sched_getaffinity(0))
    port = host.free_port()
    null = [sys.executable, str(ROOT / "runners" / "null_server.py"), f"{host.LOOPBACK}:{port}"]
    rates: dict[str, list[float]] = {name: [] for name in generators}
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(pinned(cpus[0], null))
        try:
            while host.port_owner(port) is None:
                time.sleep(0.05)
            for _ in range(repeats):
                for name, measure in generators.items():
                    rates[name].append(measure(f"http://{host.LOOPBACK}:{port}", Path(folder), cpus[-1]))
        finally:
            server.terminate()
            server.wait()
    print(f"{CONNECTIONS} connections, one core; requests/s: median (least to most) of {repeats}; ours as a multiple")
    for name, found in rates.items():
        ratio = statistics.median(a / b for a, b in zip(rates["ours"], found, strict=True))
        print(f"{name:14}{statistics.median(found):10,.0f} ({min(found):,.0f} to {max(found):,.0f}){ratio:8.2f}")


if __name__ == "__main__":
    main()
