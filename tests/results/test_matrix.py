"""What the cells of the matrix say of short cases."""

from dataclasses import replace
from typing import Literal

import pytest

from results.matrix import Cell, cell, matrix
from results.plan import LeftOut
from results.record import Breakdown, Record
from results.summary import summarize, summarize_case
from tests.results.factory import CASE, load, plan, record, second


def test_what_answers_rightly_works() -> None:
    found = cell(summarize_case(CASE, [record(load(second([1.0] * 50), second([1.0] * 50)))], 1))
    assert (found.status, found.seen) == ("works", "100 right answers to 100 requests")


def test_a_few_failures_are_told_with_the_last_word_of_the_log() -> None:
    few = load(second([1.0] * 50, errors=5), second([1.0] * 50), failures={"status 500": 5})
    found = cell(summarize_case(CASE, [replace(record(few), log_tail=("KeyError: 'a'",))], 1))
    assert found.status == "degraded"
    assert found.seen.startswith("5 × status 500; KeyError: 'a' of 105")


@pytest.mark.parametrize("good", [0, 10])
def test_what_mostly_fails_fails(good: int) -> None:
    most = load(second([1.0] * good, errors=50), second([]), failures={"status 500": 50})
    assert cell(summarize_case(CASE, [record(most)], 1)).status == "fails"


def test_users_that_get_nothing_are_no_working_server() -> None:
    starved = load(second([1.0] * 50), second([1.0] * 50), answered=(50, 50, 0, 0))
    found = cell(summarize_case(CASE, [record(starved)], 1))
    assert (found.status, "2 of 4 users got no answer" in found.seen) == ("degraded", True)


def test_what_is_left_out_says_why_for_other_machines() -> None:
    why = "it is not installed: /some/venv/bin/python -m pip install -c /some/where/constraints.txt server"
    run = replace(plan(CASE), left_out=(LeftOut(server="server", scenario="hello", why=why),))
    found = matrix(summarize("r", run, []), {}).cases["server"]["hello"]
    assert found.seen == "it is not installed: python -m pip install -c constraints.txt server"


def test_what_does_not_start_says_why() -> None:
    broken: Record = replace(
        record(None), server=None, host=None, breakdown=Breakdown(stage="start", message="it exited", hint="h")
    )
    assert cell(summarize_case(CASE, [broken], 1)).seen == "it exited"


@pytest.mark.parametrize("stage", ["load", "backend"])
def test_what_broke_around_a_server_is_no_failure_of_its(stage: Literal["load", "backend"]) -> None:
    broken = replace(record(None), breakdown=Breakdown(stage=stage, message="it did not start", hint="h"))
    assert cell(summarize_case(CASE, [broken], 1)) == Cell(status="not tried", seen="it did not start")


def test_what_was_left_out_is_in_the_matrix_with_its_reason() -> None:
    left_out = (
        LeftOut(server="waitress", scenario="ws-echo", why="no websocket"),
        LeftOut(server="", scenario="tasks", why="django 6.0 is missing"),
    )
    made = replace(plan(CASE), left_out=left_out)
    one = summarize("r", made, [record(load(second([1.0] * 50), second([1.0] * 50)))])
    found = matrix(one, {"uvicorn": {}, "waitress": {}})
    assert found.cases["uvicorn"]["hello/sync"].status == "works"
    assert found.cases["waitress"]["ws-echo"] == Cell(status="fails", seen="no websocket")
    assert found.cases["uvicorn"]["tasks"] == Cell(status="not tried", seen="django 6.0 is missing")
    assert found.servers == ("uvicorn", "waitress")
