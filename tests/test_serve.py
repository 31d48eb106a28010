"""`serve`: one deployment as a case has it, told where it is, until Ctrl-C."""

import re
import signal
from pathlib import Path

import httpx
import psutil

from runners import host
from tests.conftest import CommandLine
from tests.fakes import write
from tests.runners.test_process import alive, wait_for
from tests.serving import serving


def test_a_deployment_is_served_until_ctrl_c(bench: CommandLine) -> None:
    with serving(bench, "--server", "uvicorn") as served:
        assert served.argv[:2] == ["uvicorn", "bench_app.asgi:application"]
        port = int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)", served.address)[1])  # type: ignore[index]  # it matches
        assert str(port) in served.argv
        assert httpx.get(f"{served.address}/hello/async", trust_env=False).json() == {"message": "Hello, world!"}
        family = psutil.Process(served.process.pid).children(recursive=True)
        assert any("uvicorn" in " ".join(one.cmdline()) for one in family)
        served.process.send_signal(signal.SIGINT)
        shown, said = served.process.communicate(timeout=10)
    assert served.process.returncode == 0, said
    assert shown == "", "what is served is all that is said on standard output"
    log = re.findall(r"log in (\S+); Ctrl-C ends it", said)[0]
    assert said.endswith("bench: ended\n")
    assert wait_for(lambda: not any(alive(one) for one in family), seconds=2)
    assert host.port_owner(port) is None
    assert not Path(log).exists()


def test_a_deployment_that_does_not_come_up_shows_its_last_words(bench: CommandLine) -> None:
    write(bench.fakes, "dies-at-start")
    done = bench.run("serve", "--server", "fake-dies-at-start")
    assert done.code == 4
    assert done.out == ""
    assert "fake server: no license" in done.err
    assert "fake-dies-at-start exited with code 1 before it answered" in done.err


def test_a_deployment_that_ends_by_itself_is_not_silent(bench: CommandLine) -> None:
    """The third connection, 0.7 s after the second, is its end."""
    write(bench.fakes, "dies-midway")
    with serving(bench, "--server", "fake-dies-midway") as served:
        with httpx.Client(base_url=served.address, trust_env=False) as client:
            assert wait_for(lambda: not answers(client), seconds=10)
        _, said = served.process.communicate(timeout=10)
    assert served.process.returncode == 4
    assert "fake server: out of memory" in said
    assert "fake-dies-midway was ended by SIGKILL" in said


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 200
    except httpx.HTTPError:
        return False
