"""WebSocket users in a real load process, against a server with exactly known faults."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from results.merging import seconds
from results.plan import Profile
from results.record import Load
from results.rules.answers import reconciled
from runners import host
from runners.load.job import Job
from tests.results import factory
from tests.runners.load import by_hand
from tests.runners.load.load_process import run
from tests.websocket_server import WebSocketServer

USERS, SOCKETS = 2, 4
PROFILE = Profile(users=USERS, warmup_s=0.1, duration_s=0.6, timeout_s=10, connect_timeout_s=10)
IMPATIENT = replace(PROFILE, timeout_s=0.4, connect_timeout_s=0.3)
"""For what never comes; a machine that stands still for so long would show other faults as this one."""
LOCUSTFILE = """
import itertools
from locust import task
from runners.load.websocket_user import WebSocketUser

class Speaker(WebSocketUser):
    def socket_path(self):
        return "/MODE"

    def on_start(self):
        self.numbers = itertools.count(100)

    @task
    def speak(self):
        text = f"number {next(self.numbers)}"
        self.send(text, expect=text)
"""
ROOM = """
import secrets
from locust import task
from runners.load.websocket_user import WebSocketUser

SCENARIO = {"paths": {"sync": "/MODE"}, "parameters": {"sockets": SOCKETS}}

class Room(WebSocketUser):
    scenario = SCENARIO

    def socket_path(self):
        return f"{self.path}/{secrets.token_hex(4)}"

    @task
    def speak(self):
        self.broadcast("hello", wait_s=WAIT_S)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[WebSocketServer]:
    with WebSocketServer() as running:
        yield running


def measure(server: WebSocketServer, mode: str, folder: Path, profile: Profile = PROFILE) -> Load:
    """The load of a server in a mode; its figures add up, whatever the mode."""
    locustfile = folder / "speaker.py"
    in_room = mode.startswith("room")
    source = (ROOM if in_room else LOCUSTFILE).replace("MODE", mode).replace("SOCKETS", str(SOCKETS), 1)
    # Briefly only for what never comes in time.
    source = source.replace("WAIT_S", "0.2" if mode in ("room-loses", "room-late") else "10")
    locustfile.write_text(source)
    parameters: dict[str, int | str] = {"sockets": SOCKETS} if in_room else {}
    job = Job(
        locustfile=str(locustfile), variant="sync", parameters=parameters, host=server.address, port=server.port,
        profile=profile, cpus=host.usable_cpus(),
    )  # fmt: skip
    ended = run(job, folder)
    assert ended.code == 0, ended.log
    record = factory.record(ended.load, case=replace(factory.CASE, profile=profile))
    assert [reason.text for reason in reconciled(record)] == []
    return ended.load


def good(load: Load) -> int:
    return sum(second.good for second in seconds(load))


@pytest.mark.parametrize("mode", ["echoes", "fragments"])
def test_good_answers(server: WebSocketServer, mode: str, tmp_path: Path) -> None:
    load = measure(server, mode, tmp_path)
    assert load.failures == {}
    assert load.requests_issued == load.requests_good == load.answers_read == server.messages[mode] > 20
    assert load.connections_opened == server.connections[mode] == USERS
    assert list(load.endpoints) == [f"WS /{mode}"]
    assert min(load.answered_per_user) > 10


def test_pings_are_answered(server: WebSocketServer, tmp_path: Path) -> None:
    load = measure(server, "pings", tmp_path)
    assert load.failures == {}
    assert server.pongs == load.requests_good == load.requests_issued > 20


@pytest.mark.parametrize(
    ("mode", "kind", "answered"),
    [
        ("refuses", "status 404", True),
        ("stalls", "connect timeout", False),
        ("drops", "closed early", False),
        ("mails", "not HTTP", False),
        ("never-answers", "timeout", False),
        ("wrong", "wrong message", True),
        ("other-type", "wrong message", True),
        ("closes", "closed 1011", False),
        ("cuts", "closed early", False),
        ("cuts-in-two", "closed early", False),
        ("breaks-rules", "not WebSocket", False),
        ("not-text", "not WebSocket", False),
        ("twice-at-once", "unasked message", True),
    ],
)
def test_each_fault_is_a_failure_of_its_kind(
    server: WebSocketServer, mode: str, kind: str, answered: bool, tmp_path: Path
) -> None:
    load = measure(server, mode, tmp_path, IMPATIENT if kind.endswith("timeout") else PROFILE)
    assert set(load.failures) == {kind}
    assert good(load) == 0
    assert (load.answers_read > 0) == answered
    assert load.failure_examples[kind].startswith(f"/{mode}: ")
    # Each was asked once, over a connection of its own.
    if mode not in ("refuses", "stalls", "drops", "mails"):
        assert server.messages[mode] == load.requests_issued
    assert load.connections_opened == load.requests_issued


