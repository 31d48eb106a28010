"""A Celery worker of the app, over the Redis that the repeat was lent: a fresh one for each."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import redis

from runners.app import CONSTRAINTS, Environment
from runners.backends import Backend, Lent, Missing, Place, programs
from runners.backends.redis import PREFIX_VARIABLE, URL_VARIABLE
from runners.process import ManagedProcess

VARIABLE = "BENCH_CELERY_URL"
READY_KEY = "celery-ready"
"""What the worker sets, after the prefix, when it takes tasks."""
POOL, CONCURRENCY = "threads", 32
"""The tasks wait and compute nothing: threads overlap that in one process, twice as many as a default run has users. It
takes no patching of the standard library, as greenlets do, nor the memory of 32 processes."""
START_TIMEOUT_S = 60.0
TIMEOUT_S = 5.0


class Workers:
    """Starts a worker for each repeat, which ends with it."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._version = place.environment.versions(["celery"]).get("celery", "unknown")

    @contextmanager
    def lend(self, variables: Mapping[str, str], log: Path) -> Iterator[Lent]:
        environment, own = self._place.environment, {VARIABLE: kombu_url(variables[URL_VARIABLE])}
        command = [str(environment.python), "-m", "celery", "--app", "bench_app.celery", "worker"]
        command += ["--pool", POOL, "--concurrency", str(CONCURRENCY), "--loglevel", "WARNING"]
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        with (
            redis.Redis.from_url(variables[URL_VARIABLE], socket_timeout=TIMEOUT_S) as client,
            ManagedProcess(
                command,
                directory=environment.directory,
                environment=environment.variables() | dict(variables) | own,
                cpus=self._place.cpus,
                log_path=log,
            ) as process,
        ):
            ready_key = variables[PREFIX_VARIABLE] + READY_KEY
            programs.wait_until(lambda: _is_set(client, ready_key), process, "celery", START_TIMEOUT_S, process.stop)
            settings = {"pool": POOL, "concurrency": str(CONCURRENCY), "acknowledged": "when done"}
            yield Lent(version=self._version, variables=own, settings=settings, process=process)

    def close(self) -> None:
        """Each worker has ended with its repeat."""


def _is_set(client: redis.Redis, key: str) -> bool:
    try:
        return bool(client.exists(key))
    except redis.RedisError:
        return False


def kombu_url(url: str) -> str:
    """The address of a Redis as Celery has it: `redis+socket://` for a socket, whose database is its `virtual_host`."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    query = urlencode([("virtual_host" if name == "db" else name, value) for name, value in parse_qsl(parts.query)])
    return f"redis+socket://{parts.netloc}{parts.path}" + (f"?{query}" if query else "")


def missing(environment: Environment, _url: str) -> Missing | None:
    if "celery" in environment.versions(["celery"]):
        return None
    return Missing(what="celery", install=f"{environment.python} -m pip install -c {CONSTRAINTS} celery redis")


BACKEND = Backend(
    name="celery",
    summary="a Celery worker of the app over Redis, a fresh one per repeat",
    kind="celery",
    needs=("redis",),
    missing=missing,
    open=Workers,
)
