"""Twins are twins, and parameters are bounded."""

import gc
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import CoroutineType
from typing import Any

import django
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from results.errors import BenchError
from runners import choosing, scenarios
from runners.app import BENCH_APP, Environment
from runners.backends import databases
from runners.parameters import defaults
from runners.scenarios import Scenario
from tests.conftest import ROOT

FOLDER = tempfile.TemporaryDirectory(prefix="bench-")
os.environ |= databases.variables(databases.sqlite(Path(FOLDER.name) / "shop.sqlite3"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench_app.settings")
django.setup()
call_command("prepare")

CLIENT = Client(SERVER_NAME="127.0.0.1")
POSTED = ("orm-write",)
ALL = {name: found.scenario for name, found in scenarios.discover().items()}
# A worker's own tests are tests/test_offload.py; that a Django without tasks refuses them is in tests/test_tasks.py.
SCENARIOS = {
    name: scenario
    for name, scenario in ALL.items()
    if "celery" not in scenario.backends
    and "websocket" not in scenario.protocols
    and (name != "tasks" or django.VERSION >= (6, 0))
}
ENVIRONMENT = Environment.of(BENCH_APP)
WITH_DATABASE = [name for name, scenario in SCENARIOS.items() if "database" in scenario.backends]


def there(name: str) -> Scenario:
    """A scenario, or a skip that says what it lacks and what installs it."""
    try:
        (found,), _ = choosing.scenarios([name], ENVIRONMENT, "sqlite", {})
    except BenchError as error:
        pytest.skip(f"{error}; {error.hint}")
    return found.scenario


def ask(name: str, path: str) -> Any:
    return CLIENT.post(path) if name in POSTED else CLIENT.get(path)


def paths(scenario: Scenario) -> dict[str, str]:
    return {variant: scenario.path(variant, defaults(scenario.parameters)) for variant in scenario.paths}


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators")
@pytest.mark.parametrize("name", SCENARIOS)
def test_twins_answer_the_same(name: str) -> None:
    answers = {variant: ask(name, path) for variant, path in paths(there(name)).items()}
    assert {answer.status_code for answer in answers.values()} == {200}
    bodies = {variant: b"".join(answer) for variant, answer in answers.items()}
    assert bodies["sync"] == bodies["async"]
    assert dict(answers["sync"].items()) == dict(answers["async"].items())
    if not answers["sync"].streaming:
        assert answers["sync"]["Content-Length"] == str(len(bodies["sync"]))


@pytest.mark.parametrize("name", WITH_DATABASE)
def test_twins_issue_the_same_sql(name: str) -> None:
    seen: dict[str, list[str]] = {}
    for variant, path in paths(SCENARIOS[name]).items():
        with CaptureQueriesContext(connection) as queries:
            assert ask(name, path).status_code == 200
        seen[variant] = [shape(query["sql"]) for query in queries]
    assert seen["sync"] == seen["async"]
    assert seen["sync"]


def shape(sql: str) -> str:
    """A statement without the figures that rise from request to request, and without the moment."""
    return "".join("#" if letter.isdigit() else letter for letter in sql)


@pytest.mark.parametrize("query", ["row", "list", "related", "lazy"])
def test_a_lazy_foreign_key_is_an_error_in_an_async_view_only(query: str) -> None:
    first = CLIENT.get(f"/orm-read/sync?query={query}&id=77")
    client = Client(SERVER_NAME="127.0.0.1", raise_request_exception=False)
    second = client.get(f"/orm-read/async?query={query}&id=77")
    assert first.status_code == 200
    if query == "lazy":
        assert second.status_code == 500
        assert first.content == CLIENT.get("/orm-read/sync?query=related&id=77").content
    else:
        assert second.content == first.content


def test_how_many_queries_a_foreign_key_costs() -> None:
    counts = {}
    for query in ("row", "list", "related", "lazy"):
        with CaptureQueriesContext(connection) as queries:
            CLIENT.get(f"/orm-read/sync?query={query}&id=77")
        counts[query] = len(queries)
    assert counts == {"row": 1, "list": 1, "related": 1, "lazy": 21}


def test_a_serializer_shows_what_the_orm_read() -> None:
    with CaptureQueriesContext(connection) as queries:
        (plain, related), rest = (
            [CLIENT.get(f"/orm-read/sync?query={query}&id=77").json()["products"] for query in ("list", "related")],
            CLIENT.get("/rest/sync?id=77").json(),
        )
    assert rest == [one | other for one, other in zip(plain, related, strict=True)]
    assert len(rest) == 20
    assert queries[1]["sql"] == queries[2]["sql"]
    assert CLIENT.get("/rest/async-data?id=77").json() == rest


def test_an_async_function_under_api_view_is_an_error() -> None:
    with pytest.raises(AssertionError, match="to be returned from the view, but received a `<class 'coroutine'>`"):
        CLIENT.get("/rest/async-plain")
    for one in gc.get_objects():
        if type(one) is CoroutineType and one.__name__ == "never_awaited":
            one.close()  # or Python would warn of it, at some later test


def test_others_do_not_pay_for_what_one_scenario_needs() -> None:
    script = "import sys, bench_app.wsgi, bench_app.urls; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"adrf", "rest_framework"} & set(done.stdout.split())


def test_orders_are_counted_as_work() -> None:
    def done() -> int:
        return int(json.loads(CLIENT.get("/orm-write/work").content)["done"])

    before = done()
    for variant in ("sync", "async"):
        assert CLIENT.post(f"/orm-write/{variant}?id=5").json() == {"ordered": 5}
        assert CLIENT.get(f"/orm-write/{variant}?id=5").status_code == 405
    assert done() == before + 2


@pytest.mark.parametrize("variant", ["sync", "async"])
@pytest.mark.parametrize("query", ["ms=-1", "ms=abc", "ms=1e3", "ms=30001", "ms=9999999999999999999999", "ms=", "ms=²"])
def test_a_parameter_out_of_bounds_is_refused(variant: str, query: str) -> None:
    assert CLIENT.get(f"/sleep/{variant}?{query}").status_code == 400


@pytest.mark.parametrize(
    ("name", "parameter"),
    [(name, parameter) for name in sorted(set(SCENARIOS) - {"middleware"}) for parameter in SCENARIOS[name].most],
)
@override_settings(DEBUG=True)  # for answers that say why
def test_the_bench_lets_through_as_much_as_the_app_takes(name: str, parameter: str) -> None:
    scenario = SCENARIOS[name]
    most = scenario.most[parameter]
    for variant in scenario.paths:
        answer = CLIENT.get(scenario.path(variant, defaults(scenario.parameters) | {parameter: most + 1}))
        assert answer.status_code == 400
        assert f"{parameter} must be a whole number from 0 to {most}" in answer.content.decode()


@pytest.mark.parametrize("variant", ["sync", "async"])
def test_parameters_are_heeded(variant: str) -> None:
    assert CLIENT.get(f"/sleep/{variant}?ms=0").json() == {"slept_ms": 0}
    assert CLIENT.get(f"/cpu/{variant}?rounds=0").json() == {"rounds": 0, "checksum": 1}
    assert CLIENT.get(f"/cpu/{variant}?rounds=1").json() == {"rounds": 1, "checksum": 1_103_527_590}
