import socket

import pytest

from results.errors import BenchError
from runners import host


@pytest.mark.parametrize(
    "text", ["", "a", "0,", "1-0", "-1", "0-", "0;1", "0.5", "99999999999999999999999", "0-999999"]
)
def test_what_is_not_a_list_of_cpus(text: str) -> None:
    with pytest.raises(BenchError, match="not a list of CPUs"):
        host.parse_cpus(text)


def test_cpus_that_the_machine_lacks() -> None:
    with pytest.raises(BenchError, match="no CPU 4096"):
        host.parse_cpus("4096")


def test_a_list_of_cpus() -> None:
    first = host.usable_cpus()[0]
    assert host.parse_cpus(f"{first},{first}-{first}") == (first,)


def test_cpus_are_split_without_sharing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert host.split_cpus((3,)) == ((3,), (3,))
    monkeypatch.setattr(host, "_cores", lambda cpus: [(cpu,) for cpu in cpus])
    assert host.split_cpus((0, 1)) == ((0,), (1,))
    assert host.split_cpus((0, 1, 2, 3)) == ((0, 1), (3,))
    monkeypatch.setattr(host, "_cores", lambda cpus: [tuple(cpus)])
    assert host.split_cpus((0, 1)) == ((0,), (1,))
    monkeypatch.setattr(host, "_cores", lambda cpus: [cpus[i : i + 2] for i in range(0, len(cpus), 2)])
    assert host.split_cpus((0, 4, 1, 5)) == ((0, 4), (1, 5))


def test_a_server_is_apart_from_its_load_where_it_has_a_cpu_of_its_own() -> None:
    assert host.apart((0,), (1,))
    assert host.apart((0, 1), (1,))
    assert not host.apart((0,), (0,))
    assert not host.apart((0,), (0, 1))


def test_a_free_port_can_be_bound() -> None:
    with socket.create_server((host.LOOPBACK, host.free_port())) as listener:
        port = listener.getsockname()[1]
        owner = host.port_owner(port)
        assert owner is not None
        assert "python" in owner or "pytest" in owner
    assert host.port_owner(port) is None


def test_the_machine_is_described() -> None:
    machine = host.machine()
    assert machine.cpus_online >= 1
    assert machine.memory_bytes > 2**28
    assert machine.kernel.startswith("Linux")
