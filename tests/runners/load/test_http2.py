"""HTTP/2 against a server that speaks it in known ways, and the load process by it against real servers."""

import socket
import time
from pathlib import Path

import pytest

from runners import certificates
from runners.load.errors import ConnectTimeoutError, ExchangeError
from runners.load.http2 import Http2Connection, trust
from tests.conftest import BRIEF, CommandLine
from tests.http2_server import HUGE, LARGE, serving

FIELDS = {"Host": "127.0.0.1", "Accept": "*/*", "Connection": "close"}


def asked(connection: Http2Connection, body: bytes = b"") -> tuple[int, bytes]:
    status = connection.exchange(connection.prepared("POST" if body else "GET", "/", FIELDS, body))
    return status, connection.body


@pytest.mark.parametrize("secure", [False, True])
def test_requests_share_a_connection(tmp_path: Path, secure: bool) -> None:
    certificate = certificates.make(tmp_path) if secure else None
    trusted = trust(str(certificate.authority)) if certificate else None
    with serving("good", certificate) as server:
        connection = Http2Connection("127.0.0.1", server.port, 5, trusted=trusted)
        for _ in range(3):
            assert asked(connection) == (200, b"hello")
        assert (connection.opened, connection.answers, server.connections) == (1, 3, 1)
        connection.close()


@pytest.mark.parametrize("secure", [False, True])
def test_bodies_larger_than_the_window_go_both_ways(tmp_path: Path, secure: bool) -> None:
    certificate = certificates.make(tmp_path) if secure else None
    trusted = trust(str(certificate.authority)) if certificate else None
    with serving("large", certificate) as server:
        connection = Http2Connection("127.0.0.1", server.port, 5, trusted=trusted)
        for _ in range(2):
            assert asked(connection, LARGE) == (200, LARGE)
        assert server.bodies == [LARGE, LARGE]
        connection.close()


def test_what_the_kernel_does_not_take_at_once_is_sent_later() -> None:
    with serving("reads-late") as server:
        connection = Http2Connection("127.0.0.1", server.port, 10)
        assert asked(connection) == (200, b"hello")  # now it is known how much the server takes
        assert asked(connection, HUGE) == (200, b"hello")
        assert list(map(len, server.bodies)) == [0, len(HUGE)]
        connection.close()


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("resets", "stream reset"), ("not-http2", "not HTTP/2"), ("goes-away-first", None), ("closes", None)],
)
def test_what_goes_wrong_is_named(mode: str, kind: str | None) -> None:
    with serving(mode) as server:
        connection = Http2Connection("127.0.0.1", server.port, 5)
        for _ in range(2):
            with pytest.raises(ExchangeError if kind else ConnectionError) as caught:
                asked(connection)
            assert getattr(caught.value, "kind", None) == kind
        assert connection.answers == 0
        assert server.connections == 2


def test_a_field_of_the_answer_may_be_of_any_bytes() -> None:
    with serving("latin-1") as server:
        connection = Http2Connection("127.0.0.1", server.port, 5)
        assert asked(connection) == (200, b"hello")
        connection.close()


def test_shaking_hands_is_part_of_connecting(tmp_path: Path) -> None:
    trusted = trust(str(certificates.make(tmp_path).authority))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        connection = Http2Connection("127.0.0.1", port, 20, connect_timeout_s=0.2, trusted=trusted)
        began = time.monotonic()
        for _ in range(2):
            with pytest.raises(ConnectTimeoutError):
                asked(connection)
        assert 0.3 < time.monotonic() - began < 10


def test_an_answer_cut_short() -> None:
    with serving("stops-half-way") as server, pytest.raises(ConnectionError):
        asked(Http2Connection("127.0.0.1", server.port, 5))


@pytest.mark.parametrize("mode", ["goes-away-before", "goes-away-after"])
def test_a_server_that_says_goodbye_is_asked_over_a_new_connection(mode: str) -> None:
    with serving(mode) as server:
        connection = Http2Connection("127.0.0.1", server.port, 5)
        for _ in range(3):
            assert asked(connection) == (200, b"hello")
        assert (connection.opened, connection.answers) == (3, 3)
        connection.close()


def test_an_answer_before_the_whole_request_counts_though_the_rest_is_not_wanted() -> None:
    with serving("answers-early") as server:
        connection = Http2Connection("127.0.0.1", server.port, 5)
        for _ in range(2):
            assert asked(connection, HUGE) == (200, b"hello")
        assert (connection.opened, connection.answers) == (2, 2)
        connection.close()


def test_a_status_is_a_status() -> None:
    with serving("busy") as server:
        connection = Http2Connection("127.0.0.1", server.port, 5)
        assert asked(connection) == (503, b"hello")
        connection.close()


def test_tls_without_http2_is_refused(tmp_path: Path) -> None:
    certificate = certificates.make(tmp_path)
    with serving("good", certificate, protocols=("http/1.1",)) as server:
        connection = Http2Connection("127.0.0.1", server.port, 5, trusted=trust(str(certificate.authority)))
        with pytest.raises((ExchangeError, OSError)):
            asked(connection)


@pytest.mark.long
@pytest.mark.parametrize("http", ["h2c", "h2"])
def test_real_servers_are_loaded_by_http2(bench: CommandLine, http: str) -> None:
    servers = ("--server", "hypercorn", "--server", "granian-wsgi")
    scenarios = ("--scenario", "hello", "--scenario", "upload", "--variant", "sync")
    done = bench.measure(*servers, *scenarios, "--http", http, "--users", "4", *BRIEF)
    assert done.code == 0, done.err
    for case in (
        "hypercorn/hello/sync",
        "granian-wsgi/hello/sync",
        "hypercorn/upload/sync",
        "granian-wsgi/upload/sync",
    ):
        assert not done.codes(case)
        assert done.case(case)["profile"]["http"] == http
    assert done.record("hypercorn-hello-sync-1")["load"]["connections_opened"] == 4
    refused = bench.run("--server", "uvicorn", "--scenario", "hello", "--http", http)
    assert refused.code == 2
    assert "server uvicorn cannot serve scenario hello: it does not speak HTTP/2" in refused.err
