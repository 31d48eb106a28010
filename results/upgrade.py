"""Plans and records of older schemas, brought up to the present one step by step. What was not known then is null."""

from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]


def plan_from_1(plan: Json) -> Json:
    plan["load_cpus"] = plan["budget"].pop("load_cpus")
    for case in plan["cases"]:
        _profile_from_1(case["profile"])
    return plan | {"schema": 2}


def record_from_1(record: Json) -> Json:
    record["load_cpus"] = record["budget"].pop("load_cpus")
    _profile_from_1(record["case"]["profile"])
    record |= {"schema": 2, "calibration": None, "host": None}
    if record["server"] is not None:
        server = record["server"]
        record["host"] = {
            "foreign_cpu_s": server.pop("foreign_cpu_s"),
            "stolen_s": server.pop("stolen_s"),
            "load_stolen_s": None,
            "throttled_s": None,
        }
        server |= {"descriptors_peak": None, "switches_voluntary": None, "switches_involuntary": None}
        server |= {"cpu_s_per_process": [], "extensions": None}
    if record["load"] is not None:
        record["load"] = _load_from_1(record["load"], record["path"])
    return record


def plan_from_2(plan: Json) -> Json:
    for case in plan["cases"]:
        case |= {"parameters": {}, "settings": ""}
    return plan | {"schema": 3, "backend_cpus": [], "database": None, "left_out": []}


def record_from_2(record: Json) -> Json:
    record["case"] |= {"parameters": {}, "settings": ""}
    record |= {"schema": 3, "backend_cpus": [], "backends": [], "work": None}
    if record["load"] is not None:
        record["load"]["requests_good"] = None
    return record


def plan_from_3(plan: Json) -> Json:
    return plan | {"schema": 4, "retries": 0}


def record_from_3(record: Json) -> Json:
    return record | {"schema": 4, "set_aside": []}


def plan_from_4(plan: Json) -> Json:
    return plan | {"schema": 5}


def record_from_4(record: Json) -> Json:
    """An event loop has a thread for each request with a sync part, whose switches went missing when it ended."""
    if record["server"] is not None and record["case"]["interface"] == "asgi":
        record["server"] |= {"switches_voluntary": None, "switches_involuntary": None}
    return record | {"schema": 5}


def _profile_from_1(profile: Json) -> None:
    profile["connect_timeout_s"] = profile["timeout_s"]


def _load_from_1(load: Json, path: str) -> Json:
    process = {
        "cpu_s": load.pop("cpu_s"),
        "cpu_wait_s": load.pop("cpu_wait_s"),
        "requests_issued": load["requests_issued"],
        "answers_read": load["answers_read"],
        "users": len(load["answered_per_user"]),
    }
    unknown = {"in_flight_mean": None, "answered_latency_s": None}
    empty = {"rate_slices": [], "in_flight_slices": [], "send_delay": "", "loop_lag": ""}
    return load | unknown | empty | {"endpoints": {path: load.pop("seconds")}, "processes": [process]}


PLAN_STEPS: dict[int, Callable[[Json], Json]] = {
    1: plan_from_1,
    2: plan_from_2,
    3: plan_from_3,
    4: plan_from_4,
}
RECORD_STEPS: dict[int, Callable[[Json], Json]] = {
    1: record_from_1,
    2: record_from_2,
    3: record_from_3,
    4: record_from_4,
}


def upgraded(content: Json, steps: Mapping[int, Callable[[Json], Json]]) -> Json:
    """`content` of whatever schema, as the present one has it."""
    while content.get("schema") in steps:
        content = steps[content["schema"]](content)
    return content