def test_a_refusal_says_what_the_server_said(server: WebSocketServer, tmp_path: Path) -> None:
    load = measure(server, "refuses", tmp_path)
    assert load.failure_examples["status 404"] == "/refuses: 404 no such room"


def test_a_second_answer_is_never_taken_for_the_next(server: WebSocketServer, tmp_path: Path) -> None:
    load = measure(server, "twice", tmp_path)
    assert set(load.failures) <= {"unasked message", "wrong message"}
    assert sum(load.failures.values()) >= good(load) - USERS


def test_an_answer_counts_though_the_connection_ends_with_it(server: WebSocketServer, tmp_path: Path) -> None:
    load = measure(server, "closes-later", tmp_path)
    assert set(load.failures) == {"closed 1001"}
    assert load.requests_good is not None
    lost = load.requests_issued - load.requests_good
    # Each connection has three good answers; the last ones need not have come to that.
    assert 3 * lost <= load.requests_good <= 3 * (lost + USERS)
    assert load.connections_opened == server.connections["closes-later"] >= lost


def test_nobody_listens(server: WebSocketServer, tmp_path: Path) -> None:
    class Nobody:
        address, port = "127.0.0.1", host.free_port()

    load = measure(Nobody(), "nobody", tmp_path)  # type: ignore[arg-type]
    assert set(load.failures) == {"refused"}
    assert load.connections_opened == 0


def test_an_open_profile_counts_from_the_intended_start(server: WebSocketServer, tmp_path: Path) -> None:
    shape = replace(PROFILE, kind="open", rate_rps=50.0, arrivals="uniform", users=4)
    load = measure(server, "opened", tmp_path, shape)
    assert load.failures == {}
    assert load.requests_issued == pytest.approx(35, abs=2)
    assert all(second.service_time is not None for second in seconds(load))


def test_without_keep_alive_each_message_has_a_connection_of_its_own(server: WebSocketServer, tmp_path: Path) -> None:
    load = measure(server, "anew", tmp_path, replace(PROFILE, keep_alive=False))
    assert load.failures == {}
    assert load.connections_opened == server.connections["anew"] == server.messages["anew"] == load.requests_issued


def test_a_broadcast_is_over_when_all_have_it(server: WebSocketServer, tmp_path: Path) -> None:
    load = measure(server, "room", tmp_path)
    assert load.failures == {}
    assert load.requests_issued == load.requests_good == server.messages["room"] > 10
    assert load.connections_opened == server.connections["room"] == USERS * SOCKETS
    assert list(load.endpoints) == ["WS /room"]


def test_what_is_lost_on_its_way_is_counted_and_nothing_is_connected_anew(
    server: WebSocketServer, tmp_path: Path
) -> None:
    load = measure(server, "room-loses", tmp_path)
    assert set(load.failures) == {"lost 2 of 4"}
    assert load.requests_issued == server.messages["room-loses"] == load.answers_read
    assert server.connections["room-loses"] == load.connections_opened == USERS * SOCKETS
    assert load.failure_examples["lost 2 of 4"].endswith("lost 2 of 4 within 0.2 s")


def test_what_comes_late_is_not_taken_for_another(server: WebSocketServer, tmp_path: Path) -> None:
    load = measure(server, "room-late", tmp_path, replace(PROFILE, duration_s=1.2))
    assert set(load.failures) == {"lost 1 of 4"}
    assert load.requests_good == 0


@pytest.mark.parametrize(("mode", "kinds"), [
    ("room-wrong", {"wrong message"}),
    ("room-twice", {"delivered twice", "wrong message"}),
])  # fmt: skip
def test_a_wrong_broadcast_is_a_failure(server: WebSocketServer, mode: str, kinds: set[str], tmp_path: Path) -> None:
    load = measure(server, mode, tmp_path)
    assert set(load.failures) <= kinds
    assert load.failures


def test_by_hand_locust_counts_what_the_server_counts(server: WebSocketServer) -> None:
    what = ("-f", "scenarios/ws_echo.py", "--variant", "async", "--set", "bytes=200")
    _, endpoints = by_hand.run(*what, "--host", f"http://{server.address}:{server.port}", users=2, least=10)
    assert set(endpoints) == {("WS", "/ws-echo/async")}
    found = endpoints["WS", "/ws-echo/async"]
    assert found["num_failures"] == 0
    assert server.messages["ws-echo"] - 2 <= found["num_requests"] <= server.messages["ws-echo"]
    assert found["total_content_length"] == 200 * found["num_requests"]
    assert found["min_response_time"] >= 2
