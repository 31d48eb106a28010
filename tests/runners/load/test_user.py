"""What a scenario can ask with `BenchUser`, in a real load process, and what a server sees of it, to the unit."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from results.merging import seconds
from results.record import Load
from tests.counting_server import Asked, CountingServer
from tests.runners.load import by_hand
from tests.runners.load.load_process import SHORT, job, run

USERS = 3
# Each user waits until the window has begun, does this once, and then asks for nothing more.
LOCUSTFILE = """
import gevent
from locust import task
from runners.load.user import BenchUser

REFUSED = {refused!r}

class Visitor(BenchUser):
    @task
    def visit(self):
        gevent.sleep(0.2)
        self.ask()
        gevent.sleep(3600)

    def ask(self):
        for _ in range(10):
            assert self.get("/plain", expect=lambda body: b'"method": "GET"' in body)
        for number in range(4):
            assert self.get(f"/item/{{number}}", expect=None, name="/item/N")
        assert self.request("POST", "/form", None, body=b"a=1&b=2", headers={{"X-Trace": "42"}})
        assert self.request("PUT", "/status/201", None, status=201)
        assert not self.request("DELETE", "/status/404", None)
        assert not self.get("/plain", lambda body: False)
        assert not self.get("/plain", b"something else")
        assert self.get("/twice", None, name="at first")
        assert self.get("/twice", None, name="again")
        for number, (method, path, headers) in enumerate(REFUSED):
            try:
                self.request(method, path, None, headers=headers)
            except ValueError:
                self.get(f"/refused/{{number}}", None, name="refused")
"""
BREAKS_OFF = """
from locust import task
from runners.load.user import BenchUser

class Careless(BenchUser):
    @task
    def ask(self):
        self.request("HEAD", "/", None)
"""
REFUSED: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("HEAD", "/", {}),
    ("CONNECT", "/", {}),
    ("GET", "/one\r\nX-Injected: yes", {}),
    ("GET", "/one\nX-Injected: yes", {}),
    ("GET", "/one\rX-Injected: yes", {}),
    ("POST", "/", {"X-One": "1\r\nX-Injected: yes"}),
    ("POST", "/", {"X-One": "1\nX-Injected: yes"}),
    ("POST", "/", {"X-One": "1\rX-Injected: yes"}),
    ("POST", "/", {"X-One: 1\r\nX-Injected": "yes"}),
)


class Visit(NamedTuple):
    load: Load
    asked: list[Asked]
    connections: int


def visit(folder: Path, *, keep_alive: bool) -> Visit:
    locustfile = folder / "visitor.py"
    locustfile.write_text(LOCUSTFILE.format(refused=REFUSED))
    with CountingServer() as server:
        profile = replace(SHORT, users=USERS, warmup_s=0, duration_s=1.5, keep_alive=keep_alive)
        ended = run(job(server, profile, locustfile), folder)
    assert ended.code == 0, ended.log
    return Visit(ended.load, server.asked, server.connections)


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Visit:
    return visit(tmp_path_factory.mktemp("visited"), keep_alive=True)


def test_every_request_is_counted_once(visited: Visit) -> None:
    total = len(visited.asked)
    assert visited.load.requests_issued == visited.load.requests_settled == visited.load.answers_read == total
    assert sum(second.sent for second in seconds(visited.load)) == total
    assert visited.load.connections_opened == visited.connections == USERS


def test_requests_are_counted_by_endpoint(visited: Visit) -> None:
    found = {
        name: (sum(one.good for one in series), sum(one.failed for one in series))
        for name, series in visited.load.endpoints.items()
    }
    assert found["/plain"] == (10 * USERS, 2 * USERS)
    assert found["/item/N"] == (4 * USERS, 0)
    assert found["POST /form"] == found["PUT /status/201"] == (USERS, 0)
    assert found["DELETE /status/404"] == (0, USERS)
    assert visited.load.failures == {"wrong body": 2 * USERS, "status 404": USERS}
    assert visited.load.failure_examples["status 404"].startswith("/status/404: 404 {")


def test_one_path_may_count_for_several_endpoints(visited: Visit) -> None:
    counted = {name: sum(one.good for one in series) for name, series in visited.load.endpoints.items()}
    assert counted["at first"] == counted["again"] == USERS


def test_a_request_goes_out_with_its_method_headers_and_body(visited: Visit) -> None:
    (form, *_) = [one for one in visited.asked if one.path == "/form"]
    assert (form.method, form.headers["x-trace"], form.length) == ("POST", "42", 7)
    assert form.headers["host"].startswith("127.0.0.1:")
    (put, *_) = [one for one in visited.asked if one.path == "/status/201"]
    assert (put.method, put.headers["content-length"]) == ("PUT", "0")
    plain = visited.asked[0]
    assert (plain.method, plain.path, plain.length) == ("GET", "/plain", 0)
    assert not {"content-length", "connection"} & set(plain.headers)


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=[repr(one) for one in REFUSED])
def test_what_would_break_the_framing_is_refused(visited: Visit, number: int) -> None:
    assert [one.path for one in visited.asked].count(f"/refused/{number}") == USERS


def test_a_fault_in_a_scenario_ends_the_load_and_is_shown(tmp_path: Path) -> None:
    (tmp_path / "careless.py").write_text(BREAKS_OFF)
    with CountingServer() as server:
        ended = run(job(server, SHORT, tmp_path / "careless.py"), tmp_path)
    assert ended.code == 1
    assert ended.outcome is None
    assert "ValueError: method 'HEAD' is none of GET, POST" in ended.log
    assert not server.asked


def test_without_keep_alive_each_request_has_a_connection_of_its_own(tmp_path: Path) -> None:
    visited = visit(tmp_path, keep_alive=False)
    assert {one.headers["connection"] for one in visited.asked} == {"close"}
    assert visited.load.connections_opened == visited.connections == visited.load.requests_issued == len(visited.asked)


def test_by_hand_locust_counts_what_the_server_counts(tmp_path: Path) -> None:
    locustfile = tmp_path / "visitor.py"
    locustfile.write_text(LOCUSTFILE.format(refused=()))
    with CountingServer() as server:
        what = ("-f", str(locustfile), "--host", f"http://{server.address}:{server.port}")
        _, found = by_hand.run(*what, users=USERS, least=21 * USERS)
    assert sum(one["num_requests"] for one in found.values()) == len(server.asked) == 21 * USERS
    assert sum(one["num_failures"] for one in found.values()) == 3 * USERS
    assert found["GET", "/item/N"]["num_requests"] == 4 * USERS
    assert found["POST", "/form"]["num_requests"] == USERS
    assert all(one["total_content_length"] > 0 for one in found.values())
