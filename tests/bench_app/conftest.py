"""What the views call beside a database, which tests/bench_app/test_views.py makes."""

import os
from collections.abc import Iterator

import pytest

from runners import host
from runners.app import BENCH_APP, Environment
from runners.backends import Place
from runners.backends.upstream import Upstreams


@pytest.fixture(scope="session", autouse=True)
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an upstream, which the app has been told."""
    folder = tmp_path_factory.mktemp("upstream")
    place = Place(environment=Environment.of(BENCH_APP), cpus=host.usable_cpus(), folder=folder)
    with Upstreams(place).lend({}, folder / "log") as lent:
        os.environ |= lent.variables
        yield lent.variables["BENCH_UPSTREAM_URL"]
