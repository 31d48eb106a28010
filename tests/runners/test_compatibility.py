"""What real servers speak, as probes see it."""

from dataclasses import replace
from pathlib import Path

import pytest

from results.matrix import FEATURES
from results.plan import Budget
from runners import compatibility, host
from runners.app import BENCH_APP, Environment
from runners.servers import availability, discover

ENVIRONMENT = Environment.of(BENCH_APP)
BUDGET = Budget(workers=1, threads=2, connections=100, server_cpus=host.usable_cpus())
EXPECTED = {
    "uvicorn": {"keep-alive", "chunked", "websocket", "lifespan"},
    "hypercorn": {"keep-alive", "chunked", "websocket", "lifespan", "http/2", "http/2 clear text"},
    "gunicorn-sync": set(),
    "waitress": {"keep-alive", "chunked"},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_server_speaks_what_it_is_known_to(name: str, tmp_path: Path) -> None:
    server = discover()[name]
    found = availability([server], ENVIRONMENT)[name]
    if not found.available:
        pytest.skip(f"{', '.join(found.missing)} is not installed; install it with: {found.install}")
    cells = compatibility.features(server, ENVIRONMENT, BUDGET, tmp_path)
    assert set(cells) == set(FEATURES)
    assert {feature for feature, cell in cells.items() if cell.status == "works"} == EXPECTED[name]
    assert all(cell.seen for cell in cells.values())
    for feature in ("keep-alive", "websocket"):
        assert (cells[feature].status == "works") == (feature in server.protocols)


def test_a_server_that_does_not_start_fails_in_every_cell(tmp_path: Path) -> None:
    broken = replace(discover()["uvicorn"], command=lambda _bind, _app, _budget: ["uvicorn", "no.such:app"])
    cells = compatibility.features(broken, ENVIRONMENT, BUDGET, tmp_path)
    assert {cell.status for cell in cells.values()} == {"fails"}
    assert "exited with code 1" in cells["keep-alive"].seen
