"""Twins are twins, and parameters are bounded."""

import os

import django
import pytest
from django.test import Client

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench_app.settings")
django.setup()

from runners import scenarios  # noqa: E402

CLIENT = Client(SERVER_NAME="127.0.0.1")


@pytest.mark.parametrize("name", sorted(scenarios.discover()))
def test_twins_answer_the_same(name: str) -> None:
    paths = scenarios.discover()[name].scenario.paths
    answers = {variant: CLIENT.get(path) for variant, path in paths.items()}
    assert {answer.status_code for answer in answers.values()} == {200}
    assert answers["sync"].content == answers["async"].content
    assert dict(answers["sync"].items()) == dict(answers["async"].items())
    assert answers["sync"]["Content-Length"] == str(len(answers["sync"].content))


@pytest.mark.parametrize("variant", ["sync", "async"])
@pytest.mark.parametrize("query", ["ms=-1", "ms=abc", "ms=1e3", "ms=30001", "ms=9999999999999999999999", "ms=", "ms=²"])
def test_a_parameter_out_of_bounds_is_refused(variant: str, query: str) -> None:
    assert CLIENT.get(f"/sleep/{variant}?{query}").status_code == 400


@pytest.mark.parametrize("variant", ["sync", "async"])
def test_parameters_are_heeded(variant: str) -> None:
    assert CLIENT.get(f"/sleep/{variant}?ms=0").json() == {"slept_ms": 0}
    assert CLIENT.get(f"/cpu/{variant}?rounds=0").json() == {"rounds": 0, "checksum": 1}
    assert CLIENT.get(f"/cpu/{variant}?rounds=1").json() == {"rounds": 1, "checksum": 1_103_527_590}
