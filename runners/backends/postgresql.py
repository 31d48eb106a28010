"""PostgreSQL: a cluster of the bench's own on a private socket, or one that is running; a database per repeat."""

import itertools
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from results.errors import BenchError, ExitCode
from runners.app import Environment
from runners.backends import Backend, Lent, Missing, Place, programs
from runners.backends import databases as shared
from runners.process import ManagedProcess, output_of

LEAST_VERSION = 14
"""What Django 5.2 asks for."""
FOLDERS = Path("/usr/lib/postgresql")
MOST_CONNECTIONS = 500
START_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 5
SCHEMES = ("postgres", "postgresql")
RECORDED = ("max_connections", "shared_buffers", "synchronous_commit", "fsync", "jit")


class Databases:
    """A cluster in which each repeat gets a database of its own, copied from one that the app has filled."""

    def __init__(self, place: Place) -> None:
        self._environment, self._numbers = place.environment, itertools.count(1)
        self._cluster = Cluster(place) if not place.url else None
        self._own = f"bench_{secrets.token_hex(4)}"
        """What the names of the databases begin with that are made here, and dropped again."""
        try:
            self._address = self._cluster.address if self._cluster else parse(place.url)
            self._connection = _connect(self._address)
            self._version = self._connection.execute("SHOW server_version").fetchone()
            self._create(f"{self._own}_template", "template0")
            shared.prepare(place.environment, self._django(f"{self._own}_template"))
        except BaseException:
            self.close()
            raise

    @contextmanager
    def lend(self, variables: Mapping[str, str], log: Path) -> Iterator[Lent]:
        name = f"{self._own}_{next(self._numbers)}"
        self._create(name, f"{self._own}_template")
        try:
            yield Lent(
                version=str(self._version[0]) if self._version else "unknown",
                variables=shared.variables(self._django(name)),
                settings=self._settings(),
                process=self._cluster.process if self._cluster else None,
                connections=lambda _family: self._count(name),
            )
        finally:
            with suppress(psycopg.Error):
                self._drop(name)

    def close(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None:
            with suppress(psycopg.Error):
                self._drop(f"{self._own}_template")
            connection.close()
        if self._cluster is not None:
            self._cluster.close()

    def _create(self, name: str, template: str) -> None:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        try:
            self._connection.execute(statement)
        except psycopg.Error as error:
            raise _without_right(_first_line(error)) from error

    def _drop(self, name: str) -> None:
        self._connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _count(self, name: str) -> int | None:
        with suppress(psycopg.Error):
            found = self._connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name])
            row = found.fetchone()
            return int(str(row[0])) if row else None
        return None

    def _settings(self) -> dict[str, str]:
        found = self._connection.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s) ORDER BY name", [list(RECORDED)]
        )
        return {str(name): str(value) for name, value in found.fetchall()}

    def _django(self, name: str) -> dict[str, object]:
        """Django's settings of one database."""
        names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
        given = {names[key]: value for key, value in self._address.items() if key in names}
        rest = {key: value for key, value in self._address.items() if key not in (*names, "dbname")}
        return {"ENGINE": "django.db.backends.postgresql", "NAME": name, "OPTIONS": rest, **given}


class Cluster:
    """A cluster of the bench's own, with PostgreSQL's own defaults but for the number of connections."""

    def __init__(self, place: Place) -> None:
        self._user = programs.unprivileged("postgres")
        folder = place.folder
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self._initialize(place)
        self.address = {"host": str(folder), "user": "bench", "dbname": "postgres"}
        command = [str(_program("postgres")), "-D", str(folder / "data"), "-k", str(folder)]
        command += ["-c", "listen_addresses=", "-c", f"max_connections={MOST_CONNECTIONS}"]
        self.process = ManagedProcess(
            programs.as_user(self._user, command),
            directory=folder,
            environment=place.environment.inherited(),
            cpus=place.cpus,
            log_path=folder / "log",
        )
        programs.wait_until(self._ready, self.process, "postgresql", START_TIMEOUT_S, self.process.stop)

    def _initialize(self, place: Place) -> None:
        command = [str(_program("initdb")), "-D", str(place.folder / "data"), "-U", "bench", "--auth=trust"]
        command += ["--encoding=UTF8", "--locale=C"]
        status, output = output_of(
            programs.as_user(self._user, command),
            directory=place.folder,
            environment=place.environment.inherited(),
            timeout_s=START_TIMEOUT_S,
        )
        if status != 0:
            raise BenchError(
                "initdb could not make a cluster",
                hint="see its last words above",
                log_tail=tuple(output.splitlines()[-8:]),
                exit_code=ExitCode.NOT_MEASURED,
            )

    def _ready(self) -> bool:
        try:
            _connect(self.address).close()
        except BenchError:
            return False
        return True

    def close(self) -> None:
        self.process.stop()


def parse(url: str) -> dict[str, str]:
    """What libpq needs to know, from `postgresql://user:password@host:port/name`.

    Raises:
        BenchError: it is no such address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in SCHEMES or not (parts.hostname or "host=" in parts.query) or not name:
        raise BenchError(
            "--database-url is not the address of a PostgreSQL database",
            hint="write it as postgresql://USER:PASSWORD@HOST:PORT/NAME",
        )
    given = {
        "host": parts.hostname or "",
        "port": str(port) if port else "",
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "dbname": name,
    }
    return {key: value for key, value in given.items() if value} | dict(parse_qsl(parts.query))


def _connect(address: Mapping[str, str]) -> "psycopg.Connection[tuple[object, ...]]":
    """A connection, for which what the address itself says of it counts."""
    try:
        told = make_conninfo(**({"connect_timeout": str(CONNECT_TIMEOUT_S)} | dict(address)))
        return psycopg.connect(told, autocommit=True)
    except (psycopg.Error, UnicodeError) as error:  # the latter of a host that is no name
        raise BenchError(
            f"PostgreSQL cannot be reached: {_first_line(error)}",
            hint="see that it runs, and that --database-url is right",
        ) from error


def reach(url: str) -> None:
    """See that the server at `url` lets the bench in, and make databases.

    Raises:
        BenchError: it does not.
    """
    with _connect(parse(url)) as connection:
        asked = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
        if connection.execute(asked).fetchone() != (True,):
            raise _without_right("permission denied to create database")


def _without_right(said: str) -> BenchError:
    return BenchError(
        f"PostgreSQL will not make a database for the bench: {said}",
        hint="the user of --database-url needs the right to: ALTER ROLE name CREATEDB",
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _program(name: str) -> Path | None:
    folders = sorted(FOLDERS.glob("*/bin"), key=lambda path: (len(path.parent.name), path.parent.name))
    return programs.find(name, folders)


def missing(environment: Environment, url: str) -> Missing | None:
    if "psycopg" not in environment.versions(["psycopg"]):
        return Missing(what="psycopg", install=f"{environment.python} -m pip install psycopg[binary,pool]")
    if url:
        return None
    both = _program("initdb") and _program("postgres")
    return programs.missing(both, "PostgreSQL", LEAST_VERSION, "postgresql")


BACKEND = Backend(
    name="postgresql",
    summary="PostgreSQL, a database per repeat",
    kind="database",
    takes_url=True,
    missing=missing,
    open=Databases,
    reach=reach,
)
