"""A server is waited for until it answers, however long that takes it, and no longer than it is given."""

import sys
import time
from pathlib import Path

import pytest

from results.plan import Budget
from runners import host
from runners.deployment import BrokenRepeatError, Deployment
from tests.fake_server import MUCH_WORK_S
from tests.fakes import PROGRAM


def much_work(folder: Path, start_timeout_s: float) -> Deployment:
    """A server that takes long for each answer."""
    port = host.free_port()
    return Deployment(
        name="fake-much-work",
        argv=[sys.executable, str(PROGRAM), f"{host.LOOPBACK}:{port}", "much-work"],
        port=port,
        directory=folder,
        variables={},
        budget=Budget(workers=1, threads=1, connections=10, server_cpus=host.usable_cpus()),
        probe_path="/",
        start_timeout_s=start_timeout_s,
        log=folder / "log",
    )


@pytest.mark.long
def test_an_answer_may_take_as_long_as_a_start(tmp_path: Path) -> None:
    deployment = much_work(tmp_path, start_timeout_s=15)
    with deployment.start() as process:
        start_s = deployment.wait_until_up(process, time.monotonic())
        assert process.exit_status() is None
    assert start_s >= MUCH_WORK_S, "nothing that answers sooner was asked"


def test_a_start_takes_no_longer_than_it_may(tmp_path: Path) -> None:
    deployment = much_work(tmp_path, start_timeout_s=1)
    with deployment.start() as process:
        began = time.monotonic()
        with pytest.raises(BrokenRepeatError, match="listens but did not answer within 1 s of its start"):
            deployment.wait_until_up(process, began)
        assert time.monotonic() - began < 2
