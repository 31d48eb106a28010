"""The contract that every scenario file keeps. That its answers are checked: tests/test_bench.py measures each."""

from pathlib import Path

import pytest

from results.errors import BenchError
from results.plan import Parameters
from runners import backends, scenarios
from runners.scenarios import Needs
from tests.conftest import ROOT

NAMES = sorted(scenarios.discover())
NO_SUCH_VALUE = {
    "summary": "s",
    "paths": {"sync": "/"},
    "users": 1,
    "parameters": {"n": ["a"]},
    "where": {"n=b": {"backends": ["redis"]}},
}
MORE_THAN_MOST = {"summary": "s", "paths": {"sync": "/"}, "users": 1, "parameters": {"n": 2}, "most": {"n": 1}}


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_is_one_locustfile_and_one_views_file_or_consumers(name: str) -> None:
    found = scenarios.discover()[name]
    assert found.locustfile == ROOT / "scenarios" / f"{name.replace('-', '_')}.py"
    by_websocket = "websocket" in found.scenario.protocols
    assert (ROOT / "bench_app" / "views" / found.locustfile.name).is_file() != by_websocket
    assert len(found.locustfile.read_text().splitlines()) <= 60
    assert set(found.scenario.paths) == {"sync", "async"}
    for variant, path in (found.scenario.paths | found.scenario.more_paths).items():
        assert path.startswith(f"/{name}/{variant}")
        assert not by_websocket or f'path("{path[1:]}' in (ROOT / "bench_app" / "consumers.py").read_text()
    needed = {kind for needs in found.scenario.where.values() for kind in needs.backends}
    assert needed | set(found.scenario.backends) <= {backend.kind for backend in backends.discover().values()}
    assert 0 < len(found.scenario.summary) <= 100


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = 1", "has no SCENARIO"),
        ("SCENARIO = {", "does not parse"),
        ("SCENARIO = {'summary': 's', 'users': 1}", "paths"),
        ("SCENARIO = {'summary': 's', 'paths': {'both': '/'}, 'users': 1}", "not as it should be"),
        ("SCENARIO = {'summary': 's', 'paths': {}, 'users': '32'}", "users"),
        ("SCENARIO = make()", "not as it should be"),
        ("SCENARIO = {'summary': 's', 'paths': {'sync': '/?n={n}'}, 'users': 1}", "'n'"),
        ("SCENARIO = {'summary': 's', 'paths': {'sync': '/'}, 'users': 1, 'parameters': {'n': []}}", "no value"),
        ("SCENARIO = {'summary': 's', 'paths': {'sync': '/'}, 'users': 1, 'environment': {'A': '{n}'}}", "'n'"),
        ("SCENARIO = {'summary': 's', 'paths': {}, 'users': 1}", "at least one variant"),
        ("SCENARIO = {'summary': 's', 'paths': {'sync': '/'}, 'users': 1, 'requires': ['a>1']}", "NAME>=VERSION"),
        ("SCENARIO = {'summary': 's', 'paths': {'sync': '/'}, 'users': 1, 'where': {'n=1': {}}}", "'n'"),
        (f"SCENARIO = {NO_SUCH_VALUE}", "no value that n may have"),
        ("SCENARIO = {'summary': 's', 'paths': {'sync': '/'}, 'users': 1, 'most': {'n': 1}}", "'n'"),
        (f"SCENARIO = {MORE_THAN_MOST}", "by default more than 1"),
    ],
)
def test_an_unsound_scenario_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "odd.py").write_text(content)
    with pytest.raises(BenchError, match=message) as caught:
        scenarios.discover(tmp_path)
    assert "odd.py" in str(caught.value)


def test_what_is_needed_depends_on_what_is_asked() -> None:
    broadcast = scenarios.discover()["ws-broadcast"].scenario
    memory: Parameters = {"layer": "memory", "sockets": 10}
    redis: Parameters = {"layer": "redis", "sockets": 10}
    assert broadcast.needs([memory]) == Needs(requires=("channels",))
    both = Needs(backends=("redis",), requires=("channels", "channels-redis"))
    assert broadcast.needs([redis]) == broadcast.needs([memory, redis]) == both
