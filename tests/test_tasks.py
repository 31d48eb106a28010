"""Django's own tasks: measured where the app's Django has them, refused in one line where it has not."""

import django

from tests.conftest import BRIEF, CommandLine

TASKS = ("--server", "uvicorn", "--scenario", "tasks", "--users", "4", *BRIEF)

if django.VERSION >= (6, 0):

    def test_tasks_are_run_in_the_request(bench: CommandLine) -> None:
        done = bench.measure(*TASKS, "--set", "ms=20")
        assert done.code == 0, done.err
        for variant in ("sync", "async"):
            case = done.case(f"uvicorn/tasks/{variant}/ms=20")
            assert not {"failures", "server-died"} & done.codes(case["case"])
            assert case["latency_ms"]["p50"]["value"] >= 20

else:

    def test_without_them_they_are_refused_with_what_gets_them(bench: CommandLine) -> None:
        done = bench.measure(*TASKS)
        assert (done.code, done.out) == (2, "")
        refused, hint = done.err.splitlines()
        assert refused.startswith("bench: scenario tasks cannot be measured: python 3.12 or newer (3.11.")
        assert hint.strip().startswith("get it with: python3.12 -m pip install -r ")
