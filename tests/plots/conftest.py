"""Runs to be drawn."""

from dataclasses import replace

import pytest

from results.summary import RunSummary, summarize
from tests.results.factory import CASE, load, plan, record, second


@pytest.fixture(scope="module")
def many() -> RunSummary:
    """Of as many servers as there are, with both variants."""
    cases = [replace(CASE, server=f"server-number-{n}", variant=kind) for n in range(16) for kind in ("sync", "async")]
    made = load(second([2.0] * 50), second([3.0] * 50))
    return summarize("many", plan(*cases), [replace(record(made), case=case) for case in cases])


@pytest.fixture(scope="module")
def few() -> RunSummary:
    """Two servers with both variants, each measured twice."""
    cases = [
        replace(CASE, server=server, variant=kind) for server in ("daphne", "uvicorn") for kind in ("sync", "async")
    ]
    made = load(second([2.0] * 50), second([3.0] * 50))
    records = [record(made, case=case, repeat=repeat) for case in cases for repeat in (1, 2)]
    return summarize("few", plan(*cases, repeats=2), records)
