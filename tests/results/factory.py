"""Records with chosen contents, as a well-behaved run would have written them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from results import histogram
from results.plan import SCHEMA_VERSION, App, Budget, Case, Plan, Profile, Step
from results.record import SLICES_PER_S, Calibration, HostUse, Load, LoadProcess, Machine, Record, Second, ServerUse
from results.validity import judge

PROFILE = Profile(users=4, warmup_s=1, duration_s=2, timeout_s=10, connect_timeout_s=10)
CASE = Case(server="uvicorn", interface="asgi", scenario="hello", variant="sync", profile=PROFILE)
BUDGET = Budget(workers=1, threads=1, connections=1000, server_cpus=(0,))
LOAD_CPUS = (1,)
APP = App(name="bench_app", python=None, directory=None, wsgi="w:a", asgi="a:a", environment={})
MACHINE = Machine(
    cpu_model="a CPU",
    cpus_online=2,
    cpus_usable=(0, 1),
    memory_bytes=2**33,
    kernel="Linux 6",
    virtualization="none seen",
    governor="performance",
    cores=((0,), (1,)),
)


OPEN = replace(PROFILE, kind="open", rate_rps=100.0, arrivals="poisson")
OPEN_CASE = replace(CASE, profile=OPEN, point="100rps")
CALIBRATION = Calibration(
    fingerprint="f",
    measured_at="2026-01-01T00:00:00+00:00",
    closed_rps=(900.0, 5000.0, 1000.0),
    open_ceiling_rps=800.0,
    open_refused_rps=900.0,
    floor="",
    send_error="",
    send_error_rps=100.0,
    cpu_us_per_request=12.0,
    disturbed=False,
)


def plan(*cases: Case, repeats: int = 1) -> Plan:
    return Plan(
        schema=SCHEMA_VERSION,
        name="test-run",
        app=APP,
        budget=BUDGET,
        load_cpus=LOAD_CPUS,
        cases=cases,
        repeats=repeats,
        seed=1,
        start_timeout_s=20,
        steps=tuple(Step(case=case, repeat=repeat + 1) for repeat in range(repeats) for case in range(len(cases))),
    )


def second(latencies_ms: Sequence[float], *, timeouts: int = 0, errors: int = 0, unfinished: int = 0) -> Second:
    def encoded(values_ms: Sequence[float]) -> str:
        return histogram.encode(np.array([round(1000 * value) for value in values_ms], dtype=np.int64))

    good = len(latencies_ms)
    return Second(
        sent=good + timeouts + errors + unfinished,
        good=good,
        failed=timeouts + errors,
        unfinished=unfinished,
        good_ended=good,
        latency=encoded(latencies_ms),
        unanswered=encoded([10_000.0] * (timeouts + unfinished)),
        failure_time=encoded([1.0] * errors),
    )


def load(*seconds: Second, failures: dict[str, int] | None = None, answered: Sequence[int] = (5, 5, 5, 5)) -> Load:
    sent = sum(one.sent for one in seconds)
    return Load(
        window_s=float(len(seconds)),
        endpoints={"/hello/sync": seconds},
        rate_slices=tuple(one.good / SLICES_PER_S for one in seconds for _ in range(SLICES_PER_S)),
        in_flight_slices=(4.0,) * SLICES_PER_S * len(seconds),
        failures=failures or {},
        answered_per_user=tuple(answered),
        longest_wait_us=tuple(100_000 for _ in answered),
        latency_max_us=10_000,
        in_flight_mean=4.0,
        answered_latency_s=4.0 * len(seconds),
        send_delay="",
        loop_lag="",
        failure_examples={},
        connections_opened=4,
        requests_issued=sent + 100,
        requests_settled=sent + 100,
        requests_answered=sent + 100,
        requests_good=sum(one.good for one in seconds) + 100,
        requests_unsafe=0,
        answers_read=sent + 100,
        processes=(
            LoadProcess(cpu_s=0.2, cpu_wait_s=0.0, requests_issued=sent + 100, answers_read=sent + 100, users=4),
        ),
    )


def record(measured: Load | None, *, case: Case = CASE, repeat: int = 1) -> Record:
    return Record(
        schema=SCHEMA_VERSION,
        case=case,
        repeat=repeat,
        budget=BUDGET,
        load_cpus=LOAD_CPUS,
        backend_cpus=(),
        app=APP,
        started_at="2026-01-01T00:00:00+00:00",
        command=("uvicorn", "--port", "20001"),
        port=20_001,
        path="/hello/sync",
        protocols=("keep-alive",),
        sources={"bench": "b", "app": "a"},
        environment={},
        versions={"python": "3.11"},
        load_versions={"locust": "2"},
        machine=MACHINE,
        calibration=None,
        load=measured,
        server=ServerUse(
            cpu_s=1.0,
            memory_peak_bytes=2**26,
            processes=1,
            processes_lost=0,
            threads_peak=3,
            descriptors_peak=20,
            switches_voluntary=400,
            switches_involuntary=100,
            cpu_s_per_process=(1.0,),
            extensions=("httptools",),
            start_s=0.5,
        ),
        host=HostUse(foreign_cpu_s=0.0, stolen_s=0.0, load_stolen_s=0.0, throttled_s=0.0),
        backends=(),
        work=None,
        breakdown=None,
        log_tail=(),
    )


def case(server: str, *, scenario: str = "hello", asynchronous: bool = False) -> Case:
    return replace(CASE, server=server, scenario=scenario, variant="async" if asynchronous else "sync")


def texts(one: Record) -> dict[str, str]:
    """The reasons why a record is not valid: their texts by code."""
    return {reason.code: reason.text for reason in judge(one).reasons}


def spread(values_us: Sequence[int]) -> str:
    """A histogram of chosen values, as a record has it."""
    return histogram.encode(np.array(values_us, dtype=np.int64))
