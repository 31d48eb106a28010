"""Every stack lets every request through, in whatever mode it is called, and all of it ran."""

import asyncio
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, Client, override_settings

from bench_app.middleware import HEADER, MAXIMUM_DEPTH, STACKS, stack
from runners import scenarios
from tests.bench_app import test_views  # noqa: F401  # it sets Django up
from tests.conftest import ROOT


@pytest.mark.parametrize("depth", [0, 1, 4, 5])
@pytest.mark.parametrize("kind", STACKS)
@pytest.mark.parametrize("variant", ["sync", "async"])
def test_all_of_a_stack_is_passed_on_the_way_in_and_out(variant: str, kind: str, depth: int) -> None:
    path = f"/middleware/{variant}"
    middleware = [*settings.MIDDLEWARE, *stack(f"{kind}:{depth}")]
    with override_settings(MIDDLEWARE=middleware, ALLOWED_HOSTS=["testserver"]):
        by_wsgi = Client().get(path)
        by_asgi = asyncio.run(AsyncClient().get(path))
    for answer in (by_wsgi, by_asgi):
        assert answer.content == b'{"passed": %d}' % depth
        assert answer.headers.get(HEADER, "0") == str(depth)
        assert answer["Content-Length"] == str(len(answer.content))


def test_a_stack_alternates() -> None:
    names = [path.rpartition(".")[2] for path in stack("alternating:3")]
    assert names == ["sync_only", "async_only", "sync_only"]
    assert stack("both:0") == []
    assert len(stack(f"sync:{MAXIMUM_DEPTH}")) == MAXIMUM_DEPTH
    assert scenarios.discover()["middleware"].scenario.most == {"depth": MAXIMUM_DEPTH}


@pytest.mark.parametrize(
    "given", ["", "both", "both:", ":4", "odd:4", "both:-1", "both:101", "both:1e2", "both:²", "both:4:4", "sync: 4"]
)
def test_what_is_no_stack_is_refused(given: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"BENCH_MIDDLEWARE=.*KIND:DEPTH"):
        stack(given)


def test_the_settings_take_it_from_the_environment() -> None:
    def middleware(given: str) -> subprocess.CompletedProcess[str]:
        script = "from bench_app.settings import MIDDLEWARE; print(*MIDDLEWARE)"
        return subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={"BENCH_MIDDLEWARE": given} if given else {},
            capture_output=True,
            text=True,
            check=False,
        )

    without, with_two, wrong = middleware(""), middleware("async:2"), middleware("async:many")
    assert with_two.stdout.split() == [*without.stdout.split(), *["bench_app.middleware.async_only"] * 2]
    assert "ImproperlyConfigured: BENCH_MIDDLEWARE='async:many'" in wrong.stderr
