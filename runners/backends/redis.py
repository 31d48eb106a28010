"""Redis: a server of the bench's own on a private socket, or one that is running; keys with a prefix per repeat."""

import itertools
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from results.errors import BenchError
from runners.app import Environment
from runners.backends import Backend, Lent, Missing, Place, programs
from runners.process import ManagedProcess

URL_VARIABLE, PREFIX_VARIABLE = "BENCH_REDIS_URL", "BENCH_REDIS_PREFIX"
LEAST_VERSION = 5
"""What channels_redis asks for."""
PROGRAMS = ("redis-server", "valkey-server")
START_TIMEOUT_S = 20.0
TIMEOUT_S = 5.0
SCAN_COUNT = 1000
UNREACHABLE = (redis.RedisError, UnicodeError, TypeError)
"""What a client raises; the latter two of a URL with a host that is no name, and with a parameter that there is not."""


class Keys:
    """A server in which each repeat has keys that begin with its own prefix, which are deleted afterwards."""

    def __init__(self, place: Place) -> None:
        self._numbers, self._own = itertools.count(1), f"bench-{secrets.token_hex(4)}"
        self._process: ManagedProcess | None = None
        self.url = place.url
        if not place.url:
            self._process = self._start(place)
        self._client = _client(self.url)
        try:
            self._version = str(self._client.info("server")["redis_version"])
        except UNREACHABLE as error:
            self.close()
            raise _unreachable(error) from error

    def _start(self, place: Place) -> ManagedProcess:
        path = place.folder / "socket"
        self.url = f"unix://{path}"
        command = [str(_program()), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(place.folder)]
        process = ManagedProcess(
            command,
            directory=place.folder,
            environment=place.environment.inherited(),
            cpus=place.cpus,
            log_path=place.folder / "log",
        )
        programs.wait_until(self._answers, process, "redis", START_TIMEOUT_S, process.stop)
        return process

    def _answers(self) -> bool:
        client = _client(self.url)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    @contextmanager
    def lend(self, variables: Mapping[str, str], log: Path) -> Iterator[Lent]:
        prefix = f"{self._own}-{next(self._numbers)}:"
        own = int(self._client.client_id())
        try:
            yield Lent(
                version=self._version,
                variables={URL_VARIABLE: self.url, PREFIX_VARIABLE: prefix},
                settings={"persistence": "none" if self._process else "as it is"},
                process=self._process,
                connections=(lambda _family: self._count(own)) if self._process else None,
            )
        finally:
            with suppress(redis.RedisError):
                self._delete(prefix)

    def _count(self, own: int) -> int | None:
        """How many connections others have."""
        with suppress(redis.RedisError):
            return sum(int(one["id"]) != own for one in self._client.client_list())
        return None

    def _delete(self, prefix: str) -> None:
        keys = list(self._client.scan_iter(match=f"{prefix}*", count=SCAN_COUNT))
        for start in range(0, len(keys), SCAN_COUNT):
            self._client.unlink(*keys[start : start + SCAN_COUNT])

    def close(self) -> None:
        with suppress(AttributeError):
            self._client.close()
        if self._process is not None:
            self._process.stop()


def check(url: str) -> None:
    """See that a URL is one of Redis.

    Raises:
        BenchError: it is not.
    """
    try:
        _client(url).close()
    except (ValueError, redis.RedisError) as error:
        raise BenchError(
            "--redis-url is not the address of a Redis server", hint="write it as redis://USER:PASSWORD@HOST:PORT/0"
        ) from error


def reach(url: str) -> None:
    """See that the server at `url` lets the bench in.

    Raises:
        BenchError: it does not.
    """
    client = _client(url)
    try:
        client.ping()
    except UNREACHABLE as error:
        raise _unreachable(error) from error
    finally:
        client.close()


def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)


def _unreachable(error: Exception) -> BenchError:
    said = str(error).partition("\n")[0]
    return BenchError(
        f"Redis cannot be reached: {said}",
        hint="see that it runs, and that --redis-url is right",
    )


def _program() -> Path | None:
    return next((found for found in map(programs.find, PROGRAMS) if found), None)


def missing(environment: Environment, url: str) -> Missing | None:
    if "redis" not in environment.versions(["redis"]):
        return Missing(what="redis", install=f"{environment.python} -m pip install redis")
    if url:
        return None
    return programs.missing(_program(), "Redis", LEAST_VERSION, "redis-server")


BACKEND = Backend(
    name="redis",
    summary="Redis, keys of its own per repeat",
    kind="redis",
    takes_url=True,
    missing=missing,
    open=Keys,
    reach=reach,
)
