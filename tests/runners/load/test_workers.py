"""Load by several processes: what they send together is what the server has read, and who fails is named."""

import contextlib
import re
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from results.plan import Profile
from results.record import Load
from results.rules import answers
from runners import host
from runners.process import ManagedProcess
from tests.conftest import ROOT
from tests.counting_server import CountingServer
from tests.results.factory import CASE, record
from tests.runners.load.load_process import SHORT, job, joined, nothing, run, workers_of

RATE_RPS = 200.0
OPEN = replace(SHORT, kind="open", rate_rps=RATE_RPS, arrivals="uniform", users=8)
PROFILES = {
    "closed, 2": replace(SHORT, users=8, load_processes=2),
    "closed, 4, one without a user": replace(SHORT, users=3, load_processes=4),
    "open, 2": replace(OPEN, load_processes=2),
    "open, 4": replace(OPEN, arrivals="poisson", load_processes=4),
}
PATIENCE_S = 10.0
REFUSED = 3
STARTING_S = 0.4
# A boot of its own, and a monotonic clock that is an hour ahead.
OTHER_CLOCK = ("unshare", "--mount", "--time", "--fork", "--kill-child", "--monotonic", "3600")
OTHER_BOOT = ("sh", "-c", 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"')
# Waits less for those that do not come.
IMPATIENT = """
import locust
import os, sys
from pathlib import Path
import msgspec
from runners.load import repeat as program, master
from runners.load.job import Job
master.GATHER_TIMEOUT_S = 0.3
program.main(msgspec.json.decode(sys.argv[1], type=Job), Path(sys.argv[2]))
os._exit(0)
"""
# Gets no CPU until its whole window is over.
LATE = """
import os, sys, time
from pathlib import Path
import msgspec
from runners.load import repeat as program, session
from runners.load.job import Job
measure = session.Session.measure
session.Session.measure = lambda *arguments: (time.sleep(0.8), measure(*arguments))[1]
program.main(msgspec.json.decode(sys.argv[1], type=Job), Path(sys.argv[2]))
os._exit(0)
"""


def check_counts(load: Load, server: CountingServer, profile: Profile) -> None:
    parts = load.processes
    assert len(parts) == profile.load_processes + profile.load_workers
    assert load.requests_issued == sum(part.requests_issued for part in parts) == len(server.asked) > 50
    assert load.answers_read == sum(part.answers_read for part in parts) == len(server.asked)
    assert load.connections_opened == server.connections
    assert sum(part.users for part in parts) == profile.users
    assert max(part.users for part in parts) - min(part.users for part in parts) <= 1
    assert len(load.answered_per_user) == len(load.longest_wait_us) == profile.users
    assert list(load.endpoints) == ["/hello/sync"]
    assert not load.failures
    assert not [*answers.reconciled(record(load, case=replace(CASE, profile=profile)))]
    if profile.arrivals == "uniform":
        planned = round((profile.warmup_s + profile.duration_s) * RATE_RPS)
        assert [part.requests_issued for part in parts] == [planned / len(parts)] * len(parts)


@pytest.mark.parametrize("name", PROFILES)
def test_their_counts_add_up_to_the_servers_own(tmp_path: Path, name: str) -> None:
    with CountingServer() as server:
        ended = run(job(server, PROFILES[name]), tmp_path)
    check_counts(ended.load, server, PROFILES[name])


@pytest.mark.parametrize("timeout_s", [5.0, 0.1])
def test_one_that_gets_no_cpu_until_its_window_is_over_owes_all_its_requests(tmp_path: Path, timeout_s: float) -> None:
    with CountingServer() as server:
        ended = run(job(server, replace(OPEN, timeout_s=timeout_s)), tmp_path, program=("-c", LATE))
    load = ended.load
    planned = round((OPEN.warmup_s + OPEN.duration_s) * RATE_RPS)
    assert load.requests_issued == load.requests_settled == planned
    unfinished = sum(second.unfinished for second in load.endpoints["/hello/sync"])
    assert (unfinished == 0) == (timeout_s == 5.0)
    if not unfinished:
        check_counts(load, server, OPEN)


def test_one_that_is_killed_breaks_the_load(tmp_path: Path) -> None:
    def kill_one(process: ManagedProcess) -> None:
        while len(server.asked) < 50:
            time.sleep(0.01)
        workers_of(process.family())[0].kill()

    with CountingServer() as server:
        profile = replace(SHORT, users=4, duration_s=60, load_processes=2)
        ended = run(job(server, profile), tmp_path, meanwhile=kill_one)
    assert ended.code == 0
    assert ended.outcome is not None
    assert ended.outcome.load is None
    assert re.match("load process [12] ended with status -9 before its report", ended.outcome.problem)
    assert ended.outcome.hint


@pytest.mark.parametrize("own", [1, 0])
def test_what_a_worker_fails_by_is_told_at_once(tmp_path: Path, own: int) -> None:
    locustfile = tmp_path / "elsewhere.py"
    locustfile.write_text(
        f"import sys\nif sys.argv[0].endswith('worker.py'):\n    open('/no/such/file')\n"
        f"exec(open({str(ROOT / 'scenarios/hello.py')!r}).read())\n"
    )
    with CountingServer() as server, contextlib.ExitStack() as stack:
        profile = replace(SHORT, load_processes=own, load_workers=1)
        listen = f"{host.LOOPBACK}:{host.free_port()}"
        asked = replace(job(server, profile, locustfile), listen=listen)
        stack.enter_context(joined(asked, tmp_path / "worker.log"))
        ended = run(asked, tmp_path)
        assert ended.outcome is not None
        assert re.match(r"load process .+ failed: FileNotFoundError: .*/no/such/file", ended.outcome.problem)
    assert "Traceback" in (tmp_path / "worker.log").read_text() + ended.log


def test_one_too_few_is_waited_for_in_vain(tmp_path: Path) -> None:
    with CountingServer() as server:
        profile = replace(SHORT, load_processes=0, load_workers=1)
        ended = run(job(server, profile), tmp_path, program=("-c", IMPATIENT))
    assert ended.outcome is not None
    assert ended.outcome.problem.startswith("0 of 1 load processes had joined after 0.3 s")
    assert "load-worker --master" in ended.outcome.problem


@pytest.mark.parametrize("moment", ["before", "meanwhile"])
def test_one_that_comes_late_is_refused(tmp_path: Path, moment: str) -> None:
    def join(_: ManagedProcess) -> None:
        late.append(stack.enter_context(joined(asked, tmp_path / "late.log")))
        time.sleep(STARTING_S)

    late: list[ManagedProcess] = []
    with CountingServer() as server, contextlib.ExitStack() as stack:
        profile = replace(SHORT, duration_s=60, load_processes=0, load_workers=1)
        asked = replace(job(server, profile), listen=f"{host.LOOPBACK}:{host.free_port()}")
        first = stack.enter_context(joined(asked, tmp_path / "first.log"))
        ended = run(
            asked,
            tmp_path,
            before=join if moment == "before" else nothing,
            meanwhile=join if moment == "meanwhile" else nothing,
        )
        assert ended.outcome is not None
        assert ended.outcome.problem.endswith("came late: 1 had joined before")
        deadline = time.monotonic() + PATIENCE_S
        while (first.exit_status(), late[0].exit_status()) != (0, REFUSED) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (first.exit_status(), late[0].exit_status()) == (0, REFUSED)
    assert "came late" in (tmp_path / "late.log").read_text()


def test_one_with_another_clock_has_the_same_window(tmp_path: Path) -> None:
    boot = tmp_path / "boot"
    boot.write_text("another boot\n")
    within = (*OTHER_CLOCK, *OTHER_BOOT, str(boot))
    try:
        subprocess.run([*within, "true"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a clock of its own needs Linux 5.6, CAP_SYS_ADMIN and util-linux 2.36: {error}")
    with CountingServer("0.0.0.0") as server:  # which leads there too, and is not called loopback
        profile = replace(OPEN, load_processes=1, load_workers=1)
        asked = replace(job(server, profile), listen=f"{host.LOOPBACK}:{host.free_port()}")
        with joined(asked, tmp_path / "worker.log", within=within):
            load = run(asked, tmp_path).load
        elsewhere = replace(asked, host=host.LOOPBACK)
        with joined(elsewhere, tmp_path / "elsewhere.log", within=within):
            refused = run(elsewhere, tmp_path).outcome
    assert refused is not None
    assert "is on another machine, and 127.0.0.1 is that machine's own there" in refused.problem
    assert "--target" in refused.hint
    check_counts(load, server, profile)
    assert server.asked[-1].moment_s - server.asked[0].moment_s < profile.warmup_s + profile.duration_s + 0.3
