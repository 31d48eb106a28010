"""The machine: which CPUs there are, who gets which, ports, and what is written down about it."""

import os
import platform
import random
import resource
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from results.errors import BenchError, ExitCode
from results.record import Machine

LOOPBACK = "127.0.0.1"
# Below Linux's usual ephemeral range, so that the load's own connections cannot be sitting on the port.
PORTS = range(20_000, 32_000)
CGROUPS = Path("/sys/fs/cgroup")
SYSTEM_CPU = Path("/sys/devices/system/cpu")


def cache() -> Path:
    """Where the bench keeps what it need not find out twice (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "django-deployment-bench"


def usable_cpus() -> tuple[int, ...]:
    """The CPUs that this process may use, in order."""
    return tuple(sorted(os.sched_getaffinity(0)))


def parse_cpus(text: str) -> tuple[int, ...]:
    """CPU numbers from a list such as `0,2-3`.

    Raises:
        BenchError: it is not such a list, or names a CPU that this process may not use.
    """
    cpus: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)) or len(part) > 20:
            raise BenchError(f"{text!r} is not a list of CPUs", hint="write it as 0,2-3")
        start, end = int(first), int(last or first)
        if end < start or end >= 100_000:
            raise BenchError(f"{text!r} is not a list of CPUs", hint="write it as 0,2-3")
        cpus.update(range(start, end + 1))
    lacking = sorted(cpus - set(usable_cpus()))
    if lacking:
        raise BenchError(
            f"this machine has no CPU {_span(lacking)} for the bench to use",
            hint=f"choose from {_span(usable_cpus())}",
        )
    return tuple(sorted(cpus))


def split_cpus(cpus: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Who gets which CPUs by default: (server, load).

    The load gets the last core, the server the first half of the others or at least one, so that no physical
    core is shared. With a single core its threads are shared out; with a single CPU both use it.
    """
    if len(cpus) == 1:
        return tuple(cpus), tuple(cpus)
    cores = _cores(cpus)
    if len(cores) == 1:
        return tuple(cpus[:1]), tuple(cpus[1:])
    server = cores[: max(1, len(cores) // 2)]
    return tuple(sorted(cpu for core in server for cpu in core)), cores[-1]


def apart(server_cpus: Sequence[int], load_cpus: Sequence[int]) -> bool:
    """Whether the server has a CPU that the load has not."""
    return not set(server_cpus) <= set(load_cpus)


def free_port() -> int:
    """A port on loopback that nobody listens on.

    Raises:
        BenchError: none was found.
    """
    for port in random.sample(PORTS, 200):
        if port_owner(port) is None and can_bind(port):
            return port
    raise BenchError("no free port on loopback", hint="see what listens with: ss -ltn", exit_code=ExitCode.NOT_MEASURED)


def port_owner(port: int) -> str | None:
    """Who listens on loopback's `port`: a process if it can be told, else "another program"; None if nobody."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        if probe.connect_ex((LOOPBACK, port)) != 0:
            return None
    for process in psutil.process_iter(["name"]):
        if listens(process, port):
            return f"{process.info['name']} (process {process.pid})"
    return "another program"


def listens(process: psutil.Process, port: int) -> bool:
    """Whether `process` itself holds the listening socket of `port`."""
    try:
        connections = process.net_connections(kind="tcp")
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections)


def allow_descriptors(wanted: int) -> None:
    """See that children may open `wanted` files at least.

    The limit is not raised further than that: uWSGI sizes tables by it, which would count as its memory.

    Raises:
        BenchError: so many are not allowed.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted, hard if hard == resource.RLIM_INFINITY else max(wanted, hard))
        )
    except (ValueError, OSError) as error:  # only root may raise the hard limit
        raise BenchError(
            f"{wanted:,} open files are needed and {hard:,} are allowed", hint="use fewer --users or raise ulimit -Hn"
        ) from error


@dataclass(frozen=True, kw_only=True)
class CpuTimes:
    """What some CPUs did since the machine started: ran processes, or were given to others by the hypervisor."""

    busy_s: float
    stolen_s: float


def cpu_times(cpus: Sequence[int]) -> CpuTimes:
    """The sums over `cpus`, exact to the kernel's tick; interrupts are nobody's and left out (proc_stat(5))."""
    names = {f"cpu{cpu}" for cpu in cpus}
    busy, stolen = 0, 0
    for line in _read(Path("/proc/stat")).splitlines():
        name, *ticks = line.split()
        if name in names:
            user, nice, system, *_, steal = map(int, ticks[:8])
            busy, stolen = busy + user + nice + system, stolen + steal
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    return CpuTimes(busy_s=busy * tick_s, stolen_s=stolen * tick_s)


def throttled_s() -> float | None:
    """How long this process's control group has been stopped for having used up its CPU quota; None without one.

    Both versions of control groups, see the kernel's Documentation/admin-guide/cgroup-v2.rst, cpu.stat.
    """
    for line in _read(Path("/proc/self/cgroup")).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            figures = _figures(CGROUPS / path.lstrip("/") / "cpu.stat")
            if "throttled_usec" in figures:
                return figures["throttled_usec"] / 1e6
        elif "cpu" in controllers.split(","):
            figures = _figures(CGROUPS / controllers / path.lstrip("/") / "cpu.stat")
            if "throttled_time" in figures:
                return figures["throttled_time"] / 1e9
    return None


def machine() -> Machine:
    """What a record says of this machine."""
    return Machine(
        cpu_model=_cpu_model(),
        cpus_online=os.cpu_count() or 1,
        cpus_usable=usable_cpus(),
        memory_bytes=psutil.virtual_memory().total,
        kernel=f"{platform.system()} {platform.release()}",
        virtualization="virtual machine" if " hypervisor " in _first_line("flags") + " " else "none seen",
        cores=tuple(_cores(usable_cpus())),
        governor=_read(SYSTEM_CPU / "cpu0" / "cpufreq" / "scaling_governor") or "unknown",
    )


def _cores(cpus: Sequence[int]) -> list[tuple[int, ...]]:
    """`cpus` grouped by physical core."""
    groups: dict[str, list[int]] = {}
    for cpu in cpus:
        siblings = _read(SYSTEM_CPU / f"cpu{cpu}" / "topology" / "thread_siblings_list") or str(cpu)
        groups.setdefault(siblings, []).append(cpu)
    return [tuple(group) for group in groups.values()]


def can_bind(port: int) -> bool:
    """Whether this user may bind to loopback's `port`, which nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _span(cpus: Sequence[int]) -> str:
    shown = ", ".join(map(str, cpus[:8]))
    return f"{shown}, ..." if len(cpus) > 8 else shown


def _cpu_model() -> str:
    return _first_line("model name").strip() or platform.processor() or platform.machine()


def _first_line(key: str) -> str:
    """The first value of `key` in /proc/cpuinfo, with a space before it; empty where there is none."""
    for line in _read(Path("/proc/cpuinfo")).splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value
    return ""


def _figures(path: Path) -> dict[str, int]:
    """A file of lines such as `name 123`."""
    pairs = (line.split() for line in _read(path).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
